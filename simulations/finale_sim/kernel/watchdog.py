"""Notices a step that does not come to an end in real time, and interrupts it.

One thread for the process looks a few times a second at the number of steps that each running trial has taken: a trial pays
nothing for its steps, and nothing depends on real time as long as each step takes less than the limit. A step that is found in
the same place for longer gets a ``StepBlocked``, thrown into its thread: again and again, if the program catches it.

Python throws between two instructions. A call into C that does not return can't be interrupted; it is told on stderr, once.
"""

import ctypes
import os
import sys
import threading
from _thread import get_ident
from math import inf
from time import monotonic, sleep
from types import FrameType
from typing import TYPE_CHECKING, Any

from finale_sim.kernel.errors import StepBlocked
from finale_sim.kernel.places import is_kernel, is_user, source_line

if TYPE_CHECKING:
    from finale_sim.kernel.context import Context
    from finale_sim.kernel.seam import Loop

__all__ = ["BLOCKED_AFTER_S", "Watched"]

BLOCKED_AFTER_S = 5.0
"""Real seconds that a step may take. A step is Python code between two checkpoints: a millisecond is long."""

_IN_STEP = (
    "no checkpoint in {} of real time. Nothing else can go on meanwhile: await trio.lowlevel.checkpoint() in long loops, and "
    "hand calls that block to trio.to_thread.run_sync"
)
_IN_THREAD = (
    "a function in a simulated thread has not returned in {} of real time. It is called in one step of the trial, so nothing "
    "that it may wait for can happen meanwhile: give the program a stub of it, or let an async function do the waiting"
)
_LONGEST_NAP_S = 0.5
_LOOKS = 4  # per limit
_DEBUGGERS = frozenset({"bdb", "pdb", "pydevd", "debugpy", "_pydevd_bundle"})
_throw: Any = ctypes.pythonapi.PyThreadState_SetAsyncExc
_lock = threading.Lock()
_watched: "dict[int, Watched]" = {}
_nap = threading.Event()
_dogs: list[threading.Thread] = []


class Watched:
    """A trial that is looked after for as long as this context lasts; ``limit_s`` may be infinite."""

    __slots__ = ("_context", "_seen", "_spent_s", "_thread", "limit_s", "loop", "thrown")

    def __init__(self, context: "Context", limit_s: float) -> None:
        self.loop: Loop | None = None  #: the one that is driven now
        self._context = context
        self.limit_s = limit_s
        self.thrown = 0
        self._seen: tuple[int, int] | None = None
        self._spent_s = 0.0

    def __enter__(self) -> None:
        if self.limit_s == inf:
            return
        self._thread = get_ident()
        with _lock:
            _watched[self._thread] = self
            if not _dogs:
                _dogs.append(threading.Thread(target=_watch, name="finale_sim watchdog", daemon=True))
                _dogs[0].start()
        if self.limit_s < _LONGEST_NAP_S:
            _nap.set()

    def __exit__(self, *_: object) -> None:
        if self.limit_s == inf:
            return
        with _lock:
            del _watched[self._thread]
        if self.thrown:
            _take_back(self._thread)

    def look(self, passed_s: float) -> None:
        """Compare with the last look, so long ago. Called by the watchdog, with the lock."""
        generator, context = self.loop.generator if self.loop else None, self._context
        at = (context.steps, context.lane.steps) if generator is not None and generator.gi_running else None
        self._spent_s = self._spent_s + passed_s if at is not None and at == self._seen else 0.0
        self._seen = at
        if self._spent_s >= self.limit_s:
            self._spent_s = 0.0
            self._interrupt()

    def _interrupt(self) -> None:
        frames = _frames(sys._current_frames().get(self._thread))  # noqa: SLF001  # there is no other way to see a thread
        if any(frame.f_globals.get("__name__", "").partition(".")[0] in _DEBUGGERS for frame in frames):
            return  # somebody is looking at the step
        context = self._context
        if context.failure is None:
            told = [frame for frame in frames if is_user(frame.f_code)] or [f for f in frames if not is_kernel(f.f_code)]
            stack = "".join(f"\n    {source_line(frame.f_code, frame.f_lineno)}" for frame in told)
            what = _IN_THREAD if context.thread is not None else _IN_STEP
            context.failure = StepBlocked(
                f"step {context.lane.steps} of {context.lane.path} blocks the loop: {what.format(f'{self.limit_s:g} s')}. "
                f"It was here:{stack}"
            )
        self.thrown += 1
        if self.thrown == _LOOKS:
            sys.stderr.write(f"finale_sim: {context.failure}\nIt can't be interrupted so far; Python goes on when it returns.\n")
        _throw(ctypes.c_ulong(self._thread), ctypes.py_object(StepBlocked))


def _take_back(thread: int) -> None:
    """See that nothing that was thrown into this thread is still under way.

    Python can be told to forget it, too. But up to 3.12 it then looks for it for ever, and a traced function never begins.
    """
    try:
        _throw(ctypes.c_ulong(thread), ctypes.py_object(StepBlocked))  # in the place of what was under way
        while True:
            pass
    except StepBlocked:
        pass


def _frames(frame: FrameType | None) -> list[FrameType]:
    """The stack of a step, outermost first, without that of the kernel and what called it."""
    frames = []
    while frame is not None and frame.f_code.co_name != "_steps":
        frames.append(frame)
        frame = frame.f_back
    return frames[::-1]


def _watch() -> None:
    last_s, nap_s = monotonic(), 0.0
    while True:
        passed_s, last_s = monotonic() - last_s, monotonic()
        nap_s = _round(min(passed_s, 2 * nap_s))  # a longer time is one in which this process did not run either
        if nap_s < _LONGEST_NAP_S:
            sleep(nap_s)
        else:
            _nap.wait(nap_s)
        _nap.clear()


def _round(passed_s: float) -> float:
    """Look at all trials, and keep none of them; the seconds until the next round."""
    with _lock:
        for trial in _watched.values():
            trial.look(passed_s)
        return min([_LONGEST_NAP_S, *(trial.limit_s / _LOOKS for trial in _watched.values())])


def _in_child() -> None:
    """A fork has no watchdog and may have copied a held lock."""
    global _lock, _nap  # both are new in a new process
    _lock, _nap = threading.Lock(), threading.Event()
    _dogs.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_in_child)
