"""Cancels as choices: before each step of the program, any cancel scope that it has open may be cancelled.

In trio a cancel comes from another task's step, from a deadline or from a callback, so it always falls between two steps: every
scope before every step are all the cancels that there can be. Nurseries are in. Left out are scopes of trio's own (that
of a ``trio.sleep``, say), and those that nobody cancels: with a shield and without a deadline, a scope is there to protect.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import inf

import trio
from trio.lowlevel import Task

from finale_sim.choices import Kind, Site
from finale_sim.kernel.checkpoints import opening_line, standing_line
from finale_sim.kernel.context import Context
from finale_sim.kernel.lanes import Lane
from finale_sim.kernel.places import user_line
from finale_sim.kernel.seam import Loop, is_open, scopes_around
from finale_sim.kernel.tracing import Tracer

__all__ = ["CANCELLED", "Cancels"]

CANCELLED = "cancel × checkpoint"
"""The table of coverage: the line that opened a scope, and a line at which a task in it stood when it could be cancelled."""


@dataclass(frozen=True, slots=True)
class _Open:
    """A scope of the program, and which it is: ``name`` says who opened it."""

    scope: trio.CancelScope
    name: str
    line: str


class Cancels:
    """The open scopes of one trial, in the order of their opening."""

    __slots__ = ("_context", "_loop", "_open", "_tracer")

    def __init__(self, loop: Loop, context: Context, tracer: Tracer | None) -> None:
        self._loop = loop
        self._context = context
        self._tracer = tracer
        self._open: list[_Open] = []

    def opened(self, scope: trio.CancelScope) -> None:
        """The current task has entered a scope."""
        lane = self._context.lane
        if not lane.quiet and (line := opening_line()) is not None:
            ordinal = lane.ask(Kind.CANCEL, "") + 1
            where = f", opened at {_here()}" if self._tracer is not None else ""
            self._open.append(_Open(scope, f"scope {ordinal} of {lane.path}{where}", line))

    def offer(self, lane: Lane, task: Task) -> None:
        """Before a step of ``task``: cancel the scope that the trial chooses, if any."""
        self._open = [entry for entry in self._open if is_open(entry.scope)]
        candidates = [entry for entry in self._open if not entry.scope.cancel_called and not _protects(entry.scope)]
        context = self._context
        if candidates:
            self._cover(task, {entry.scope: entry.line for entry in candidates})
        index = context.draw(Site(Kind.CANCEL, lane.path, lane.steps + 1), len(candidates) + 1)
        if not index:
            return
        context.digest = hash((context.digest, lane.key, lane.steps, len(candidates), index))
        if self._tracer is not None:
            self._tracer.cancel(["no scope", *(entry.name for entry in candidates)])
        self._cancel(candidates[index - 1])

    def _cover(self, task: Task, lines: Mapping[trio.CancelScope, str]) -> None:
        """The task could be cancelled where it stands, by each of these scopes that is around it."""
        cells, place = self._context.injected.cells, standing_line(task)
        for scope in scopes_around(task):
            if scope in lines:
                cells.setdefault((CANCELLED, lines[scope], place), False)

    def _cancel(self, entry: _Open) -> None:
        """Cancel it, and take down where the tasks stand that this reaches."""
        cells = self._context.injected.cells
        for task in self._loop.tasks:
            if not self._context.lane_of(task).quiet and any(scope is entry.scope for scope in scopes_around(task)):
                cells[CANCELLED, entry.line, standing_line(task)] = True
        self._loop.cancel(entry.scope)


def _protects(scope: trio.CancelScope) -> bool:
    return scope.shield and scope.deadline == inf


def _here() -> str:
    """``file:line in function``, the file from the current folder on."""
    return user_line().partition(": ")[0]
