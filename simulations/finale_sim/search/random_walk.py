"""Random walk: every choice at random.

A trial first draws how restless it is. The most restless one takes any runnable task at each step, which finds what needs
many switches; calmer ones keep to index 0 most of the time, which finds what needs a task to be left alone for long. Faults
strike rarely within a trial and often over all, because a trial in which everything breaks tells little.
"""

import random
from collections.abc import Sequence

from finale_sim.choices import Choice, Decide, Kind, Site
from finale_sim.search.strategy import Planned

__all__ = ["RandomWalk"]

_RESTLESSNESS = (1.0, 1.0, 0.5, 0.25, 0.1)  # the chance to look beyond index 0, drawn once per trial
_FAULTS = (0.0, 0.05, 0.25, 0.5)
_ACTIVE = 0.7  # the chance of each fault to be one that strikes in this trial
_CANCELS = (0.0, 0.01, 0.05)  # asked at every step: more than a few in a trial, and nothing is left to happen


class RandomWalk:
    """Never ends. Trial n of one seed is always the same walk."""

    name = "random walk"
    ahead = 4096  # it learns nothing

    def __init__(self, seed: int = 0) -> None:
        self._seed = seed
        self._n = 0

    def next(self) -> Decide:
        self._n += 1
        return Planned(_walk, self._seed, self._n - 1)

    def learn(self, choices: Sequence[Choice]) -> None:
        pass


def _walk(seed: int, n: int) -> Decide:
    rng = random.Random(seed << 40 | n)
    draw, below = rng.random, rng.randrange
    restless, faulty = rng.choice(_RESTLESSNESS), rng.choice(_FAULTS)

    chances = dict.fromkeys(Kind, restless) | {Kind.FAULT: faulty}
    chances[Kind.CANCEL] = chances[Kind.CRASH] = _CANCELS[(n + 1) % len(_CANCELS)]

    active: dict[str, bool] = {}  # a fault strikes in some trials only, and then again and again

    def decide(site: Site, options: int) -> int:
        if site.kind is Kind.FAULT and not active.setdefault(site.label, draw() < _ACTIVE):
            return 0
        if draw() < chances[site.kind]:
            return below(options)
        return 0

    return decide
