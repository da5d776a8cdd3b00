"""Loops that rest are used again: to open one and to close it costs as much as a short trial.

A loop is as good as new if nothing of it has changed, and if nobody else knows any of it: see ``parts/kept.py``. One that is not
is closed, and the next trial gets a new one. Whoever keeps a task of an earlier trial, or its nursery, or an error with its
frames, has that effect, and no other. (Who asks the garbage collector for all that there is can find a loop that is used again,
as he can find the simulator.)
"""

import atexit
from contextlib import suppress
from contextvars import Context as Variables

from finale_sim.kernel.parts.clock import VirtualClock
from finale_sim.kernel.parts.kept import Kept
from finale_sim.kernel.seam import Loop

__all__ = ["SPARE"]

_LONGEST_PAUSE = 63
_LAST_STEPS = 5  # with which trio's root task closes two nurseries, and some more


class _Spare:
    """The loops that rest, and whether it pays to keep any.

    To take down what a new loop is like costs half a short trial, for nothing if it is not used again. So when that happens there
    is a pause of one new loop, then of 3, 7, 15 and so on.
    """

    def __init__(self) -> None:
        self.loops: list[Loop] = []  # more than one if threads simulate at the same time
        self.pause = self.left = 0  # the whole of it, and what is left of it, in new loops

    def take(self) -> Loop:
        """A loop that no program can tell from a new one."""
        while self.loops:
            loop = self.loops.pop()
            if loop.kept is not None and loop.kept.as_new():
                self.pause = self.left = 0
                return loop
            _close(loop)
        loop = Loop()
        if self.left:
            self.left -= 1
        else:
            self.pause = self.left = min(2 * self.pause + 1, _LONGEST_PAUSE)
            loop.kept = Kept(loop, *loop.runner.asyncgens.hooks)
            loop.kept.take_down()
        return loop

    def give_back(self, loop: Loop) -> None:
        """The trial of a loop is over, and it rests."""
        if loop.kept is None:
            _close(loop)
        else:
            self.loops.append(loop)

    def close(self) -> None:
        """Close all loops that rest."""
        while self.loops:
            _close(self.loops.pop())


def _close(loop: Loop) -> None:
    """Let one that rests come to its end."""
    runner = loop.runner
    loop.take_up()
    runner.asyncgens.install_hooks(runner)
    runner.clock, runner.init_task.context = VirtualClock(), Variables()
    with suppress(BaseException):  # StopIteration: that was the end. Anything else: it was tampered with
        runner.wind_up()
        for _ in range(_LAST_STEPS):
            loop.send(())
    loop.finish()


SPARE = _Spare()
"""Those of this process."""

atexit.register(SPARE.close)
