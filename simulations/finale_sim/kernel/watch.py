"""Tells a strategy of each step what it has touched and whom it has made runnable, if that wants to know."""

from collections.abc import Callable, Sequence
from typing import Any

import trio
from trio.lowlevel import Task

from finale_sim.accesses import EVERYTHING, Accesses
from finale_sim.kernel.context import Context
from finale_sim.kernel.lanes import Lane
from finale_sim.kernel.tracking import Tracker

__all__ = ["Watch"]


class Watch:
    """One trial, watched for ``decide``."""

    def __init__(self, context: Context, decide: Any) -> None:
        self._context = context
        self._decide = decide
        self._tracker = Tracker()
        self._step: tuple[Lane, Accesses] | None = None
        self._passed = False
        self._woken: set[str] = set()
        self._also_opened = context.opened
        context.opened = self._opened

    def _opened(self, scope: trio.CancelScope) -> None:
        self._tracker.opened(scope)
        if self._also_opened is not None:
            self._also_opened(scope)

    def step(self, task: Task, lane: Lane, turn: Callable[[Task], None]) -> None:
        """Let a task take its step."""
        self._tracker.begin(task, lane)
        try:
            turn(task)
        finally:
            touched = self._tracker.end(task)
            self._step = lane, EVERYTHING if lane.quiet else touched

    def passed(self) -> None:
        """Time has passed, or a timer has fired."""
        self._passed = True

    def woke(self, fresh: Sequence[Task]) -> None:
        """These have become runnable."""
        self._woken.update(self._context.lane_of(task).path for task in fresh)

    def tell(self) -> None:
        """Say what has happened since the last time."""
        woken, self._woken = frozenset(self._woken), set()
        step, self._step = self._step, None
        passed, self._passed = self._passed, False
        if step is not None:
            lane, touched = step
            self._context.outside(self._decide.stepped, lane.path, touched, woken - {lane.path})
        elif passed:
            self._context.outside(self._decide.passed, woken)
