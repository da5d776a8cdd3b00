"""The workspace: the thin trio shell around the ledger, where ledger, broker, journal and coordinator meet.

Rules:

1. ``submit``, ``cancel`` and ``close`` are plain functions, so each is a critical section: there is no gap between "accepted"
   and "active" in which a cancel could get lost.
2. It decides nothing. The ledger says what has happened, started and stopped; ``_follow`` carries it out.
3. Each active run has one task, which settles it in ``finally``: no terminal event can be missing (``executor.py``).
4. One pump carries events to the journal and then to subscribers, shielded from every cancellation (``pump.py``).
"""

import logging
import time
import uuid
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Literal, NoReturn

import trio

from finale.broker import Broker, BrokerStatistics, Subscription
from finale.coordinator import Coordinator, CoordinatorFunction, as_coordinator
from finale.door import Door
from finale.events import Attachment, Request, Status
from finale.executor import OUTSIDE, Executor, cancelled_from_outside
from finale.handle import RunHandle
from finale.journal import Journal
from finale.ledger import Ledger, RunRecord
from finale.pump import Pump

__all__ = ["Statistics", "Workspace", "open_workspace"]


@dataclass(frozen=True, slots=True)
class Statistics:
    """Counts of runs since the workspace was opened; ``accepted - completed - failed - cancelled - in_flight`` is always 0."""

    accepted: int
    completed: int
    failed: int
    cancelled: int
    in_flight: int
    active: int
    delivery: BrokerStatistics


@asynccontextmanager
async def open_workspace(
    coordinator: Coordinator | CoordinatorFunction,
    *,
    journal: Journal | None = None,
    max_active: int | None = None,
    grace_s: float = 5.0,
    on_exit: Literal["wait", "cancel"] = "wait",
    progress_limit: int = 4096,
    retain: int = 16_384,
    clock: Callable[[], float] = time.time,
    new_id: Callable[[], str] = lambda: uuid.uuid4().hex,
    logger: logging.Logger | None = None,
) -> AsyncIterator["Workspace"]:
    """Open a workspace: it owns the runs that are submitted to it, and has ended all of them when the block has been left.

    Before a run is accepted, a rejected request raises. After it is accepted, it gets exactly one terminal event. Never both,
    never neither.

    Args:
        coordinator: an object with ``async run(request, ctx)``, or an async function of that shape.
        journal: where events are made durable before they are published (default: nowhere).
        max_active: how many runs may be active at once, over all sessions (default: no limit).
        grace_s: seconds that a cancelled run may take to unwind before it is settled without waiting for its task.
        on_exit: what becomes of unfinished runs when the block is left without an error. "wait" goes on accepting requests,
            like a nursery, until the last run has ended. An error or a cancellation always cancels them.
        progress_limit: how many progress events are kept for slow subscribers.
        retain: how many other events are kept for them, and how many settled runs are remembered by their id.
        clock: gives the ``at`` of events, in seconds.
        new_id: makes the ids of runs whose callers bring none.
        logger: where a failing journal is reported (default: the logger "finale").

    Raises:
        TypeError: ``coordinator`` is none.
        ValueError: an option is out of its range.
    """
    _check_options(on_exit, max_active=max_active, grace_s=grace_s, progress_limit=progress_limit, retain=retain)
    coordinator = as_coordinator(coordinator)
    ledger = Ledger(max_active=max_active, retain=retain, durable=journal is not None and journal.durable)
    broker = Broker(progress_limit=progress_limit, retain=retain)
    pump = Pump(ledger, broker, journal, logger or logging.getLogger("finale"))
    try:
        async with trio.open_nursery(strict_exception_groups=True) as home:
            home.start_soon(pump.run, name="finale pump")
            try:
                async with trio.open_nursery(strict_exception_groups=True) as runs:
                    workspace = Workspace(coordinator, ledger, broker, pump, runs, home, grace_s, clock, new_id)
                    try:
                        yield workspace
                        if on_exit == "wait":
                            await workspace._until_idle()
                    finally:
                        workspace.close(OUTSIDE if cancelled_from_outside() else "the workspace closed")
            finally:
                pump.finish()
    except BaseExceptionGroup as group:
        _raise_without_nurseries(group)


class Workspace:
    """Owner of runs. Made by ``open_workspace``; its methods belong to the thread that opened it."""

    def __init__(
        self,
        coordinator: Coordinator,
        ledger: Ledger,
        broker: Broker,
        pump: Pump,
        runs: trio.Nursery,
        home: trio.Nursery,
        grace_s: float,
        clock: Callable[[], float],
        new_id: Callable[[], str],
    ) -> None:
        self._ledger = ledger
        self._broker = broker
        self._pump = pump
        self._new_id = new_id
        self._do = Door(clock, self._follow)
        self._executor = Executor(coordinator, ledger, self._do, runs, home, grace_s)
        self._idle = trio.lowlevel.ParkingLot()

    # What callers do --------------------------------------------------------------------------------------------------

    def submit(
        self,
        prompt: str,
        session: str,
        *,
        run_id: str | None = None,
        attachments: Sequence[Attachment] = (),
        metadata: Mapping[str, Any] | None = None,
    ) -> RunHandle:
        """Have a prompt worked on. Returns at once, with the accepted run; its work goes on in the background.

        ``run_id`` is an idempotency key: the same request with the same id is the same run.

        Raises:
            Rejected: it was not accepted, and nothing was recorded. The subclass says why: ``EmptyPrompt``,
                ``SessionMissing``, ``DuplicateRun``, ``WorkspaceClosing``, ``JournalUnavailable``.
            TypeError: the prompt, the session or the run id is not a ``str``, or an attachment is no ``Attachment``.
            WrongThread: this is not the workspace's thread.
        """
        attachments = tuple(attachments)
        given = [("prompt", prompt, str), ("session", session, str), ("run_id", run_id or "", str)]
        for name, value, kind in [*given, *(("attachment", item, Attachment) for item in attachments)]:
            if not isinstance(value, kind):
                raise TypeError(f"{name} is {value!r:.100}, a {type(value).__name__}; it must be of type {kind.__name__}")
        request = Request(prompt, session, run_id or self._new_id(), attachments, dict(metadata or {}))
        record = self._do(self._ledger.submit, request)
        return RunHandle(record, self._broker, self._cancel_run)

    def cancel(self, session: str, by: str = "the caller") -> int:
        """Cancel all runs of the session that have not ended, and none that are submitted later. How many this call covered.

        Raises:
            WrongThread: this is not the workspace's thread.
        """
        return self._do(self._ledger.cancel, session, by)

    def close(self, by: str = "the workspace closed") -> None:
        """Take no more requests, and cancel everything that has not ended. Leaving the ``async with`` block waits for the rest.

        Raises:
            WrongThread: this is not the workspace's thread.
        """
        self._do(self._ledger.close, by)

    def subscribe(self, *, session: str | None = None) -> Subscription:
        """All events from now on, or those of one session. Ends when the workspace has closed."""
        known = {record.request.run_id: record.events for record in self._ledger.live(session)} if session else {}
        return self._broker.subscribe(session=session, known=known)

    def statistics(self) -> Statistics:
        """Counts as of now."""
        endings = self._ledger.endings
        return Statistics(
            self._ledger.accepted,
            endings[Status.COMPLETED],
            endings[Status.FAILED],
            endings[Status.CANCELLED],
            self._ledger.in_flight,
            self._ledger.active,
            self._broker.statistics(),
        )

    # How it is carried out --------------------------------------------------------------------------------------------

    def _follow(self) -> None:
        """Do what the ledger's last command asks for."""
        outbox = self._ledger.outbox
        if outbox.events:
            self._broker.append(outbox.events)
            outbox.events.clear()
            self._pump.ring()
        for record in outbox.started:
            self._executor.start(record)
        outbox.started.clear()
        for record in outbox.stopped:
            self._executor.stop(record)
        outbox.stopped.clear()
        if not self._ledger.busy:
            self._idle.unpark_all()

    def _cancel_run(self, record: RunRecord, by: str) -> bool:
        return self._do(self._ledger.cancel_run, record, by)

    async def _until_idle(self) -> None:
        while self._ledger.busy:
            await self._idle.park()


def _check_options(on_exit: str, **limits: float | None) -> None:
    if on_exit not in ("wait", "cancel"):
        raise ValueError(f"on_exit is {on_exit!r}; it is 'wait' or 'cancel'")
    for name, value in limits.items():
        lowest = 0 if name == "grace_s" else 1
        if value is not None and not value >= lowest:
            raise ValueError(f"{name} is {value!r}; it must be at least {lowest}")


def _raise_without_nurseries(group: BaseExceptionGroup[BaseException]) -> NoReturn:
    """Raise what left the block as itself: the two nurseries around it are our own business, and each wraps a lone error once."""
    error: BaseException = group
    for _ in range(2):
        if isinstance(error, BaseExceptionGroup) and len(error.exceptions) == 1:
            error = error.exceptions[0]
    context = error.__context__
    try:
        raise error
    finally:
        error.__context__ = context
        del error
