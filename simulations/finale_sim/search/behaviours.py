"""Which behaviours a search has seen, how often, and how much it has probably not seen.

Good's and Turing's estimate of the chance that one more trial shows a behaviour that none has shown is the share of trials whose
behaviour was seen just once. How far off that may be was worked out by Esty. Both need trials that are drawn alike and
independently; the samplers of a portfolio learn, so there it is an estimate of the mixture as it was on average.

I. J. Good: The Population Frequencies of Species and the Estimation of Population Parameters, Biometrika 40, 1953.
W. W. Esty: A Normal Limit Law for a Nonparametric Estimator of the Coverage of a Random Sample, Annals of Statistics 11, 1983.
"""

from math import sqrt

__all__ = ["Behaviours"]

_MOST = 1 << 16  # behaviours that are kept
_Z = 1.96  # two sides of 95 %: the distribution is skewed, and this side has to hold
_NEVER = 3.0  # what did not come in n trials has a chance of less than 3 / n, 19 times in 20


class Behaviours:
    """Counts behaviours in a bounded memory: when there are too many, half of all possible ones are left out from then on."""

    __slots__ = ("_counts", "_once", "_shift", "_twice", "trials")

    def __init__(self) -> None:
        self.trials = 0  #: that were added
        self._shift = 0  # only behaviours whose last so many bits are 0 are kept
        self._counts: dict[int, int] = {}
        self._once = self._twice = 0

    def add(self, behaviour: int) -> bool:
        """One more trial had this behaviour. Whether it is new; among those that are left out, nobody knows: False."""
        self.trials += 1
        if behaviour & ((1 << self._shift) - 1):
            return False
        before = self._counts.get(behaviour, 0)
        self._counts[behaviour] = before + 1
        self._once += (before == 0) - (before == 1)
        self._twice += (before == 1) - (before == 2)
        if len(self._counts) > _MOST:
            self._thin_out()
        return not before

    @property
    def distinct(self) -> int:
        """How many there were: exactly, as long as none is left out."""
        return len(self._counts) << self._shift

    @property
    def unseen(self) -> float | None:
        """95 % sure: at most this is the chance that one more trial shows a behaviour that none has. None if there were none."""
        if not self.trials:
            return None
        once, twice = self._once << self._shift, self._twice << self._shift
        share = once / self.trials
        margin = _Z * sqrt(once * (1 - share) + 2 * twice + _Z) * sqrt(1 << self._shift)
        return min(1.0, (once + margin + _NEVER) / self.trials)

    def _thin_out(self) -> None:
        self._shift += 1
        mask = (1 << self._shift) - 1
        self._counts = {behaviour: count for behaviour, count in self._counts.items() if not behaviour & mask}
        self._once = sum(count == 1 for count in self._counts.values())
        self._twice = sum(count == 2 for count in self._counts.values())
