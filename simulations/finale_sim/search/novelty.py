"""What a search still finds: distinct behaviours over trials. Where the curve is flat, more of the same tells little."""

from dataclasses import dataclass, field

__all__ = ["Novelty"]

_MOST_KEPT = 1 << 16  # fingerprints; a set of them is 4 MB, and a search may take a million trials
_MOST_POINTS = 256


@dataclass(slots=True)
class Novelty:
    """Grows with each trial, in bounded memory. ``distinct`` stops at 65,536, and ``full`` says that it did."""

    trials: int = 0
    distinct: int = 0
    points: list[tuple[int, int]] = field(default_factory=list)  #: (trials, distinct behaviours until then)
    _seen: set[int] = field(default_factory=set, repr=False)
    _every: int = 1  # a point for each so many new ones

    @property
    def full(self) -> bool:
        """Whether new behaviours are not counted any more."""
        return self.distinct >= _MOST_KEPT

    def note(self, fingerprint: int) -> None:
        """One more trial, which behaved like this."""
        self.trials += 1
        if fingerprint in self._seen or self.full:
            return
        self._seen.add(fingerprint)
        self.distinct += 1
        if self.distinct % self._every:
            return
        self.points.append((self.trials, self.distinct))
        if len(self.points) > _MOST_POINTS:
            del self.points[::2]
            self._every *= 2

    def curve(self) -> list[tuple[int, int]]:
        """From the first trial to the last one."""
        return [(0, 0), *self.points, (self.trials, self.distinct)] if self.trials else []
