"""SURW, selectively uniform random walk: each order of the steps that touch one thing with the same chance.

What a bug needs is a rare order of a few steps, those that touch the thing which it spoils. So each trial selects a thing that
several tasks touch. Which task does so next is drawn uniformly, as by URW; until it has, the others go on as long as they touch
other things. The order of that is left open by the method; here tasks have random priorities, as with PCT, so that some are far
ahead of others.

H. Zhao, D. Wolff, U. Mathur, A. Roychoudhury: Selectively Uniform Concurrency Testing, ASPLOS 2025. There, one knows what a
step touches; here it is guessed from the program's text (``Candidate.touches``), and learnt from earlier trials.
"""

import random
from collections.abc import Sequence

from finale_sim.choices import Candidate, Site
from finale_sim.search.lengths import Lengths, Means, Weights, drawn
from finale_sim.search.misfortunes import Misfortunes
from finale_sim.search.strategy import Attempt, Completed, Planned
from finale_sim.search.urw import URW

__all__ = ["SURW"]

_PATIENCE = 100  # choices after which all is drawn anew: who was drawn may need what is held back
_EVERYTHING = 0
_APART = 1 << 64  # seeds of walks that are not those of the URW next door
_MOST_THINGS = 64  # that are counted


class _Selective:
    """The answers of one trial."""

    def __init__(self, rng: random.Random, others: Misfortunes, thing: int, weights: Weights) -> None:
        self._rng = rng
        self._others = others
        self._thing = thing
        self._weights = weights
        self._done: dict[str, int] = {}  # path → how often it touched the thing
        self._drawn, self._waited = "", 0  # who touches it next, and since how many choices that is so
        self._priorities: dict[str, float] = {}

    def __call__(self, site: Site, options: int) -> int:
        return self._others(site, options)

    def pick(self, site: Site, tasks: Sequence[Candidate]) -> int:
        paths = [task.path for task in tasks]
        for path, task in zip(paths, tasks, strict=True):
            if path not in self._done:
                self._done[path] = task.steps  # of steps that were not seen, as many as there can have been
                self._weights.see(path)
        if self._waited >= _PATIENCE:
            self._drawn = ""
            self._priorities.clear()
        if not self._drawn:
            self._draw(paths)
        one, other = self._thing, -self._thing
        touching = [one in task.touches or other in task.touches for task in tasks]
        at = self._first(paths, touching)
        if at is None:
            self._draw(paths)
            at = paths.index(self._drawn)
        self._waited += 1
        if touching[at]:
            self._done[paths[at]] += 1
            self._drawn = ""
        return at

    def _first(self, paths: Sequence[str], touching: Sequence[bool]) -> int | None:
        """Of those that may go on, the one with the highest priority."""
        first, highest = None, -1.0
        for at, path in enumerate(paths):
            if touching[at] and path != self._drawn:
                continue
            if path not in self._priorities:
                self._priorities[path] = self._rng.random()
            if self._priorities[path] > highest:
                first, highest = at, self._priorities[path]
        return first

    def _draw(self, paths: Sequence[str]) -> None:
        left = [self._weights.left(path, self._done[path]) for path in paths]
        self._drawn = paths[drawn(self._rng, left)] if any(left) else self._rng.choice(paths)
        self._waited = 0


class SURW:
    """Never ends. As one thing among others it selects everything, as URW does; and that alone, as long as it knows no other."""

    name = "surw"
    ahead = 256
    completed = Completed()

    def __init__(self, seed: int = 0) -> None:
        self._seed = seed
        self._n = 0
        self._uniform = URW(seed + _APART)
        self._touched: dict[int, set[str]] = {}  # thing → the paths of those who touch it, and "" if one of them changes it
        self._lengths: dict[int, Lengths] = {}  # things that several tasks touch

    def next(self) -> Planned:
        self._n += 1
        thing = random.Random(self._seed << 40 | 1 << 35 | self._n).choice([_EVERYTHING, *sorted(self._lengths)])
        if thing == _EVERYTHING:
            return self._uniform.next()
        return Planned(_selective, self._seed, self._n, thing, self._lengths[thing].means)

    def learn(self, attempt: Attempt) -> None:
        self._uniform.learn(attempt)
        profile = attempt.profile
        if profile is None or attempt.undecided is not None:
            return
        for path, touched in profile.touched:
            thing = abs(touched)
            if thing not in self._lengths and len(self._lengths) < _MOST_THINGS:
                paths = self._touched.setdefault(thing, set())
                paths.update((path, "") if touched > 0 else (path,))
                if len(paths) > 2 and "" in paths:  # two tasks, one of which changes it
                    self._lengths[thing] = Lengths(thing)
        for lengths in self._lengths.values():
            lengths.learn(profile)


def _selective(seed: int, n: int, thing: int, means: Means) -> _Selective:
    rng = random.Random(seed << 40 | 1 << 36 | n)
    return _Selective(rng, Misfortunes(rng, n), thing, Weights(means))
