"""Turns: which run may start next. Queues of sessions, capacity, and fairness between sessions; pure, like the ledger.

A session runs one run at a time, in the order of acceptance. When capacity frees up, the session whose head was accepted first
goes first. What is remembered is proportional to what waits, however often runs come and are cancelled meanwhile.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from heapq import heappop, heappush

from finale.record import RunRecord
from finale.runs import RunState

__all__ = ["Turns"]

_SPARE = 64  # so that small workspaces never sweep


@dataclass(slots=True)
class _Session:
    """One session: the run that holds it, and its queue, linked through ``leader`` and ``follower``."""

    active: RunRecord | None = None
    first: RunRecord | None = None
    last: RunRecord | None = None
    waiting: int = 0

    def push(self, record: RunRecord) -> None:
        if self.last is None:
            self.first = record
        else:
            self.last.follower, record.leader = record, self.last
        self.last = record
        self.waiting += 1

    def remove(self, record: RunRecord) -> None:
        before, behind = record.leader, record.follower
        if before is None:
            self.first = behind
        else:
            before.follower = behind
        if behind is None:
            self.last = before
        else:
            behind.leader = before
        record.leader = record.follower = None  # a handle on it must not keep the others alive
        self.waiting -= 1


class Turns:
    """``active`` counts the runs that hold a session; ``max_active`` limits them."""

    def __init__(self, max_active: int | None) -> None:
        self.active = 0
        self._max_active = max_active
        self._sessions: dict[str, _Session] = {}
        self._ready: list[tuple[int, str]] = []  # heap: (number of the head, session) of idle sessions

    @property
    def sessions(self) -> list[str]:
        """The sessions that have something to do."""
        return list(self._sessions)

    def __bool__(self) -> bool:
        """Whether any session has something to do."""
        return bool(self._sessions)

    def __contains__(self, session: str) -> bool:
        """Whether the session has something to do."""
        return session in self._sessions

    def holder(self, session: str) -> RunRecord | None:
        """The run that holds the session; settled, perhaps, with its task still cleaning up."""
        found = self._sessions.get(session)
        return found.active if found is not None else None

    def waiting(self, session: str) -> Iterator[RunRecord]:
        """The session's waiting runs, in order."""
        found = self._sessions.get(session)
        record = found.first if found is not None else None
        while record is not None:
            following = record.follower
            yield record
            record = following

    def live(self, session: str) -> list[RunRecord]:
        """The session's runs in flight: the active one, what was folded into it, then the waiting ones in their order."""
        holder = self.holder(session)
        active = [holder, *(holder.folded or ())] if holder is not None else []
        return [*(record for record in active if record.state is not RunState.SETTLED), *self.waiting(session)]

    def length(self, session: str) -> int:
        """How many runs of the session wait."""
        found = self._sessions.get(session)
        return found.waiting if found is not None else 0

    def join(self, record: RunRecord) -> None:
        """The run waits for its turn, behind all others of its session."""
        name = record.request.session
        session = self._sessions.get(name)
        if session is None:
            session = self._sessions[name] = _Session()
        session.push(record)
        self._offer(name, session)

    def left(self, record: RunRecord) -> None:
        """A run of the queue waits no longer, and did not start."""
        session = self._sessions[record.request.session]
        session.remove(record)
        self._offer(record.request.session, session)

    def released(self, record: RunRecord) -> None:
        """The task of the run that held the session has ended."""
        session = self._sessions[record.request.session]
        session.active = None
        self.active -= 1
        self._offer(record.request.session, session)

    def take(self) -> RunRecord | None:
        """The run whose turn it is, if there is one and there is room. It holds its session from now on."""
        while self._ready and (self._max_active is None or self.active < self._max_active):
            number, name = heappop(self._ready)
            session = self._sessions.get(name)
            head = session.first if session is not None and session.active is None else None
            if session is not None and head is not None and head.number == number:
                session.remove(head)
                session.active = head
                self.active += 1
                return head
        return None

    def _offer(self, name: str, session: _Session) -> None:
        """An idle session's head joins those that may start; a session with nothing to do is forgotten."""
        if session.active is not None:
            return
        if session.first is None:
            del self._sessions[name]
            return
        heappush(self._ready, (session.first.number, name))
        if len(self._ready) > 2 * len(self._sessions) + _SPARE:  # most of it is about runs that have left
            ready = {(s.first.number, n) for n, s in self._sessions.items() if s.first is not None and s.active is None}
            self._ready = sorted(ready)
