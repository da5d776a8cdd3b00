"""Parts that stand in for trio's own in a trial. Each keeps the small interface that trio uses and adds order or control."""

from collections.abc import Callable, Generator, Iterable
from heapq import heapify, heappop, heappush
from math import inf
from operator import itemgetter
from typing import Any, NoReturn, TypeVar
from weakref import WeakKeyDictionary

import trio

from finale_sim.kernel.errors import RealIO
from finale_sim.kernel.places import user_line

__all__ = [
    "Bracket",
    "IdleWaiters",
    "LazyInstruments",
    "NoIO",
    "NoSignals",
    "OrderedSet",
    "Timer",
    "Timers",
    "Wakeup",
    "WeakOrderedSet",
]

T = TypeVar("T")

TIE_WINDOW_S = 1e-9
"""Deadlines this close are one instant: 0.1 + 0.2 and 0.3 are meant to be the same time."""


class IdleWaiters(dict[Any, Any]):
    """Who is in ``wait_all_tasks_blocked``: (cushion, id) → task. Empty in trio's eyes, because the driver wakes them."""

    __slots__ = ()

    def __bool__(self) -> bool:
        return False

    def cushion(self) -> float:
        """The shortest idle period that somebody waits for; infinite if nobody does."""
        return min((cushion for cushion, _ in self), default=inf)

    def take(self, cushion: float) -> list[Any]:
        """Those who wait for just that, who don't any more."""
        keys = [key for key in self if key[0] == cushion]
        return [self.pop(key) for key in keys]


class OrderedSet(dict[T, Any]):
    """A set that iterates in the order of insertion."""

    __slots__ = ()

    add = dict.setdefault
    remove = dict.__delitem__

    def discard(self, item: T) -> None:
        self.pop(item, None)

    def update(self, items: Iterable[T]) -> None:  # type: ignore[override]
        for item in items:
            self.setdefault(item)


class WeakOrderedSet(WeakKeyDictionary[Any, None]):
    """A weak set that iterates in the order of insertion."""

    def add(self, item: Any) -> None:
        self.setdefault(item)


class LazyInstruments(dict[str, Any]):
    """trio's instruments; a plain dict, because the loop looks into it six times a step. Made when the first one is added."""

    __slots__ = ("_make", "_real")

    def __init__(self, make: Callable[[], Any]) -> None:
        self._make = make
        self._real: Any = None

    def add_instrument(self, instrument: object) -> None:
        if self._real is None:
            self._real = self._make()
        self._change(self._real.add_instrument, instrument)

    def remove_instrument(self, instrument: object) -> None:
        if self._real is None:
            raise KeyError(instrument)
        self._change(self._real.remove_instrument, instrument)

    def call(self, hookname: str, *args: object) -> None:
        self._change(self._real.call, hookname, *args)  # an instrument that fails is removed

    def _change(self, method: Callable[..., object], *args: object) -> None:
        method(*args)
        self.clear()
        self.update(self._real)


class Bracket:
    """What ``contextlib.contextmanager`` makes of a generator that passes every exception on, without its overhead."""

    __slots__ = ("_body",)

    def __init__(self, body: Generator[None, None, None]) -> None:
        self._body = body

    def __enter__(self) -> None:
        next(self._body)

    def __exit__(self, kind: object, error: BaseException | None, traceback: object) -> None:
        if error is None:
            next(self._body, None)
            return
        try:
            self._body.throw(error)
        except BaseException as raised:
            if raised is not error:
                raise


Timer = tuple[float, int, Any]
"""A deadline, the order in which it was set, the cancel scope."""


class Timers:
    """trio's deadlines. trio may ask for the next one, but what fires, and when, is the driver's business."""

    __slots__ = ("_count", "_live", "heap")

    def __init__(self) -> None:
        self.heap: list[Timer] = []  # may hold timers that were set anew since; _live knows
        self._live: dict[Any, Timer] = {}
        self._count = 0

    def add(self, deadline: float, scope: Any) -> None:
        self._count += 1
        timer = self._live[scope] = (deadline, self._count, scope)
        heappush(self.heap, timer)
        if len(self.heap) > 64 + 4 * len(self._live):
            self.heap[:] = self._live.values()
            heapify(self.heap)

    def remove(self, deadline: float, scope: Any) -> None:
        del self._live[scope]

    def next_deadline(self) -> float:
        heap, live = self.heap, self._live
        while heap:
            if live.get(heap[0][2]) is heap[0]:
                return heap[0][0]
            heappop(heap)
        return inf

    def expire(self, now: float) -> bool:
        """Nothing: the driver fires timers."""
        return False

    def instant(self) -> float:
        """The next time at which something is due: the last of the deadlines that count as tied with the earliest."""
        earliest = self.next_deadline()
        return earliest if earliest == inf else max(timer[0] for timer in self._tied(earliest))

    def due(self, now: float) -> list[Timer]:
        """The timers that share the earliest deadline, if it has come, in the order in which they were set."""
        earliest = self.next_deadline()
        if earliest > now:
            return []
        tied = self._tied(earliest)
        if len(tied) == 1:
            return tied
        return sorted((timer for timer in tied if timer[0] <= now), key=itemgetter(1))

    def _tied(self, earliest: float) -> list[Timer]:
        last = earliest + TIE_WINDOW_S
        if all(timer[0] > last for timer in self.heap[1:3]):  # the children of the earliest, in a heap
            return [self.heap[0]]
        return [timer for timer in self._live.values() if timer[0] <= last]


class Wakeup:
    """Where trio's run_sync_soon task sleeps. The driver looks for callbacks before every step, so nobody needs to knock."""

    __slots__ = ("waiting",)

    def __init__(self) -> None:
        self.waiting: trio.lowlevel.Task | None = None

    async def wait_woken(self) -> None:
        def abort(_: object) -> trio.lowlevel.Abort:
            self.waiting = None
            return trio.lowlevel.Abort.SUCCEEDED

        self.waiting = trio.lowlevel.current_task()
        await trio.lowlevel.wait_task_rescheduled(abort)

    def wake(self) -> None:
        """Make the task runnable if it sleeps."""
        task, self.waiting = self.waiting, None
        if task is not None:
            trio.lowlevel.reschedule(task)

    def wakeup_thread_and_signal_safe(self) -> None:
        """Nothing to do."""

    def wakeup_on_signals(self) -> None:
        """Nothing to do."""

    def close(self) -> None:
        """Nothing to do."""


class NoSignals:
    """trio's handling of Ctrl-C, switched off: the driver does that for the whole trial."""

    __slots__ = ()

    def install(self, *_: object) -> None:
        """Nothing to do."""

    def close(self) -> None:
        """Nothing to do."""


class NoIO:
    """trio's I/O manager in a world without I/O: waiting for a socket is refused, closing one is fine."""

    __slots__ = ()
    backend = "simulated"

    def statistics(self) -> "NoIO":
        return self

    def process_events(self, events: object) -> None:
        """Nothing to do."""

    def force_wakeup(self) -> None:
        """Nothing to do."""

    def close(self) -> None:
        """Nothing to do."""

    def notify_closing(self, fd: object) -> None:
        """Nobody waits for it."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)

        def refuse(*_: object, **__: object) -> NoReturn:
            raise refusal(f"trio.lowlevel.{name}")

        return refuse


def refusal(call: str) -> RealIO:
    """The error for a call that reaches out of the trial."""
    return RealIO(
        f"{call} reaches for the real world, from {user_line()}; a trial can't repeat that. Hand the program a stand-in: a fake "
        "stream (trio.testing.memory_stream_pair), trio.socket.set_custom_socket_factory, or a stub of the function that calls it"
    )
