"""Deadlines: which timers are due, and which of them are due together."""

from heapq import heapify, heappop, heappush
from math import inf
from operator import itemgetter
from typing import Any

__all__ = ["TIE_WINDOW_S", "Timer", "Timers"]

TIE_WINDOW_S = 1e-9
"""Deadlines this close are one instant: 0.1 + 0.2 and 0.3 are meant to be the same time."""


Timer = tuple[float, int, Any]
"""A deadline, the order in which it was set, the cancel scope."""


class Timers:
    """trio's deadlines. trio may ask for the next one, but what fires, and when, is the driver's business."""

    __slots__ = ("_count", "_live", "heap")

    def __init__(self) -> None:
        self.heap: list[Timer] = []  # may hold timers that were set anew since; _live knows
        self._live: dict[Any, Timer] = {}
        self._count = 0

    @property
    def count(self) -> int:
        """How many were set so far: the number of the last one."""
        return self._count

    def forget(self) -> None:
        """Start anew; no timer is set."""
        self.heap.clear()
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
        if earliest == inf:
            return inf
        tied = self._tied(earliest)
        return earliest if len(tied) == 1 else max(timer[0] for timer in tied)

    def due(self, now: float) -> list[Timer]:
        """The timers that share the earliest deadline, if it has come, in the order in which they were set."""
        earliest = self.next_deadline()
        if earliest > now:
            return []
        tied = self._tied(earliest)
        if len(tied) == 1:
            return tied
        return sorted((timer for timer in tied if timer[0] <= now), key=itemgetter(1))

    def pending(self) -> list[Timer]:
        """All timers that are set, in the order in which they will fire."""
        return sorted(self._live.values(), key=itemgetter(0, 1))

    def _tied(self, earliest: float) -> list[Timer]:
        last = earliest + TIE_WINDOW_S
        heap, size = self.heap, len(self.heap)
        if (size < 2 or heap[1][0] > last) and (size < 3 or heap[2][0] > last):  # the next two of a heap are at 1 and 2
            return heap[:1]
        return [timer for timer in self._live.values() if timer[0] <= last]
