"""POS, partial order sampling: a random priority for each step, and a new one when something that it may conflict with was done.

The step with the highest priority is taken. Then those that wait and touch something that it touched draw anew, so that each
order of two conflicting steps is as likely as the other, however many steps there are around them.

X. Yuan, J. Yang, R. Gu: Partial Order Aware Concurrency Sampling, CAV 2018. There, what a step touches is known; here it is
guessed from the program's text (``Candidate.touches``).
"""

import random
from collections.abc import Sequence

from finale_sim.choices import Candidate, Site
from finale_sim.search.misfortunes import Misfortunes
from finale_sim.search.strategy import Attempt, Completed, Planned

__all__ = ["POS"]


class _Draws:
    """The answers of one trial."""

    def __init__(self, rng: random.Random, others: Misfortunes) -> None:
        self._rng = rng
        self._others = others
        self._drawn: dict[str, tuple[int, float]] = {}  # path → the step that it waits to take, and the priority of that

    def __call__(self, site: Site, options: int) -> int:
        return self._others(site, options)

    def pick(self, site: Site, tasks: Sequence[Candidate]) -> int:
        best = max(range(len(tasks)), key=lambda at: self._priority(tasks[at]))
        changed = {thing for thing in tasks[best].touches if thing > 0}
        touched = set(map(abs, tasks[best].touches))
        for at, task in enumerate(tasks):
            if at == best or any(abs(thing) in changed or thing in touched for thing in task.touches):
                del self._drawn[task.path]
        return best

    def _priority(self, task: Candidate) -> float:
        step, priority = self._drawn.get(task.path, (-1, 0.0))
        if step != task.steps:
            priority = self._rng.random()
            self._drawn[task.path] = task.steps, priority
        return priority


class POS:
    """Never ends. Trial n of one seed is always the same."""

    name = "pos"
    ahead = 4096  # it learns nothing
    completed = Completed()

    def __init__(self, seed: int = 0) -> None:
        self._seed = seed
        self._n = 0

    def next(self) -> Planned:
        self._n += 1
        return Planned(_draws, self._seed, self._n)

    def learn(self, attempt: Attempt) -> None:
        """Nothing: no trial depends on another."""


def _draws(seed: int, n: int) -> _Draws:
    rng = random.Random(seed << 40 | 1 << 38 | n)
    return _Draws(rng, Misfortunes(rng, n))
