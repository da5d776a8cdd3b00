"""A subscriber's cursor in the broker's log: a position, and the arithmetic that turns holes into gaps."""

import logging
from bisect import bisect_right
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Protocol, Self, TypeAlias

import trio

from finale.events import Event, Gap, Notification, RunComplete, between
from finale.report import report

__all__ = ["BATCH", "Key", "Source", "Subscription", "SubscriptionStatistics"]

BATCH = 256  # events that are published, or taken from the log by a subscriber, between two checkpoints

Key: TypeAlias = tuple[str, str] | None
"""What is waited for, or lost: everything, ("session", name), ("run", id), or no more than the ("ending", id) of a run."""

_seq = attrgetter("seq")


class Source(Protocol):
    """What a cursor needs of the broker."""

    horizon: int
    closed: bool
    forgotten_through: int
    forgotten_endings: int
    log: logging.Logger

    def read(self, after: int, limit: int) -> Sequence[Event]:
        """At most ``limit`` visible events behind seq ``after``."""

    @property
    def first(self) -> int:
        """The seq of the oldest event in the log. From there on only progress may be missing."""

    async def wait(self, key: Key) -> None:
        """Sleep until there may be something new."""


@dataclass(frozen=True, slots=True)
class SubscriptionStatistics:
    """One subscriber. ``seq``: where it has read up to. ``dropped``: how many events a ``Gap`` has told it of.

    ``lag``: how far it is behind, at most: what it has read and not handed out yet, and every ``seq`` published since, be it of
    another session or dropped by now, which it finds out when it reads on. 0 as soon as there is nothing more for it.
    """

    seq: int
    lag: int
    dropped: int


class Subscription:
    """An async iterator over events, with a ``Gap`` wherever some were dropped.

    It has a position and nothing else: leaving it is free, and subscribers never take events from each other. Following one
    run, it ends after that run's terminal event; otherwise when the workspace has closed. One task at a time may iterate.

    A Gap's count is exact, but for a subscriber that began behind a seq, which is told an upper bound: following one session or
    run, of what was dropped in a run that it began in the middle of; following one session, of what had been forgotten before it
    came; and always of the terminal events among that. What was lost with a process is never counted.
    """

    def __init__(
        self,
        broker: Source,
        number: int,
        session: str | None,
        run_id: str | None,
        after: int,
        expected: dict[str, int],
        ending: Callable[[], RunComplete | None] | None,
        seen: int,
        past: Callable[[int], Awaitable[Sequence[Event]]] | None,
    ) -> None:
        self.number = number
        self._broker = broker
        self.session = session  #: the one session that it follows, or None
        self._run_id = run_id
        self._seq = after
        self._holes = 0  # events that were no longer there when the position passed them, whoever's they were
        self._expected = expected  # run id → index of the next event, for a subscriber that does not see everything
        self._ending = ending
        self._seen = seen  # an ending up to this seq is not told again
        self._past = past
        self._ready: deque[Event | Gap] = deque()
        self._lost = 0  # events that the log has forgotten and no later index will tell of
        self._lost_endings = 0
        self._lost_ending: RunComplete | None = None  # of the run that is followed, should the log have forgotten it
        self._dropped = 0
        self._behind = False  # a gap was handed out since the reader was last level with the log
        self._done = False
        if past is None:
            self._pass_forgotten()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Event | Gap:
        if not self._ready:
            await trio.lowlevel.checkpoint_if_cancelled()
            if not await self._refill():
                await trio.lowlevel.cancel_shielded_checkpoint()
            if not self._ready:
                raise StopAsyncIteration
        item = self._ready.popleft()
        if self._run_id is not None and type(item) is RunComplete:
            self._done = True
            self._ready.clear()
        return item

    def statistics(self) -> SubscriptionStatistics:
        """Counts as of now."""
        lag = 0 if self._done else max(between(self._seq, self._broker.horizon + 1), 0) + len(self._ready)
        return SubscriptionStatistics(self._seq, lag, self._dropped)

    def lose(self, lost: Mapping[Key, Sequence[Event]]) -> None:
        """The log has just forgotten ``lost``. With its ending gone, nothing else tells of a run."""
        if self._run_id is not None:
            for event in lost.get(("ending", self._run_id), ()):
                if isinstance(event, RunComplete) and event.seq > self._seq and self._lost_ending is None:
                    self._lost_ending = event
            return
        if self._past is not None:
            return  # the journal will tell
        events = lost.get(self._key(), ())
        for event in events[bisect_right(events, self._seq, key=_seq) :]:
            ending = type(event) is RunComplete
            self._lost_endings += ending
            if self.session is not None and (ending or type(event) is Notification):
                self._lost += 1 + self._missing_before(event)

    async def _refill(self) -> bool:
        """Until there is something to hand out, or nothing will be. Look first, wait then: no wake-up is missed in between.

        Whether others got their turn meanwhile.
        """
        waited = False
        if self._past is not None:
            await self._catch_up(self._past)
        while not self._done:
            events = () if self._ready else self._broker.read(self._seq, BATCH)
            if events:
                self._take(events)
            if not events and not self._ready and (ending := self._known_ending()) is not None:
                self._take_from_record(ending)
            if self._lost and not self._ready:
                self._note_gap(0)
            if self._ready:
                break
            if events:
                await trio.lowlevel.checkpoint()
            elif self._broker.closed:
                self._done = True
            elif not self._done:
                self._behind = False
                await self._broker.wait(self._key())
                waited = True
        return waited

    async def _catch_up(self, past: Callable[[int], Awaitable[Sequence[Event]]]) -> None:
        """Take from the journal what is older than the log. The log moves on meanwhile; seq says where the two join."""
        while self._seq + 1 < self._broker.first:
            stored = await past(self._seq)
            older = [event for event in stored if event.seq < self._broker.first]
            if not older:
                break
            self._take(older)
        self._past = None
        self._pass_forgotten()

    def _pass_forgotten(self) -> None:
        """Own up to what neither log nor journal has of the time before this. How much of it was wanted nobody knows any more.

        A hole in ``seq`` will tell a reader of everything how many events it was; of a run that is followed, its record knows.
        """
        if self._run_id is not None or self._seq >= self._broker.forgotten_through:
            return
        missing = between(self._seq, self._broker.forgotten_through + 1)
        self._lost_endings += min(missing, self._broker.forgotten_endings)
        if self.session is not None:
            self._lost += missing
            self._seq = self._broker.forgotten_through

    def _known_ending(self) -> RunComplete | None:
        """That of the run that is followed, wherever it is known from."""
        return self._lost_ending or (self._ending() if self._ending is not None else None)

    def _take_from_record(self, ending: RunComplete) -> None:
        """The log does not have the ending of the run that is followed; the record never forgets it."""
        if ending.seq > self._seen and self._matches(ending):
            self._hand_out(ending)
        else:
            self._done = True

    def _key(self) -> Key:
        if self._run_id is not None:
            return ("run", self._run_id)
        return ("session", self.session) if self.session is not None else None

    def _take(self, events: Sequence[Event]) -> None:
        everything = self._run_id is None and self.session is None
        if everything and not self._lost and events and events[-1].seq - self._seq == len(events):
            self._ready.extend(events)  # nothing is missing, and all of it is wanted
            self._seq = events[-1].seq
            return
        for event in events:
            if self._matches(event):
                self._hand_out(event)
            self._holes += between(self._seq, event.seq)
            self._seq = event.seq

    def _matches(self, event: Event) -> bool:
        return self._run_id in (None, event.run_id) and self.session in (None, event.session)

    def _hand_out(self, event: Event) -> None:
        self._note_gap(self._missing_before(event))
        self._ready.append(event)

    def _missing_before(self, event: Event) -> int:
        if self._run_id is None and self.session is None:
            return between(self._seq, event.seq)
        run = event.run_id
        if type(event) is Notification and run not in self._expected:
            return 0  # it comes after the run's ending, where its index is no longer followed
        if run in self._expected:
            missing = event.index - self._expected[run]
        else:
            missing = min(event.index, self._holes + max(between(self._seq, event.seq), 0))  # 0: it is told from the record
        if type(event) is RunComplete:
            self._expected.pop(run, None)
        else:
            self._expected[run] = event.index + 1
        return missing

    def _note_gap(self, dropped: int) -> None:
        dropped += self._lost
        if dropped > 0:
            self._dropped += dropped
            self._ready.append(Gap(dropped, self._lost_endings))
            self._lost = self._lost_endings = 0
            if not self._behind:  # one line for a burst, not one for each gap in it
                self._behind = True
                missed = "subscriber %d fell behind and missed %d events; it sees a Gap"
                report(self._broker.log, logging.WARNING, missed, self.number, dropped)
