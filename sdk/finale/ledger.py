"""The ledger: commands in, events out. The truth about every run, and the only writer of events.

It is pure and synchronous: time comes in as an argument (``at``), and what the shell has to do next comes out through
``outbox``. Every command leaves the ledger consistent, so under trio, where a function without ``await`` cannot be
interrupted, no other task can ever see a run that is accepted but neither waiting, active nor settled.

Rules:

1. A session runs one run at a time, in the order of acceptance.
2. When capacity frees up, the session whose head was accepted first goes first.
3. A run settles once. What comes after its ending is a ``Notification``.
4. A session is free when the task of its run has ended, which can be later than the run's ending.
"""

from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from heapq import heappop, heappush
from typing import Any

from finale.errors import DuplicateRun, EmptyPrompt, JournalUnavailable, SessionMissing, WorkspaceClosing
from finale.events import ErrorInfo, Event, Notification, Progress, Request, RunAccepted, RunComplete, RunStarted, Status
from finale.runs import Command, RunState, advance

__all__ = ["Ending", "Ledger", "Outbox", "RunRecord"]


@dataclass(frozen=True, slots=True)
class Ending:
    """How the work of a run ended, as one value."""

    status: Status
    text: str | None = None
    error: ErrorInfo | None = None
    abandoned: bool = False


@dataclass(slots=True, eq=False)
class RunRecord:
    """What the ledger knows of one run. ``number`` is its place in the order of acceptance, ``events`` how many it has had."""

    request: Request
    number: int
    state: RunState = RunState.NEW
    events: int = 0
    accepted_seq: int = 0
    cancelled_by: str | None = None
    ending: RunComplete | None = None
    late_progress: bool = False
    follower: "RunRecord | None" = field(default=None, repr=False)  # the next in the session's queue


@dataclass(slots=True)
class Outbox:
    """What the shell still has to do: publish ``events``, start the tasks of ``started``, cancel those of ``stopped``."""

    events: list[Event] = field(default_factory=list)
    started: list[RunRecord] = field(default_factory=list)
    stopped: list[RunRecord] = field(default_factory=list)


@dataclass(slots=True)
class _Session:
    """One session's queue, linked through ``follower``. Settled records stay linked and are stepped over."""

    active: RunRecord | None = None
    first: RunRecord | None = None
    last: RunRecord | None = None

    def push(self, record: RunRecord) -> None:
        if self.last is None:
            self.first = record
        else:
            self.last.follower = record
        self.last = record

    def head(self) -> RunRecord | None:
        while self.first is not None and self.first.state is not RunState.WAITING:
            self.first.follower, self.first = None, self.first.follower  # a handle on it must not keep its successors alive
        if self.first is None:
            self.last = None
        return self.first

    def waiting(self) -> Iterator[RunRecord]:
        record = self.head()
        while record is not None:
            if record.state is RunState.WAITING:
                yield record
            record = record.follower


class Ledger:
    """See the module's docstring.

    ``max_active`` limits the runs active at once, ``retain`` the settled runs remembered by id; ``durable`` is what terminal
    events say of themselves unless ``published`` corrects it.
    """

    def __init__(self, *, max_active: int | None = None, retain: int = 16_384, durable: bool = False) -> None:
        self.outbox = Outbox()
        self.closing = False
        self.journal_down = False
        self.accepted = 0
        self.endings: Counter[Status] = Counter()
        self.active = 0
        self._max_active = max_active
        self._retain = retain
        self._durable = durable
        self._seq = 0
        self._records: dict[str, RunRecord] = {}  # in order of acceptance
        self._published: deque[str] = deque()  # settled runs, in the order of their endings
        self._sessions: dict[str, _Session] = {}
        self._ready: list[tuple[int, str]] = []  # heap: (number of the head, session) of idle sessions

    # Queries ----------------------------------------------------------------------------------------------------------

    @property
    def in_flight(self) -> int:
        """Accepted runs that are not settled."""
        return self.accepted - self.endings.total()

    @property
    def busy(self) -> bool:
        """Whether some run has not ended, or its task has not."""
        return self.accepted > self.endings.total() or self.active > 0

    def record(self, run_id: str) -> RunRecord | None:
        """The record of a run in flight or remembered."""
        return self._records.get(run_id)

    def live(self, session: str) -> list[RunRecord]:
        """The session's runs in flight: the active one, then the waiting ones in their order."""
        at = self._sessions.get(session)
        if at is None:
            return []
        active = [at.active] if at.active is not None and at.active.state is not RunState.SETTLED else []
        return [*active, *at.waiting()]

    # Commands ---------------------------------------------------------------------------------------------------------

    def submit(self, request: Request, at: float) -> RunRecord:
        """Accept the request, and start its run at once if its session is idle and there is capacity.

        Raises:
            Rejected: nothing was recorded; the subclass and the message say why.
        """
        known = self._records.get(request.run_id)
        if known is not None:
            if known.request == request:
                return known
            raise DuplicateRun(f"run id {request.run_id!r} belongs to another request ({known.request.prompt[:60]!r})")
        self._check(request)
        record = RunRecord(request, self.accepted)
        self.accepted += 1
        self._records[request.run_id] = record
        record.state = advance(record.state, Command.ACCEPT)
        self._emit(RunAccepted(request.run_id, request.session, *self._place(record), at, request))
        record.accepted_seq = self._seq
        session = self._sessions.get(request.session)
        if session is None:
            session = self._sessions[request.session] = _Session()
        session.push(record)
        self._offer(request.session, session, at)
        return record

    def progress(self, record: RunRecord, payload: Any, at: float) -> None:
        """Record what the coordinator reports. After the ending it is a broken contract, which is noted once for each run."""
        if record.state is not RunState.SETTLED:
            self._emit(Progress(record.request.run_id, record.request.session, *self._place(record), at, payload))
        elif not record.late_progress:
            record.late_progress = True
            self._notify(record, "contract_violation", f"progress after the ending is discarded: {payload!r:.200}", at)

    def complete(self, record: RunRecord, text: str | None, at: float) -> None:
        """Settle early as completed. The session stays taken until ``ended``; a second ending changes nothing and is noted."""
        if record.state is RunState.SETTLED:
            self._notify(record, "contract_violation", f"a second ending was discarded: {text!r:.200}", at)
        else:
            self._settle(record, Ending(Status.COMPLETED, text), at)

    def ended(self, record: RunRecord, ending: Ending, at: float) -> None:
        """The task of an active run has ended: settle, unless that was done early, and give the session to its next run."""
        if record.state is not RunState.SETTLED:
            self._settle(record, ending, at)
        elif ending.error is not None:
            self._notify(record, "error", f"{ending.error.type}: {ending.error.message}", at)
        session = self._sessions[record.request.session]
        session.active = None
        self.active -= 1
        self._offer(record.request.session, session, at)
        self._start_heads(at)

    def abandon(self, record: RunRecord, at: float) -> None:
        """Settle a cancelled run whose task does not end. Its session stays taken until it does."""
        if record.state is RunState.CANCELLING:
            self._settle(record, Ending(Status.CANCELLED, abandoned=True), at)

    def cancel(self, session: str, by: str, at: float) -> int:
        """Cover all runs of the session that have not ended, and none that come later. How many were newly covered."""
        found = self._sessions.get(session)
        if found is None:
            return 0
        covered = sum([self.cancel_run(record, by, at) for record in list(found.waiting())])
        if found.active is not None:
            covered += self._stop(found.active, by)
        return covered

    def cancel_run(self, record: RunRecord, by: str, at: float) -> bool:
        """Cover one run: settle it if it waits, tell the shell to stop it if it is active. Whether it was newly covered."""
        if record.state is not RunState.WAITING:
            return self._stop(record, by)
        record.cancelled_by = by
        self._settle(record, Ending(Status.CANCELLED), at)
        self._offer(record.request.session, self._sessions[record.request.session], at)
        return True

    def close(self, by: str, at: float) -> None:
        """Take no more requests, and cover everything that has not ended."""
        self.closing = True
        for session in list(self._sessions):
            self.cancel(session, by, at)

    def published(self, ending: RunComplete, *, stored: bool) -> RunComplete:
        """The ending is on its way to subscribers: correct what it says of its durability, and forget the oldest such run."""
        record = self._records[ending.run_id]
        if ending.durable and not stored:
            ending = record.ending = replace(ending, durable=False)
        self._published.append(ending.run_id)
        if len(self._published) > self._retain:
            del self._records[self._published.popleft()]
        return ending

    # Steps ------------------------------------------------------------------------------------------------------------

    def _check(self, request: Request) -> None:
        if self.closing:
            raise WorkspaceClosing(f"the workspace is closing and did not take {request.prompt[:60]!r}; open another one")
        if self.journal_down:
            raise JournalUnavailable(f"the journal failed, so {request.prompt[:60]!r} was not taken; reopen the workspace")
        if not request.session or not request.session.strip():
            raise SessionMissing(f"session is {request.session!r}; name the conversation that the prompt belongs to")
        if not request.prompt.strip() and not any(isinstance(a.content, str) and a.content.strip() for a in request.attachments):
            raise EmptyPrompt(f"prompt is {request.prompt!r}, and no attachment holds text; say what is to be done")

    def _offer(self, name: str, session: _Session, at: float) -> None:
        """An idle session's head joins the sessions that may start; a session with nothing to do is forgotten."""
        if session.active is not None:
            return
        head = session.head()
        if head is None:
            del self._sessions[name]
        else:
            heappush(self._ready, (head.number, name))
            self._start_heads(at)

    def _start_heads(self, at: float) -> None:
        while self._ready and not self.closing and (self._max_active is None or self.active < self._max_active):
            number, name = heappop(self._ready)
            session = self._sessions.get(name)
            head = session.head() if session is not None and session.active is None else None
            if session is not None and head is not None and head.number == number:
                self._start(head, session, at)

    def _start(self, record: RunRecord, session: _Session, at: float) -> None:
        record.state = advance(record.state, Command.START)
        session.active = record
        session.head()  # lets go of the record
        self.active += 1
        self._emit(RunStarted(record.request.run_id, record.request.session, *self._place(record), at))
        self.outbox.started.append(record)

    def _stop(self, record: RunRecord, by: str) -> bool:
        """The task of ``record`` is to be cancelled, also when only its clean-up after an early ending is left."""
        if newly := record.state is RunState.ACTIVE:
            record.state = advance(record.state, Command.CANCEL)
            record.cancelled_by = by
        self.outbox.stopped.append(record)
        return newly

    def _settle(self, record: RunRecord, ending: Ending, at: float) -> None:
        record.state = advance(record.state, Command.SETTLE)
        by = record.cancelled_by if ending.status is Status.CANCELLED else None
        record.ending = RunComplete(
            record.request.run_id, record.request.session, *self._place(record), at,
            ending.status, ending.text, ending.error, by, self._durable, ending.abandoned,
        )  # fmt: skip
        self._emit(record.ending)
        self.endings[ending.status] += 1

    def _notify(self, record: RunRecord, kind: str, message: str, at: float) -> None:
        self._emit(Notification(record.request.run_id, record.request.session, *self._place(record), at, kind, message))

    def _place(self, record: RunRecord) -> tuple[int, int]:
        """The seq and index of the event that is about to be recorded."""
        self._seq += 1
        record.events += 1
        return self._seq, record.events - 1

    def _emit(self, event: Event) -> None:
        self.outbox.events.append(event)
