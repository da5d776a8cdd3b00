"""The executor: the tasks of active runs. Each run has one, and that task settles it, whatever happens."""

import contextvars
import math
from dataclasses import dataclass
from functools import partial

import trio

from finale.admission import owned
from finale.context import Context
from finale.coordinator import Coordinator
from finale.door import Door
from finale.endings import describe, ending_of_error, ending_of_value, must_propagate
from finale.errors import ContractViolation, RunTimedOut, shown
from finale.events import ErrorInfo, Request, Status
from finale.ledger import Ledger
from finale.record import Ending, RunRecord

__all__ = ["OUTSIDE", "Executor", "Patience", "cancelled_from_outside"]

OUTSIDE = "the workspace was cancelled"
_UNJUDGED = Ending(Status.FAILED, error=ErrorInfo("finale.Unjudged", "how the run ended could not be told: a bug in finale"))


@dataclass(frozen=True, slots=True)
class Patience:
    """How long things may take, in seconds; None: for ever.

    ``grace_s``: a cancelled run to unwind. ``deadline_s``: a run from start to end. ``idle_s``: a run to report some progress.
    """

    grace_s: float
    deadline_s: float | None = None
    idle_s: float | None = None

    def __post_init__(self) -> None:
        if not self.grace_s >= 0:
            raise ValueError(f"grace_s is {self.grace_s!r}; it is a number of seconds, 0 or more")
        object.__setattr__(self, "grace_s", float(self.grace_s))  # a Decimal would break the first cancel instead
        for name, value in (("deadline_s", self.deadline_s), ("idle_s", self.idle_s)):
            if value is None:
                continue
            if not value > 0:
                raise ValueError(f"{name} is {value!r}; it is a number of seconds above 0, or None")
            object.__setattr__(self, name, float(value))


class Executor:
    """Starts and stops tasks as the ledger says. ``runs`` is the nursery they live in, ``home`` the one of their grace timers."""

    def __init__(
        self, coordinator: Coordinator, ledger: Ledger, do: Door, runs: trio.Nursery, home: trio.Nursery, patience: Patience
    ) -> None:
        self._coordinator = coordinator
        self._ledger = ledger
        self._do = do
        self._runs = runs
        self._home = home
        self._patience = patience
        self._tasks: dict[RunRecord, _Task] = {}
        # Whoever happens to make room for a run, its submitter or its predecessor, must not lend it context variables.
        self._context = contextvars.copy_context()

    def start(self, record: RunRecord) -> None:
        """The run has become active: give it its task."""
        task = self._tasks[record] = _Task()
        self._context.run(partial(self._runs.start_soon, self._execute, record, task, name=f"run {record.request.run_id}"))

    def stop(self, record: RunRecord) -> None:
        """Cancel the run's task, if it has one, and settle the run without waiting for it when its grace is over."""
        task = self._tasks.get(record)
        if task is not None and task.grace is None:
            task.grace = trio.CancelScope(shield=True)
            task.scope.cancel()
            self._home.start_soon(self._abandon_after_grace, record, task.grace, name=f"grace of run {record.request.run_id}")

    @trio.lowlevel.enable_ki_protection
    async def _execute(self, record: RunRecord, task: "_Task") -> None:
        ending = _UNJUDGED
        ctx = Context(self._ledger, self._do, record)
        if self._patience.deadline_s is not None or self._patience.idle_s is not None:
            task.limit = trio.CancelScope(shield=True)
            self._home.start_soon(self._watch, record, task.limit, ctx, name=f"time limit of run {record.request.run_id}")
        try:
            with task.scope:
                await trio.lowlevel.checkpoint_if_cancelled()
                ending = ending_of_value(await _work(self._coordinator, owned(record.request), ctx))
            if task.scope.cancelled_caught:
                ending = Ending(Status.CANCELLED)
        except BaseException as error:
            outside = cancelled_from_outside()
            if outside:
                self._do(self._ledger.cancel_run, record, OUTSIDE)
            ending = ending_of_error(error, covered=record.cancelled_by is not None)
            leaving = must_propagate(error, cancelled_from_outside=outside)
            if leaving is error:
                raise
            if leaving is not None:
                raise leaving from None
        finally:
            del self._tasks[record]
            for timer in (task.grace, task.limit):
                if timer is not None:
                    timer.cancel()
            self._do(self._ledger.ended, record, ending)

    async def _watch(self, record: RunRecord, limit: trio.CancelScope, ctx: Context) -> None:
        """Stop the run when its time is up."""
        deadline_s, idle_s = self._patience.deadline_s, self._patience.idle_s
        ends_at = trio.current_time() + (math.inf if deadline_s is None else deadline_s)
        with limit:
            while (due := min(ends_at, ctx.reported_at + (math.inf if idle_s is None else idle_s))) > trio.current_time():  # noqa: ASYNC110
                await trio.sleep_until(due)  # progress moves the deadline without waking anybody
            why = f"was active for {deadline_s:g} s" if due == ends_at else f"reported nothing for {idle_s:g} s"
            self._do(self._ledger.time_out, record, describe(RunTimedOut(f"the run {why}, which is the limit")))

    async def _abandon_after_grace(self, record: RunRecord, grace: trio.CancelScope) -> None:
        with grace:
            await trio.sleep(self._patience.grace_s)
            self._do(self._ledger.abandon, record)


class _Task:
    """The task of an active run, as far as others may touch it: what cancels it, and the timers of its grace and its limits."""

    __slots__ = ("grace", "limit", "scope")

    def __init__(self) -> None:
        self.scope = trio.CancelScope()
        self.grace: trio.CancelScope | None = None
        self.limit: trio.CancelScope | None = None


@trio.lowlevel.disable_ki_protection
async def _work(coordinator: Coordinator, request: Request, ctx: Context) -> object:
    """The user's part of a run: preparation, then the call itself."""
    prepare = getattr(coordinator, "prepare", None)
    if prepare is not None:
        await prepare()
    call = coordinator.run(request, ctx)
    if not hasattr(call, "__await__"):
        raise ContractViolation(f"run(request, ctx) must be async; it returned {type(call).__name__}: {shown(call)}")
    return await call


def cancelled_from_outside() -> bool:
    """Whether the scopes around the caller are cancelled."""
    return trio.current_effective_deadline() == -math.inf
