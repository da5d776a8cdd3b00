"""Tells a strategy of each step what it has touched and whom it has made runnable, if that wants to know."""

from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path
from types import CodeType
from typing import Any

import attr
import outcome
import sniffio
from trio.lowlevel import Task

import finale_sim
from finale_sim.accesses import EVERYTHING, Accesses
from finale_sim.kernel.context import Context
from finale_sim.kernel.lanes import Lane
from finale_sim.kernel.places import is_trio, is_user
from finale_sim.kernel.tracking import Follow, Tracker

__all__ = ["Watch"]

_OURS = str(Path(finale_sim.__file__).parent)
_HARMLESS = ("inject.py", "injected.py", "escapes_time.py", "clock.py", "context.py")
_CARRIERS = tuple(str(Path(module.__file__ or "").parent) for module in (outcome, attr, sniffio))


@lru_cache(maxsize=10_000)
def _follow(code: CodeType) -> Follow:
    file = code.co_filename
    if is_trio(code):
        return Follow.OPAQUE
    if file.startswith((*_CARRIERS, "<attrs", "<frozen")):
        return Follow.NEVER
    if file.startswith(_OURS):
        return Follow.NEVER if file.endswith(_HARMLESS) else Follow.OPAQUE
    return Follow.ALWAYS if is_user(code) else Follow.FROM_USERS


class Watch:
    """One trial, watched for ``decide``."""

    def __init__(self, context: Context, decide: Any) -> None:
        self._context = context
        self._decide = decide
        self._tracker = Tracker(_follow)
        self._step: tuple[Lane, Accesses] | None = None
        self._passed = False
        self._woken: set[str] = set()
        opened = context.opened
        context.opened = self._tracker.opened if opened is None else lambda scope: (opened(scope), self._tracker.opened(scope))[0]

    def step(self, task: Task, lane: Lane, turn: Callable[[Task], None]) -> None:
        """Let a task take its step."""
        self._tracker.begin(task, lane)
        touched = EVERYTHING
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
