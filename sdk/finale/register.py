"""The register: runs by their id. Those of which something may still come, and the last of the others; pure, like the ledger."""

from collections import deque
from collections.abc import Iterator, Sequence
from operator import itemgetter

from finale.errors import JournalError, shown
from finale.events import OPENING, Event, RunAccepted, RunComplete
from finale.record import RunRecord
from finale.runs import Command, RunState, advance

__all__ = ["Register", "opening_behind"]


def opening_behind(events: Sequence[Event]) -> int:
    """The seq behind which counting goes on when a journal with ``events`` is opened again; see ``events.py``."""
    return (events[-1].seq // OPENING + 1) * OPENING if events else 0


class Register:
    """Remembers every run that is added, until ``retain`` others have retired after it."""

    def __init__(self, retain: int) -> None:
        self._retain = retain
        self._records: dict[str, RunRecord] = {}
        self._retired: deque[str] = deque()

    def __iter__(self) -> Iterator[RunRecord]:
        return iter(self._records.values())

    def __getitem__(self, run_id: str) -> RunRecord:
        """The run that has this id, and is remembered."""
        return self._records[run_id]

    def get(self, run_id: str) -> RunRecord | None:
        """The run that has this id, if it is remembered."""
        return self._records.get(run_id)

    def add(self, record: RunRecord) -> None:
        """The id of ``record`` is its own from now on."""
        self._records[record.request.run_id] = record

    def owns(self, record: RunRecord) -> bool:
        """Whether its id means ``record``, and no other run that has taken it since."""
        return self._records.get(record.request.run_id, record) is record

    def retire(self, record: RunRecord) -> None:
        """Nothing will come of ``record`` any more. Beyond ``retain`` such runs the first is forgotten, its id free again."""
        self._retired.append(record.request.run_id)
        while len(self._retired) > self._retain:
            del self._records[self._retired.popleft()]

    def read_back(self, events: Sequence[Event]) -> list[RunRecord]:
        """Add all runs that a journal tells of; those that have ended retire. Returns them in the order of acceptance.

        Raises:
            JournalError: see ``_runs``.
        """
        records = _runs(events)
        for record in records:
            self.add(record)
        ended = [(record.ending.seq, record) for record in records if record.ending is not None and self.owns(record)]
        for _, record in sorted(ended, key=itemgetter(0)):
            self.retire(record)
        return records


def _runs(events: Sequence[Event]) -> list[RunRecord]:
    """The runs that a journal tells of, in the order of acceptance. An id may be that of several, one after the other.

    Raises:
        JournalError: these are not the events of any workspace, from its first one on; the message names the first that is wrong.
    """
    records: list[RunRecord] = []
    latest: dict[str, RunRecord] = {}
    last = 0
    for event in events:
        if not isinstance(event, Event):
            raise JournalError(
                f"the journal cannot be read back: {shown(event)} is no event; decode() makes one of what encode() made"
            )
        if event.seq <= last:
            raise _odd(event, f"and seq {last} comes before it")
        last = event.seq
        known = latest.get(event.run_id)
        if isinstance(event, RunAccepted):
            if known is not None and known.ending is None:
                raise _odd(event, "which had not ended")
            waiting = advance(RunState.NEW, Command.ACCEPT)
            known = latest[event.run_id] = RunRecord(event.request, len(records), waiting, accepted_seq=event.seq)
            records.append(known)
        elif known is None:
            raise _odd(event, "which has no RunAccepted before it")
        elif isinstance(event, RunComplete):
            if known.ending is not None:
                raise _odd(event, f"which had ended at seq {known.ending.seq}")
            known.state, known.ending = advance(known.state, Command.SETTLE), event
        known.events = event.index + 1
    return records


def _odd(event: Event, why: str) -> JournalError:
    what = f"seq {event.seq} is a {type(event).__name__} of run {event.run_id}, {why}"
    return JournalError(f"the journal cannot be read back: {what}; it needs all events of a workspace, each of them once")
