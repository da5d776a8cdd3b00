"""URW, uniform random walk: every interleaving with the same chance.

A walk that takes each runnable task with the same chance hardly ever lets a long task run ahead of a short one. Here a task is
taken with a chance in proportion to the steps that it, and the children that it will start, have left. How many these are is
learnt from earlier trials; where tasks wait for each other, or differ in length from trial to trial, it is an estimate.

H. Zhao, D. Wolff, U. Mathur, A. Roychoudhury: Selectively Uniform Concurrency Testing, ASPLOS 2025.
"""

import random
from collections.abc import Sequence

from finale_sim.choices import Candidate, Site
from finale_sim.search.lengths import Lengths, Means, Weights, drawn
from finale_sim.search.misfortunes import Misfortunes
from finale_sim.search.strategy import Attempt, Completed, Planned

__all__ = ["URW"]

_LONGER = 0.5  # what counts as left of a task that is longer than it ever was


class _Uniform:
    """The answers of one trial."""

    def __init__(self, rng: random.Random, others: Misfortunes, weights: Weights) -> None:
        self._rng = rng
        self._others = others
        self._weights = weights

    def __call__(self, site: Site, options: int) -> int:
        return self._others(site, options)

    def pick(self, site: Site, tasks: Sequence[Candidate]) -> int:
        weights = self._weights
        for task in tasks:
            if task.path not in weights.seen:
                weights.see(task.path)
        return drawn(self._rng, [weights.left(task.path, task.steps) or _LONGER for task in tasks])


class URW:
    """Never ends."""

    name = "urw"
    ahead = 256
    completed = Completed()

    def __init__(self, seed: int = 0) -> None:
        self._seed = seed
        self._n = 0
        self._lengths = Lengths()

    def next(self) -> Planned:
        self._n += 1
        return Planned(_uniform, self._seed, self._n, self._lengths.means)

    def learn(self, attempt: Attempt) -> None:
        if attempt.profile is not None and attempt.undecided is None:
            self._lengths.learn(attempt.profile)


def _uniform(seed: int, n: int, means: Means) -> _Uniform:
    rng = random.Random(seed << 40 | 1 << 37 | n)
    return _Uniform(rng, Misfortunes(rng, n), Weights(means))
