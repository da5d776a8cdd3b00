"""I11, of single streams: a reader gets what it asked for, each event once and in order, and a gap counts what is missing.

A reader that does not pause gets each event at the instant at which it is published, or at which it comes itself. What has
happened is what any observer of the trial saw. Who follows one run ends with that run, and is told its ending; who asks for
what is behind a ``seq`` that has not happened is sent away.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from finale import Event, Gap, RunAccepted, RunComplete
from finale_sim.calls import Subscribed
from finale_sim.history import History, What
from finale_sim.oracles.oracle import Oracle

__all__ = ["ORACLE"]


def _check(history: History) -> Iterator[str]:
    if history.crash or history.killed is not None:
        return
    told: dict[int, Event] = {}
    for entry in history.of(What.EVENT):
        if isinstance(entry.detail, Event) and told.setdefault(entry.detail.seq, entry.detail) != entry.detail:
            yield f"{entry.who} was told {entry.detail!r:.120}; others were told {told[entry.detail.seq]!r:.120}"
    for reader in history.subscribed:
        if reader.error is None:
            yield from _read(history, reader, sorted(told.items()))
        yield from _sent_away(history, reader)


def _sent_away(history: History, reader: Subscribed) -> Iterator[str]:
    if reader.since is None:
        return
    happened = max(
        (e.detail.seq for e in history.of(What.EVENT) if e.number < reader.at and isinstance(e.detail, Event)), default=0
    )
    ever = max((e.detail.seq for e in history.of(What.EVENT) if isinstance(e.detail, Event)), default=0)
    if reader.error is None and (reader.since > ever or reader.since < 0):
        yield f"{reader.who} asked for what is behind {reader.since}, which never happened, and was not sent away"
    elif reader.error is not None and 0 <= reader.since <= happened:
        yield f"{reader.who} asked for what is behind {reader.since}, which had happened, and was sent away: {reader.error}"
    elif reader.error is not None and str(reader.since) not in str(reader.error):
        yield f"{reader.who} was sent away without a word of {reader.since}: {reader.error}"


@dataclass(slots=True)
class _Reading:
    """How far a reader has come. ``exact``: it must be told no more than what is missing."""

    reader: Subscribed
    told: list[tuple[int, Event]]
    exact: bool
    place: int
    dropped: int = 0
    endings: int = 0
    ended: bool = False
    wrong: list[str] = field(default_factory=list)

    def take(self, item: Event | Gap) -> None:
        if isinstance(item, Gap):
            self.dropped += item.dropped
            self.endings += item.endings
            return
        if self.ended:
            self.wrong.append(f"{self.reader.who} had been told the ending of {self.reader.run_id}, and then seq {item.seq}")
        elif item.seq <= self.place:
            self.wrong.append(f"{self.reader.who} was told seq {item.seq} when it was at {self.place} already")
        elif not self._wants(item):
            self.wrong.append(f"{self.reader.who} was told seq {item.seq}, of run {item.run_id} in session {item.session}")
        else:
            self.settle(item.seq)
        self.ended = self.reader.run_id is not None and isinstance(item, RunComplete)

    def settle(self, before: int | None = None) -> None:
        """What is missing up to here must be what the gaps up to here have told of."""
        missing = [e for seq, e in self.told if self.place < seq and (before is None or seq < before) and self._wants(e)]
        lost = len(missing)
        if lost > self.dropped or (self.exact and lost < self.dropped):
            where = f"between {self.place} and {'the end' if before is None else before}"
            self.wrong.append(f"{self.reader.who} missed {lost} events {where}, and was told of {self.dropped}")
        endings = sum(isinstance(event, RunComplete) for event in missing)
        if endings > self.endings or (self.exact and not self.reader.since and endings < self.endings):
            self.wrong.append(f"{self.reader.who} missed {endings} endings, and was told of {self.endings}")
        self.place, self.dropped, self.endings = before or self.place, 0, 0

    def _wants(self, event: Event) -> bool:
        return self.reader.run_id in (None, event.run_id) and self.reader.session in (None, event.session)


def _read(history: History, reader: Subscribed, told: list[tuple[int, Event]]) -> Iterator[str]:
    seen = [e.detail for e in history.of(What.EVENT) if e.who == reader.who and e.number >= reader.at]
    place = reader.since if reader.since is not None else _from_now_on(history, reader, seen)
    bounded = reader.session is not None and reader.since is not None  # it may be told more than it missed, never less
    exact = not history.gaps and not bounded and not (reader.run_id is not None and reader.since)
    reading = _Reading(reader, told, exact, place)
    for item in seen:
        reading.take(item)
    if any(e.who == reader.who for e in history.of(What.END_OF_EVENTS)) and not reading.ended:
        ending = next(iter(history.endings(reader.run_id)), None) if reader.run_id is not None else None
        if ending is None:
            reading.settle()
        elif reader.known and ending.seq > (reader.since or 0):
            yield f"{reader.who} followed run {reader.run_id}, and was not told its ending"
    yield from reading.wrong
    yield from _late(history, reader)


def _late(history: History, reader: Subscribed) -> Iterator[str]:
    """What a reader that keeps pace was told later than others."""
    known = {e.detail.seq: e.at_s for e in history.of(What.EVENT) if e.who == history.witness and isinstance(e.detail, Event)}
    for entry in history.of(What.EVENT) if not reader.slow else ():
        if entry.who == reader.who and isinstance(entry.detail, Event):
            due = max(known.get(entry.detail.seq, entry.at_s), reader.at_s)
            if entry.at_s > due:
                yield f"{reader.who} was told seq {entry.detail.seq} at {entry.at_s:g} s, which had been known at {due:g} s"
                return


def _from_now_on(history: History, reader: Subscribed, seen: list[Event | Gap]) -> int:
    """Where a reader begins that asked for what comes: at the latest before the next acceptance."""
    firsts = [event.seq for event in seen if isinstance(event, Event)][:1]
    later = {run_id for run_id, entry in history.accepted.items() if entry.number >= reader.at}
    firsts += [event.seq for event in history.events() if isinstance(event, RunAccepted) and event.run_id in later][:1]
    return min(firsts, default=max((e.seq for e in history.events()), default=0)) - 1


_CASES = {
    "from now on": lambda history: any(reader.since is None for reader in history.subscribed),
    "behind a seq": lambda history: any(reader.since for reader in history.subscribed),
    "of a session": lambda history: any(reader.session for reader in history.subscribed),
    "of a run": lambda history: any(reader.run_id for reader in history.subscribed),
    "sent away": lambda history: any(reader.error for reader in history.subscribed),
    "a gap": lambda history: any(isinstance(e.detail, Gap) for e in history.of(What.EVENT)),
    "endings in a gap": lambda history: any(isinstance(e.detail, Gap) and e.detail.endings for e in history.of(What.EVENT)),
}

ORACLE = Oracle(
    "I11 streams", "a reader gets what it asked for, each event once and in order, and a gap counts the rest", _check, _CASES
)
