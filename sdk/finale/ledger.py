"""The ledger: commands in, events out. The truth about every run, and the only writer of events.

It is pure and synchronous: time comes in as an argument (``at``), and what the shell has to do next comes out through
``outbox``. Every command leaves the ledger consistent, so under trio, where a function without ``await`` cannot be
interrupted, no other task can ever see a run that is accepted but neither waiting, active nor settled.

Rules:

1. Whose turn it is, ``turns.py`` says; what may follow what, ``runs.py``.
2. A run settles once. What comes after its ending is a ``Notification``.
3. A session is free when the task of its run has ended, which can be later than the run's ending.
4. A run that was folded into another one settles with it.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from itertools import takewhile
from operator import attrgetter
from typing import Any, TypeVar, TypeVarTuple

from finale.admission import WhenBusy, check_content, check_queue
from finale.errors import DuplicateRun, JournalUnavailable, WorkspaceClosing, shown
from finale.events import ErrorInfo, Event, Notification, Progress, Request, RunAccepted, RunComplete, RunStarted, Status
from finale.record import Ending, RunRecord, out_of_time, terminal_event
from finale.register import Register, opening_behind
from finale.runs import Command, RunState, advance
from finale.turns import Turns

__all__ = ["Ledger", "Outbox"]

_Event = TypeVar("_Event", bound=Event)
_Rest = TypeVarTuple("_Rest")

_INTERRUPTED = ErrorInfo("finale.Interrupted", "the process ended before the run did")


@dataclass(slots=True)
class Outbox:
    """What the shell still has to do: publish ``events``, start the tasks of ``started``, cancel those of ``stopped``."""

    events: list[Event] = field(default_factory=list)
    started: list[RunRecord] = field(default_factory=list)
    stopped: list[RunRecord] = field(default_factory=list)


class Ledger:
    """See the module's docstring.

    ``max_active`` limits the runs active at once, ``queue_limit`` those that wait in one session, ``retain`` the settled ones
    remembered by id; ``durable`` is what terminal events say of themselves unless ``published`` corrects it.
    """

    def __init__(
        self, *, max_active: int | None = None, queue_limit: int | None = None, retain: int = 16_384, durable: bool = False
    ) -> None:
        self.outbox = Outbox()
        self.turns = Turns(max_active)
        self.closing = False
        self.journal_lost_from: int | None = None  # the seq from which on the journal has nothing
        self.accepted = 0
        self.endings: Counter[Status] = Counter()
        self._queue_limit = queue_limit
        self._durable = durable
        self.seq = 0
        self.begins_at = 0  # what was recorded behind this seq was recorded since the workspace was opened
        self._register = Register(retain)

    # Queries ----------------------------------------------------------------------------------------------------------

    @property
    def in_flight(self) -> int:
        """Accepted runs that are not settled."""
        return self.accepted - self.endings.total()

    def busy(self, session: str | None = None) -> bool:
        """Whether some run (of the session) has not ended, or its task has not."""
        return bool(self.turns) if session is None else session in self.turns

    def record(self, run_id: str) -> RunRecord | None:
        """The record of a run in flight or remembered."""
        return self._register.get(run_id)

    def position(self, record: RunRecord) -> int | None:
        """How many runs of its session are before ``record`` in the queue; None if it does not wait."""
        if record.state is not RunState.WAITING:
            return None
        return next(place for place, other in enumerate(self.turns.waiting(record.request.session)) if other is record)

    # Commands ---------------------------------------------------------------------------------------------------------

    def submit(self, request: Request, when_busy: WhenBusy, at: float) -> RunRecord:
        """Accept the request, and start its run at once if its session is idle and there is capacity.

        Raises:
            Rejected: nothing was recorded; the subclass and the message say why.
        """
        known = self._register.get(request.run_id)
        if known is not None:
            if known.request == request:
                return known
            raise DuplicateRun(f"run id {request.run_id!r} belongs to another request ({known.request.prompt[:60]!r})")
        self._admit(request, when_busy)
        if when_busy == "interrupt":
            self._supersede(request, at)
        record = RunRecord(request, self.accepted, foldable=when_busy == "fold")
        self._register.add(record)
        self.accepted += 1
        record.state = advance(record.state, Command.ACCEPT)
        record.accepted_seq = self._emit(RunAccepted, record, at, request).seq
        self.turns.join(record)
        self._start_heads(at)
        return record

    def recover(self, events: Sequence[Event], at: float) -> None:
        """Begin where a journal ends. What it accepted and did not end is settled as failed: the process went away under it.

        Raises:
            JournalError: these are not the events of any workspace.
        """
        records = self._register.read_back(events)
        self.begins_at = self.seq = opening_behind(events)
        self.accepted = len(records)
        self.endings.update(record.ending.status for record in records if record.ending is not None)
        for record in records:
            if record.ending is None:
                self._settle(record, Ending(Status.FAILED, error=_INTERRUPTED), at)

    def progress(self, record: RunRecord, payload: Any, at: float) -> None:
        """Record what the coordinator reports. After the ending it is a broken contract, which is noted once for each run."""
        if record.state is not RunState.SETTLED:
            self._emit(Progress, record, at, payload)
        elif not record.late_progress:
            record.late_progress = True
            self._notify(record, "contract_violation", f"progress after the ending is discarded: {shown(payload)}", at)

    def complete(self, record: RunRecord, text: str | None, at: float) -> None:
        """Settle early as completed. The session stays taken until ``ended``; a second ending changes nothing and is noted."""
        if record.state is RunState.SETTLED:
            self._notify(record, "contract_violation", f"a second ending was discarded: {shown(text)}", at)
        else:
            self._settle(record, Ending(Status.COMPLETED, text), at)

    def fold(self, host: RunRecord, at: float) -> list[Request]:
        """The active run takes along what waits right behind it and may be folded. Their runs settle when it settles.

        A run that is being stopped takes none: what was accepted after the cancel must not fall with it.
        """
        if host.state is not RunState.ACTIVE:
            return []
        taken = list(takewhile(attrgetter("foldable"), self.turns.waiting(host.request.session)))
        for record in taken:
            record.state, record.host = advance(record.state, Command.FOLD), host
            self.turns.left(record)
        host.folded = [*(host.folded or ()), *taken]
        return [record.request for record in taken]

    def ended(self, record: RunRecord, ending: Ending, at: float) -> None:
        """The task of an active run has ended: settle, unless that was done early, and give the session to its next run."""
        if record.state is not RunState.SETTLED:
            self._settle(record, ending, at)
        elif ending.error is not None:
            self._notify(record, "error", f"{ending.error.type}: {ending.error.message}", at)
        self.turns.released(record)
        if record.told:
            self._register.retire(record)
        self._start_heads(at)

    def abandon(self, record: RunRecord, at: float) -> None:
        """Settle a cancelled run whose task does not end. Its session stays taken until it does."""
        if record.state is RunState.CANCELLING:
            self._settle(record, Ending(Status.CANCELLED, abandoned=True), at)

    def time_out(self, record: RunRecord, error: ErrorInfo, at: float) -> None:
        """Stop an active run as failed with ``error``, if nothing has stopped it yet."""
        if record.state is RunState.ACTIVE:
            record.timeout = error
            self._stop(record, error.message)

    def cancel(self, session: str, by: str, at: float) -> int:
        """Cover all runs of the session that have not ended, and none that come later. How many were newly covered."""
        waiting, holder = self.clear_queue(session, by, at), self.turns.holder(session)
        if holder is None:
            return waiting
        covered = self._stop(holder, by)
        return waiting + covered + sum([self.cancel_run(guest, by, at) for guest in holder.guests()])

    def clear_queue(self, session: str, by: str, at: float) -> int:
        """Cover the runs of the session that wait. How many they were."""
        return sum([self.cancel_run(record, by, at) for record in list(self.turns.waiting(session))])

    def cancel_run(self, record: RunRecord, by: str, at: float) -> bool:
        """Cover one run: settle it if it has no task, else tell the shell to stop it. Whether it was newly covered."""
        if record.state not in (RunState.WAITING, RunState.FOLDED):
            return self._stop(record, by) > 0
        if record.cancelled_by is not None:
            return False  # it was covered with its host, and falls with it
        waited = record.state is RunState.WAITING
        record.cancelled_by = by
        self._settle(record, Ending(Status.CANCELLED), at)
        if waited:
            self.turns.left(record)  # nobody can start for it: it held no room
        return True

    def terminate(self, session: str, by: str, at: float) -> int:
        """Like ``cancel``, and settle at once what would take time. How many runs were settled."""
        before = self.in_flight
        self.cancel(session, by, at)
        for record in self.turns.live(session):
            self.terminate_run(record, by, at)
        return before - self.in_flight

    def terminate_run(self, record: RunRecord, by: str, at: float) -> bool:
        """Like ``cancel_run``, and do not wait for the task to unwind. Whether the run was settled by this."""
        had_ended = record.state is RunState.SETTLED
        self.cancel_run(record, by, at)
        self.abandon(record, at)
        if record.state is RunState.FOLDED:
            self._settle(record, Ending(Status.CANCELLED), at)
        return not had_ended

    def close(self, by: str, at: float) -> None:
        """Take no more requests, and cover everything that has not ended."""
        self.closing = True
        for session in self.turns.sessions:
            self.cancel(session, by, at)

    def published(self, ending: RunComplete, *, stored: bool) -> RunComplete:
        """The ending is on its way to subscribers: correct what it says of its durability, and forget the oldest such run."""
        record = self._register[ending.run_id]
        if ending.durable and not stored:
            ending = record.ending = replace(ending, durable=False)
        record.told = True
        if self.turns.holder(ending.session) is not record:  # else its task may still say something
            self._register.retire(record)
        return ending

    # Steps ------------------------------------------------------------------------------------------------------------

    def _admit(self, request: Request, when_busy: WhenBusy) -> None:
        """Raise if the request cannot be accepted, with nothing recorded."""
        if self.closing:
            raise WorkspaceClosing(f"the workspace is closing and did not take {request.prompt[:60]!r}; open another one")
        if self.journal_lost_from is not None:
            raise JournalUnavailable(f"the journal failed, so {request.prompt[:60]!r} was not taken; reopen the workspace")
        check_content(request)
        waiting, busy = self.turns.length(request.session), self.busy(request.session)
        check_queue(request, when_busy, busy=busy, waiting=waiting, limit=self._queue_limit)

    def _supersede(self, request: Request, at: float) -> None:
        """What the session has in flight makes room for ``request``."""
        for record in self.turns.live(request.session):
            if record.cancelled_by is None:  # else something was there before
                record.superseded_by = request.run_id
        self.cancel(request.session, f"run {request.run_id}", at)

    def _start_heads(self, at: float) -> None:
        while not self.closing and (record := self.turns.take()) is not None:
            record.state = advance(record.state, Command.START)
            self._emit(RunStarted, record, at)
            self.outbox.started.append(record)

    def _stop(self, record: RunRecord, by: str) -> int:
        """The task of ``record`` is to be cancelled, also if only its clean-up is left. How many runs this newly covers."""
        covered = [record, *record.guests()] if record.state is RunState.ACTIVE else []
        for run in covered if record.timeout is None else covered[:1]:
            run.cancelled_by = by
        if covered:
            record.state = advance(record.state, Command.CANCEL)
        self.outbox.stopped.append(record)
        return len(covered)

    def _settle(self, record: RunRecord, ending: Ending, at: float) -> None:
        record.state = advance(record.state, Command.SETTLE)
        if record.timeout is not None and ending.status is Status.CANCELLED:
            ending = out_of_time(ending, record.timeout)
        record.ending = self._emit(terminal_event, record, at, record, ending, self._durable)
        self.endings[ending.status] += 1
        for guest in record.guests():
            self._settle(guest, ending, at)
        record.folded = None

    def _notify(self, record: RunRecord, kind: str, message: str, at: float) -> None:
        if self._register.owns(record):  # else whoever kept its context speaks of another run's id
            self._emit(Notification, record, at, kind, message)

    def _emit(
        self, kind: Callable[[str, str, int, int, float, *_Rest], _Event], record: RunRecord, at: float, *rest: *_Rest
    ) -> _Event:
        """Record an event of the run, at its place in the workspace and in the run. ``rest``: what this kind of event tells."""
        self.seq += 1
        event = kind(record.request.run_id, record.request.session, self.seq, record.events, at, *rest)
        record.events += 1
        self.outbox.events.append(event)
        return event
