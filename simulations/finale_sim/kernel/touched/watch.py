"""Tells a strategy of each step what it has touched and whom it has made runnable, if that wants to know."""

from collections.abc import Callable, Sequence
from typing import Any

import trio
from trio.lowlevel import Task

from finale_sim.accesses import EVERYTHING, Accesses
from finale_sim.kernel.context import Context
from finale_sim.kernel.lanes import Lane
from finale_sim.kernel.passage import Passage
from finale_sim.kernel.touched.tracking import Tracker

__all__ = ["Watch"]


class Watch:
    """One trial, watched for ``decide``."""

    def __init__(self, context: Context, passage: Passage) -> None:
        self._context = context
        self._passage, self._turns = passage, 0
        self._watcher: Any = context.choices.watcher
        self._tracker = Tracker()
        self._step: tuple[Lane, Accesses] | None = None
        self._runnable = set[str]()  # after the last step
        self._also_opened = context.opened
        context.opened = self._opened

    def _opened(self, scope: trio.CancelScope) -> None:
        self._tracker.opened(scope)
        if self._also_opened is not None:
            self._also_opened(scope)

    def step(self, task: Task, lane: Lane, turn: Callable[[Task], None]) -> None:
        """Let a task take its step."""
        self._tracker.begin(task, lane)
        if self._passage.pending:
            self._tracker.race()
        try:
            turn(task)
        finally:
            touched = self._tracker.end(task)
            everything = lane.quiet or self._passage.overdue  # what that cancels is not seen here
            self._step = lane, EVERYTHING if everything else touched

    def began(self, lane: Lane, fresh: Sequence[Task]) -> None:
        """The root task of trio, whose lane that is, has started the program."""
        self._step = lane, EVERYTHING
        self.after((), fresh)

    def before(self, queue: Sequence[Task]) -> None:
        """Time may have passed since the last step, or a timer have fired."""
        if self._passage.turns != self._turns:
            self._turns = self._passage.turns
            self._context.outside(self._watcher.passed, frozenset(self._paths(queue) - self._runnable))

    def after(self, queue: Sequence[Task], fresh: Sequence[Task]) -> None:
        """The step was taken. ``fresh`` are those that it has made runnable, and its own task if that can go on."""
        assert self._step is not None, "it was taken with step()"
        (lane, touched), self._step = self._step, None
        woken = self._paths(fresh)
        self._runnable = self._paths(queue) | woken
        self._context.outside(self._watcher.stepped, lane.path, touched, frozenset(woken - {lane.path}))

    def _paths(self, tasks: Sequence[Task]) -> set[str]:
        return {self._context.lane_of(task).path for task in tasks}
