"""A time axis on which long stretches where nothing was in flight take no room."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise

from finale.drawing.lanes import Fold, Tick

__all__ = ["UNITS", "TimeScale", "duration"]

UNITS = 100.0  #: the width of the whole axis
_IDLE_SHARE = 0.1  # an idle stretch that is longer than this share of the busy time is folded
_MOST_TICKS = 9


@dataclass(frozen=True, slots=True)
class TimeScale:
    """Instants → units. ``idle`` are the stretches that are folded, in order; each takes one unit."""

    start: float
    end: float
    idle: tuple[tuple[float, float], ...] = ()

    @classmethod
    def over(cls, busy: Iterable[tuple[float, float]]) -> "TimeScale":
        """An axis that shows all of these stretches."""
        joined = list(_joined(busy))
        if not joined:
            return cls(0, 0)
        total = sum(end - start for start, end in joined)
        gaps = [(end, start) for (_, end), (start, _) in pairwise(joined) if start - end > _IDLE_SHARE * total]
        return cls(joined[0][0], joined[-1][1], tuple(sorted(sorted(gaps, key=lambda gap: gap[0] - gap[1])[:20])))

    @property
    def shown_s(self) -> float:
        """The seconds that take room."""
        return self.end - self.start - sum(end - start for start, end in self.idle)

    def at(self, instant: float) -> float:
        """Where an instant stands."""
        before = [min(instant, end) - start for start, end in self.idle if start < instant]
        folds = sum(start < instant and end <= instant for start, end in self.idle)
        room = UNITS - len(self.idle)
        return folds + (room * (instant - self.start - sum(before)) / self.shown_s if self.shown_s else 0.0)

    def folds(self) -> list[Fold]:
        """What the folded stretches look like."""
        return [Fold(self.at(start), f"… {duration(end - start)}") for start, end in self.idle]

    def ticks(self) -> list[Tick]:
        """Round numbers of seconds since the start; if something is folded, the start and the first instant behind each fold."""
        if self.idle or not self.shown_s:
            instants = [0.0, *(end - self.start for _, end in self.idle)]
        else:
            step = next(step for step in _steps() if self.shown_s / step <= _MOST_TICKS)
            instants = [step * number for number in range(int(self.shown_s / step) + 1)]
        return [Tick(self.at(self.start + instant), duration(instant)) for instant in instants]


def duration(seconds: float) -> str:
    """A length of time for reading, with three significant digits."""
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds * 1000:.3g} ms" if 0 < seconds < 0.1 else f"{seconds:.4g} s"


def _steps() -> Iterator[float]:
    step = 1e-9
    while True:
        yield from (step, 2 * step, 5 * step)
        step *= 10


def _joined(busy: Iterable[tuple[float, float]]) -> Iterator[tuple[float, float]]:
    """The same without overlaps, in order."""
    current: tuple[float, float] | None = None
    for start, end in sorted(busy):
        if current is None or start > current[1]:
            if current is not None:
                yield current
            current = (start, end)
        else:
            current = (current[0], max(current[1], end))
    if current is not None:
        yield current
