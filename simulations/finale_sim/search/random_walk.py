"""Random walk: every choice at random.

How restless a walk is differs from trial to trial. The most restless one takes any runnable task at each step, which finds what
needs many switches; calmer ones go on with the same task most of the time, which finds what needs one to be left alone for long.
"""

import random

from finale_sim.search.misfortunes import Misfortunes
from finale_sim.search.strategy import Attempt, Completed, Planned

__all__ = ["RandomWalk"]


class RandomWalk:
    """Never ends. Trial n of one seed is always the same walk."""

    name = "random walk"
    ahead = 4096  # it learns nothing
    completed = Completed()

    def __init__(self, seed: int = 0) -> None:
        self._seed = seed
        self._n = 0

    def next(self) -> Planned:
        self._n += 1
        return Planned(_walk, self._seed, self._n)

    def learn(self, attempt: Attempt) -> None:
        """Nothing: walks know nothing of each other."""


def _walk(seed: int, n: int) -> Misfortunes:
    return Misfortunes(random.Random(seed << 40 | n - 1), n)
