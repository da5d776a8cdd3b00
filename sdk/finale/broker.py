"""Fan-out: one bounded log for the whole workspace, and a cursor for each subscriber.

Publishing appends to the log and wakes who waits; it never waits for anybody. A subscriber reads at its own pace, so a stuck
one costs a cursor. The log is bounded: the oldest progress is dropped first, then, beyond ``retain`` events of the other
kinds, the oldest of those, with the progress that is older still. A reader sees every drop as a ``Gap``, counted from the
holes in ``seq`` and ``index``.

Events enter the log as soon as they happen (``append``) and become visible in the same order once the pump has passed them
(``publish``): the log is the pump's queue, too, and one bound covers both.
"""

from bisect import bisect_right
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Self, TypeAlias
from weakref import WeakSet

import trio

from finale.events import Event, Gap, Notification, Progress, RunComplete

__all__ = ["BATCH", "Broker", "BrokerStatistics", "Subscription", "SubscriptionStatistics"]

BATCH = 256  # events that are published, or taken from the log by a subscriber, between two checkpoints

_Key: TypeAlias = tuple[str, str] | None  # what a subscriber waits for: everything, ("session", name) or ("run", id)
_seq = attrgetter("seq")


@dataclass(frozen=True, slots=True)
class SubscriptionStatistics:
    """One subscriber: the last ``seq`` it has looked at, how many events it can still take, how many it was told were dropped."""

    seq: int
    lag: int
    dropped: int


@dataclass(frozen=True, slots=True)
class BrokerStatistics:
    """``published``: the ``seq`` of the last visible event. ``log``: events held in memory, ``progress`` of them progress."""

    published: int
    log: int
    progress: int
    subscribers: tuple[SubscriptionStatistics, ...]


class Broker:
    """The log and its readers. ``progress_limit`` and ``retain`` bound how many events of either sort it holds."""

    def __init__(self, *, progress_limit: int = 4096, retain: int = 16_384) -> None:
        self.horizon = 0  # seq of the last visible event
        self.closed = False
        self._log: list[Event] = []  # ascending in seq
        self._progress = 0  # of them progress
        self._visible = 0  # of them visible and no progress
        self._progress_limit = progress_limit
        self._retain = retain
        self._waiting: dict[_Key, trio.lowlevel.ParkingLot] = {}
        self._subscriptions: WeakSet[Subscription] = WeakSet()
        self._subscribed = 0

    def append(self, events: Iterable[Event]) -> None:
        """Put events at the end of the log, not visible yet."""
        for event in events:
            self._log.append(event)
            if type(event) is Progress:
                self._progress += 1
        # Half as much again before each sweep, so that its cost is spread over many events.
        if self._progress > self._progress_limit * 3 // 2:
            self._sweep()

    def staged(self, limit: int | None = None) -> list[Event]:
        """The first ``limit`` events that are not visible yet, in order."""
        start = bisect_right(self._log, self.horizon, key=_seq)
        return self._log[start : None if limit is None else start + limit]

    def publish(self, through: int, amended: Mapping[int, Event] | None = None) -> None:
        """Make everything up to seq ``through`` visible, with the events in ``amended`` (by seq) in place of the originals."""
        start = bisect_right(self._log, self.horizon, key=_seq)
        stop = bisect_right(self._log, through, lo=start, key=_seq)
        if amended:
            self._log[start:stop] = [amended.get(event.seq, event) for event in self._log[start:stop]]
        self.horizon = through
        visible = self._log[start:stop]
        self._visible += sum(type(event) is not Progress for event in visible)
        if self._waiting:
            self._wake(visible)
        if self._visible > self._retain * 3 // 2:
            self._sweep()

    def close(self) -> None:
        """Nothing will be published any more: readers end when they have read what there is."""
        self.closed = True
        while self._waiting:
            self._waiting.popitem()[1].unpark_all()

    async def wait(self, key: _Key) -> None:
        """Sleep until something that ``key`` names is published, or the broker is closed. It only wakes; look again."""
        lot = self._waiting.get(key)
        if lot is None:
            lot = self._waiting[key] = trio.lowlevel.ParkingLot()
        try:
            await lot.park()
        finally:
            if not lot and self._waiting.get(key) is lot:
                del self._waiting[key]

    def subscribe(
        self,
        *,
        session: str | None = None,
        run_id: str | None = None,
        after: int | None = None,
        known: Mapping[str, int] | None = None,
        ending: Callable[[], RunComplete | None] | None = None,
        past: Callable[[int], Awaitable[Sequence[Event]]] | None = None,
    ) -> "Subscription":
        """A cursor behind seq ``after`` (default: behind what is visible now).

        ``known`` gives, for the runs in flight that match, how many events they have had; ``ending`` asks for the published
        ending of the one run that is followed, for the case that the log has forgotten it; ``past`` reads the journal behind a
        seq, for what is older than the log.
        """
        start = self.horizon if after is None else after
        expected = dict(known or {})
        if after is None:
            for event in reversed(self.staged()):
                expected[event.run_id] = event.index
        self._subscribed += 1
        subscription = Subscription(self, self._subscribed, session, run_id, start, expected, ending, past)
        self._subscriptions.add(subscription)
        return subscription

    def read(self, after: int, limit: int) -> list[Event]:
        """At most ``limit`` visible events behind seq ``after``."""
        start = bisect_right(self._log, after, key=_seq)
        stop = bisect_right(self._log, self.horizon, lo=start, key=_seq)
        return self._log[start : min(stop, start + limit)]

    def begins_behind(self, seq: int) -> bool:
        """Whether something behind ``seq`` is no longer in the log."""
        return not self._log or self._log[0].seq > seq + 1

    def statistics(self) -> BrokerStatistics:
        """Counts as of now."""
        readers = sorted(self._subscriptions, key=attrgetter("number"))
        return BrokerStatistics(self.horizon, len(self._log), self._progress, tuple(reader.statistics() for reader in readers))

    def _wake(self, events: Iterable[Event]) -> None:
        keys: dict[_Key, None] = {None: None}  # ordered, so that who wakes first does not hang on hashes
        for event in events:
            keys["run", event.run_id] = keys["session", event.session] = None
        for key in keys:
            if (lot := self._waiting.pop(key, None)) is not None:
                lot.unpark_all()

    def _sweep(self) -> None:
        spare_progress = self._progress - self._progress_limit
        spare_rest = self._visible - self._retain
        kept: list[Event] = []
        lost: dict[str | None, list[Event]] = {}
        for event in self._log:
            if type(event) is Progress:
                spare_progress -= 1
                if spare_progress < 0:
                    kept.append(event)
            elif spare_rest > 0 and event.seq <= self.horizon:  # what the pump has not passed yet is never forgotten
                spare_rest -= 1
                self._visible -= 1
                kept.clear()  # of progress that is older
                for session in (None, event.session):
                    lost.setdefault(session, []).append(event)
            else:
                kept.append(event)
        self._log = kept
        self._progress = sum(type(event) is Progress for event in kept)
        for reader in self._subscriptions if lost else ():
            reader.lose(lost)


class Subscription:
    """An async iterator over events, with a ``Gap`` wherever some were dropped.

    It has a position and nothing else: leaving it is free, and subscribers never take events from each other. Following one
    run, it ends after that run's terminal event; otherwise when the workspace has closed. One task at a time may iterate.
    """

    def __init__(
        self,
        broker: Broker,
        number: int,
        session: str | None,
        run_id: str | None,
        after: int,
        expected: dict[str, int],
        ending: Callable[[], RunComplete | None] | None,
        past: Callable[[int], Awaitable[Sequence[Event]]] | None,
    ) -> None:
        self.number = number
        self._broker = broker
        self._session = session
        self._run_id = run_id
        self._seq = after
        self._expected = expected  # run id → index of the next event, for a subscriber that does not see everything
        self._ending = ending
        self._past = past
        self._ready: deque[Event | Gap] = deque()
        self._lost = 0  # events that the log has forgotten and no later index will tell of
        self._lost_endings = 0
        self._dropped = 0
        self._done = False

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Event | Gap:
        if not self._ready:
            await trio.lowlevel.checkpoint()
            await self._refill()
        item = self._ready.popleft()
        if self._run_id is not None and type(item) is RunComplete:
            self._done = True
            self._ready.clear()
        return item

    def statistics(self) -> SubscriptionStatistics:
        """Counts as of now."""
        lag = max(self._broker.horizon - self._seq, 0) + len(self._ready)
        return SubscriptionStatistics(self._seq, lag, self._dropped)

    def lose(self, lost: Mapping[str | None, Sequence[Event]]) -> None:
        """The log has just forgotten ``lost`` (by session; None: all). With its ending gone, nothing else tells of a run."""
        if self._run_id is not None:
            return
        events = lost.get(self._session, ())
        for event in events[bisect_right(events, self._seq, key=_seq) :]:
            ending = type(event) is RunComplete
            self._lost_endings += ending
            if self._session is not None and (ending or type(event) is Notification):
                self._lost += 1 + self._missing_before(event)

    async def _refill(self) -> None:
        """Until there is something to hand out. Look first, wait then: a wake-up cannot be missed in between."""
        if self._past is not None:
            await self._catch_up(self._past)
        while not self._done:
            events = self._broker.read(self._seq, BATCH)
            self._take(events)
            if not events and self._ending is not None and (ending := self._ending()) is not None:
                self._hand_out(ending)  # the log has forgotten the ending of the run that is followed; the record has not
            if not self._ready:
                self._note_gap(0)
            if self._ready:
                return
            if events:
                await trio.lowlevel.checkpoint()
            elif self._broker.closed:
                self._done = True
            else:
                await self._broker.wait(self._key())
        raise StopAsyncIteration

    async def _catch_up(self, past: Callable[[int], Awaitable[Sequence[Event]]]) -> None:
        """Take from the journal what is older than the log. The log goes on growing meanwhile; seq says where it joins."""
        self._past = None
        if self._broker.begins_behind(self._seq):
            events = await past(self._seq)
            self._take([event for event in events if event.seq <= self._broker.horizon])

    def _key(self) -> _Key:
        if self._run_id is not None:
            return ("run", self._run_id)
        return ("session", self._session) if self._session is not None else None

    def _take(self, events: list[Event]) -> None:
        for event in events:
            if self._matches(event):
                self._hand_out(event)
            self._seq = event.seq

    def _matches(self, event: Event) -> bool:
        return self._run_id in (None, event.run_id) and self._session in (None, event.session)

    def _hand_out(self, event: Event) -> None:
        self._note_gap(self._missing_before(event))
        self._ready.append(event)

    def _missing_before(self, event: Event) -> int:
        if self._run_id is None and self._session is None:
            return event.seq - self._seq - 1
        run = event.run_id
        if type(event) is Notification and run not in self._expected:
            return 0  # it comes after the run's ending, where its index is no longer followed
        missing = event.index - self._expected.get(run, 0)
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
