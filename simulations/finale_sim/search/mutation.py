"""Mutation: small changes to trials that showed something new.

A trial with a behaviour that no other had is kept. New trials follow one that was kept, up to some choice or all the way, and
answer at random here and there; most follow one of the newer ones. So what was hard to reach once is the beginning of others.
"""

import random
from collections.abc import Sequence

from finale_sim.choices import Candidate, Choice, Deviations, Site, deviations
from finale_sim.search.behaviours import Behaviours
from finale_sim.search.misfortunes import Misfortunes
from finale_sim.search.strategy import Attempt, Completed, Planned

__all__ = ["Mutation"]

_KEPT = 256
_LEAST, _MOST = -2.0, 2.0  # powers of two: changes per trial, about


class _Mutant:
    """The answers of one trial: those of ``parent``, changed with a chance of ``rate`` each, and random from ``end`` on."""

    def __init__(self, rng: random.Random, others: Misfortunes, parent: Deviations, rate: float, end: int) -> None:
        self._rng = rng
        self._others = others
        self._parent = parent
        self._rate = rate
        self._left = end

    def __call__(self, site: Site, options: int) -> int:
        self._left -= 1
        if self._left < 0:
            return self._others(site, options)
        if self._rng.random() < self._rate:
            return self._rng.randrange(options)
        return min(self._parent.get(site.key, 0), options - 1)

    def pick(self, site: Site, tasks: Sequence[Candidate]) -> int:
        return self(site, len(tasks))


class Mutation:
    """Never ends. Until it is told of trials it walks at random."""

    name = "mutation"
    ahead = 256
    completed = Completed()

    def __init__(self, seed: int = 0) -> None:
        self._seed = seed
        self._n = 0
        self._known = Behaviours()
        self._kept: list[tuple[tuple[Choice, ...], int]] = []  # deviations, and the number of choices

    def next(self) -> Planned:
        self._n += 1
        rng = random.Random(self._seed << 40 | 1 << 34 | self._n)
        newer = max(rng.random(), rng.random())
        parent, length = self._kept[int(newer * len(self._kept))] if self._kept else ((), 0)
        rate = 2 ** rng.uniform(_LEAST, _MOST) / max(length, 1)
        end = length if rng.random() < 0.5 else rng.randrange(length + 1)
        return Planned(_mutant, self._seed, self._n, deviations(parent), rate, end)

    def learn(self, attempt: Attempt) -> None:
        if attempt.profile is None or attempt.undecided is not None or not self._known.add(attempt.profile.behaviour):
            return
        entry = attempt.deviations, len(attempt.choices)
        if len(self._kept) >= _KEPT:
            del self._kept[attempt.profile.behaviour % _KEPT]
        self._kept.append(entry)


def _mutant(seed: int, n: int, parent: Deviations, rate: float, end: int) -> _Mutant:
    rng = random.Random(seed << 40 | 1 << 33 | n)
    return _Mutant(rng, Misfortunes(rng, n), parent, rate, end)
