"""Crashes as choices: before each step of the program its process may be killed, once in a trial.

Between two steps nothing of a program runs, so these are all the states that a kill can leave behind. It is asked before
it is chosen which task takes the step, because what is left does not depend on that; a place is named by the step before it.
"""

from collections.abc import Iterable

from trio.lowlevel import Task

from finale_sim.choices import Kind, Site
from finale_sim.kernel.context import Context
from finale_sim.kernel.seam import number_of
from finale_sim.kernel.tracing import Tracer

__all__ = ["Crashes", "Killed"]

_KILLED = -1  # in the digest, where cancels have an index


class Killed(Exception):  # the end of a process, which is no error of it
    """The process is no more. Raised between two steps, where no task is, so that nothing of the program sees it."""


class Crashes:
    """The places where the process of a trial can be killed."""

    __slots__ = ("_asked_after", "_context", "_tracer")

    def __init__(self, context: Context, tracer: Tracer | None) -> None:
        self._context = context
        self._tracer = tracer
        self._asked_after = -1  # so many steps of the program

    def offer(self, runnable: Iterable[Task]) -> None:
        """Before a step of one of these tasks: go on, or not. What trio's own two tasks do in between changes nothing.

        Raises:
            Killed: not.
        """
        context = self._context
        lane, lanes = context.lane, context.lanes
        if context.steps == self._asked_after or all(lanes[number_of(task)].quiet for task in runnable):
            return
        self._asked_after = context.steps
        if not context.draw(Site(Kind.CRASH, lane.path, lane.steps), 2):
            return
        context.digest = hash((context.digest, lane.key, lane.steps, _KILLED))
        if self._tracer is not None:
            self._tracer.kill()
        raise Killed
