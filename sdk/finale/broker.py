"""Fan-out: one bounded log for the whole workspace, and a cursor for each subscriber.

Publishing appends to the log and wakes who waits; it never waits for anybody. A subscriber reads at its own pace, so a stuck
one costs a cursor. The log is bounded: the oldest progress is dropped first, then, beyond ``retain`` events of the other
kinds, the oldest of those, with the progress that is older still. A reader sees every drop as a ``Gap``, counted from the
holes in ``seq`` and ``index``.

Events enter the log as soon as they happen (``append``) and become visible in the same order once the pump has passed them
(``publish``): the log is the pump's queue, too, and one bound covers both.
"""

import logging
import threading
from bisect import bisect_right
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter
from weakref import WeakSet

import trio

from finale.events import Event, Progress, RunComplete
from finale.subscription import Key, Subscription, SubscriptionStatistics
from finale.thread import check_thread

__all__ = ["Broker", "BrokerStatistics"]

_seq = attrgetter("seq")
_NOTHING_READ: tuple[int, int, Sequence[Event]] = (-1, 0, ())


@dataclass(frozen=True, slots=True)
class BrokerStatistics:
    """``published``: the ``seq`` of the last visible event. ``log``: events held in memory, ``progress`` of them progress."""

    published: int
    log: int
    progress: int
    subscribers: tuple[SubscriptionStatistics, ...]


class Broker:
    """The log and its readers. ``progress_limit`` and ``retain`` bound how many events of either sort it holds."""

    def __init__(self, *, progress_limit: int = 4096, retain: int = 16_384, log: logging.Logger | None = None) -> None:
        self.log = log or logging.getLogger("finale")
        self.horizon = 0  # seq of the last visible event
        self.closed = False
        self.forgotten_through = 0  # seq of the last event that is not progress and not in memory any more
        self.forgotten_endings = 0  # how many terminal events were forgotten so far
        self._home = threading.get_ident()
        self._log: list[Event] = []  # ascending in seq
        self._shown = 0  # how many of them, from the first on, are visible
        self._progress = 0  # of them progress
        self._visible = 0  # of them visible and no progress
        self._progress_limit = progress_limit
        self._retain = retain
        self._waiting: dict[Key, trio.lowlevel.ParkingLot] = {}
        self._subscriptions: WeakSet[Subscription] = WeakSet()
        self._subscribed = 0
        self._last_read = _NOTHING_READ  # after, limit, and what there was

    def append(self, events: Sequence[Event]) -> None:
        """Put events at the end of the log, not visible yet."""
        self._log += events
        for event in events:
            if type(event) is Progress:
                self._progress += 1
        # Half as much again before each sweep, so that its cost is spread over many events.
        if self._progress > self._progress_limit * 3 // 2:
            self._sweep()

    def staged(self, limit: int | None = None) -> list[Event]:
        """The first ``limit`` events that are not visible yet, in order."""
        return self._log[self._shown : None if limit is None else self._shown + limit]

    def publish(self, through: int, amended: Mapping[int, Event] | None = None) -> None:
        """Make everything up to seq ``through`` visible, with the events in ``amended`` (by seq) in place of the originals."""
        start = self._shown
        stop = self._shown = bisect_right(self._log, through, lo=start, key=_seq)
        if amended:
            self._log[start:stop] = [amended.get(event.seq, event) for event in self._log[start:stop]]
        self.horizon = through
        self._last_read = _NOTHING_READ
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

    async def wait(self, key: Key) -> None:
        """Sleep until something that ``key`` names is published, or the broker is closed. It only wakes; look again.

        Raises:
            WrongThread: the task belongs to another thread's trio, which could not be woken from here.
        """
        check_thread(self._home, "wait", "run")
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
    ) -> Subscription:
        """A cursor behind seq ``after`` (default: behind what is visible now).

        ``known`` gives, for the runs in flight that match, how many events they have had; ``ending`` asks for the published
        ending of the one run that is followed, for the case that the log does not have it; ``past`` reads the journal behind a
        seq, for what is older than the log.

        Raises:
            ValueError: ``after`` is negative.
        """
        if after is not None and after < 0:
            raise ValueError(f"since is {after}; it is the seq of an event, or 0 for all there is")
        start = self.horizon if after is None else after
        expected = dict(known or {})
        if after is None:
            for event in reversed(self.staged()):
                expected[event.run_id] = event.index
        self._subscribed += 1
        subscription = Subscription(self, self._subscribed, session, run_id, start, expected, ending, after or 0, past)
        self._subscriptions.add(subscription)
        return subscription

    def read(self, after: int, limit: int) -> Sequence[Event]:
        """At most ``limit`` visible events behind seq ``after``."""
        if after >= self.horizon:
            return []
        if self._last_read[:2] != (after, limit):  # readers that keep pace ask the same one after the other
            start = bisect_right(self._log, after, hi=self._shown, key=_seq)
            self._last_read = (after, limit, self._log[start : min(self._shown, start + limit)])
        return self._last_read[2]

    @property
    def first(self) -> int:
        """The seq of the oldest event in the log. From there on only progress may be missing."""
        return self._log[0].seq if self._log else self.horizon + 1

    def statistics(self) -> BrokerStatistics:
        """Counts as of now."""
        readers = sorted(self._subscriptions, key=attrgetter("number"))
        return BrokerStatistics(self.horizon, len(self._log), self._progress, tuple(reader.statistics() for reader in readers))

    def _wake(self, events: Iterable[Event]) -> None:
        """Whoever waits for everything, then in the order of the events: who wakes first does not hang on hashes."""
        waiting = self._waiting
        if (lot := waiting.pop(None, None)) is not None:
            lot.unpark_all()
        for event in events:
            if not waiting:
                break
            keys: list[Key] = [("run", event.run_id), ("session", event.session)]
            if type(event) is RunComplete:
                keys.append(("ending", event.run_id))
            for key in keys:
                if (lot := waiting.pop(key, None)) is not None:
                    lot.unpark_all()

    def _sweep(self) -> None:
        spare_progress = self._progress - self._progress_limit
        spare_rest = self._visible - self._retain
        kept: list[Event] = []
        lost: dict[Key, list[Event]] = {}
        for event in self._log:
            if type(event) is Progress:
                spare_progress -= 1
                if spare_progress < 0:
                    kept.append(event)
            elif spare_rest > 0 and event.seq <= self.horizon:  # what the pump has not passed yet is never forgotten
                spare_rest -= 1
                self._visible -= 1
                self.forgotten_through = event.seq
                kept.clear()  # of progress that is older
                for key in (None, ("session", event.session)):
                    lost.setdefault(key, []).append(event)
                if type(event) is RunComplete:
                    self.forgotten_endings += 1
                    lost.setdefault(("ending", event.run_id), []).append(event)
            else:
                kept.append(event)
        self._log = kept
        self._shown = bisect_right(kept, self.horizon, key=_seq)
        self._last_read = _NOTHING_READ
        self._progress = sum(type(event) is Progress for event in kept)
        for reader in self._subscriptions if lost else ():
            reader.lose(lost)
