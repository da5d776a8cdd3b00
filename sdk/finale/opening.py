"""Opening a workspace: its parts are made and joined here, and leaving it ends all of them in the right order.

Rules:

1. Two nurseries: ``runs`` holds the tasks of runs, and ``home``, around it, what outlives them: the pump, the timers of grace.
2. A Ctrl-C comes out where something waits, and never between two lines here. There it could leave a nursery half open, or the
   pump, which is shielded and stops only when it is told to, untold. What users wrote is not protected.
"""

import logging
import os
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import Literal, NoReturn

import trio

from finale.broker import Broker
from finale.coordinator import Coordinator, CoordinatorFunction, as_coordinator
from finale.executor import OUTSIDE, Executor, Patience, cancelled_from_outside
from finale.journal import Journal
from finale.ledger import Ledger
from finale.pump import Pump
from finale.workspace import Workspace

__all__ = ["open_workspace"]

_NO_TRIO = (
    "finale.open_workspace() works inside of trio, and no trio is running here: call it in a program that trio.run(main) starts, "
    "or use finale.notebook.open_workspace(), which works anywhere: in notebooks, in asyncio, in plain scripts"
)


@asynccontextmanager
@trio.lowlevel.enable_ki_protection
async def open_workspace(
    coordinator: Coordinator | CoordinatorFunction,
    *,
    journal: Journal | None = None,
    max_active: int | None = None,
    queue_limit: int | None = None,
    grace_s: float = 5.0,
    deadline_s: float | None = None,
    idle_s: float | None = None,
    on_exit: Literal["wait", "cancel"] = "wait",
    progress_limit: int = 4096,
    retain: int = 16_384,
    clock: Callable[[], float] = time.time,
    new_id: Callable[[], str] = lambda: os.urandom(16).hex(),
    logger: logging.Logger | None = None,
) -> AsyncIterator[Workspace]:
    """Open a workspace: it owns the runs that are submitted to it, and has ended all of them when the block has been left.

    Before a run is accepted, a rejected request raises. After it is accepted, it gets exactly one terminal event. Never both,
    never neither.

    Args:
        coordinator: an object with ``async run(request, ctx)``, or an async function of that shape.
        journal: where events are made durable before they are published (default: nowhere).
        max_active: how many runs may be active at once, over all sessions (default: no limit).
        queue_limit: how many runs of one session may wait (default: no limit); beyond that a request is rejected.
        grace_s: seconds that a cancelled run may take to unwind before it is settled without waiting for its task.
        deadline_s: seconds after which an active run is stopped as failed (default: never).
        idle_s: seconds without progress after which an active run is stopped as failed (default: never).
        on_exit: what becomes of unfinished runs when the block is left without an error. "wait" goes on accepting requests,
            like a nursery, until the last run has ended. An error or a cancellation always cancels them.
        progress_limit: how many progress events are kept for slow subscribers.
        retain: how many other events are kept for them, and how many settled runs are remembered by their id.
        clock: gives the ``at`` of events, in seconds.
        new_id: makes the ids of runs whose callers bring none; each is new, also to the journal.
        logger: where a failing journal and subscribers that fall behind are reported (default: the logger "finale").

    Raises:
        RuntimeError: this is not a task of trio's.
        TypeError, ValueError: ``coordinator`` is none, or an option is out of its range.
        JournalError: the journal has events that no workspace wrote in this order.
    """
    _check(on_exit, max_active=max_active, queue_limit=queue_limit, progress_limit=progress_limit, retain=retain)
    patience, coordinator = Patience(grace_s, deadline_s, idle_s), as_coordinator(coordinator)
    ledger = Ledger(max_active=max_active, queue_limit=queue_limit, retain=retain, durable=getattr(journal, "durable", False))
    log = logger or logging.getLogger("finale")
    broker = Broker(progress_limit=progress_limit, retain=retain, log=log)
    await _read_back(journal, ledger, broker, clock)
    pump = Pump(ledger, broker, journal, log, patience.grace_s)
    leisurely = False
    try:
        async with trio.open_nursery(strict_exception_groups=True) as home:
            home.start_soon(pump.run, home.cancel_scope.cancel, name="finale pump")
            try:
                async with trio.open_nursery(strict_exception_groups=True) as runs:
                    make_executor = partial(Executor, coordinator, ledger, runs=runs, home=home, patience=patience)
                    workspace = Workspace(ledger, broker, pump, make_executor, clock, new_id)
                    try:
                        yield workspace
                        if on_exit == "wait":
                            await workspace.wait_idle()
                            leisurely = not ledger.closing
                    finally:
                        workspace.close(OUTSIDE if cancelled_from_outside() else "the workspace closed")
                if leisurely:
                    await pump.finish()
            finally:
                pump.finish_soon()
    except BaseExceptionGroup as group:
        _raise_without_nurseries(group)


@trio.lowlevel.disable_ki_protection
async def _read_back(journal: Journal | None, ledger: Ledger, broker: Broker, clock: Callable[[], float]) -> None:
    if journal is not None:
        ledger.recover(tuple(await journal.read()), clock())
        broker.horizon = ledger.begins_at  # what is in the journal is visible


def _check(on_exit: str, **limits: int | None) -> None:
    try:
        trio.lowlevel.current_task()
    except RuntimeError:
        raise RuntimeError(_NO_TRIO) from None
    if on_exit not in ("wait", "cancel"):
        raise ValueError(f"on_exit is {on_exit!r}; it is 'wait' or 'cancel'")
    for name, value in limits.items():
        if value is not None and not value >= 1:
            raise ValueError(f"{name} is {value!r}; it must be at least 1")


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
