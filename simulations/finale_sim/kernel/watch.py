"""Tells a strategy of each step what it has touched and whom it has made runnable, if that wants to know."""

from collections.abc import Callable, Sequence
from typing import Any

import trio
from trio.lowlevel import Task

from finale_sim.accesses import EVERYTHING, Accesses
from finale_sim.kernel.context import Context
from finale_sim.kernel.lanes import Lane
from finale_sim.kernel.passage import Passage
from finale_sim.kernel.tracking import Tracker

__all__ = ["Watch"]


class Watch:
    """One trial, watched for ``decide``."""

    def __init__(self, context: Context, passage: Passage) -> None:
        self._context = context
        self._passage, self._turns = passage, 0
        self._watcher: Any = context.choices.watcher
        self._tracker = Tracker()
        self._step: tuple[Lane, Accesses] | None = None
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
            self._step = lane, EVERYTHING if lane.quiet else touched

    def tell(self, fresh: Sequence[Task]) -> None:
        """Say what has happened since the last time, and whom that has made runnable: a step, or else time has passed."""
        woken = frozenset(self._context.lane_of(task).path for task in fresh)
        step, self._step = self._step, None
        if step is not None:
            lane, touched = step
            self._context.outside(self._watcher.stepped, lane.path, touched, woken - {lane.path})
        elif self._passage.turns != self._turns or woken:
            self._context.outside(self._watcher.passed, woken)
        self._turns = self._passage.turns
