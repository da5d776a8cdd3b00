"""PCT, probabilistic concurrency testing: random priorities, and a few places at which they change.

Of the tasks that can go on, the one with the highest priority always does. At ``depth - 1`` choices of a trial, drawn at random,
the task that would go on falls below all others. A bug that needs ``depth`` things to come in a certain order is found with a
chance of at least 1 / (n k^(depth - 1)) per trial, for n tasks and k choices, whatever else the program does.

S. Burckhardt, P. Kothari, M. Musuvathi, S. Nagarakatte: A Randomized Scheduler with Probabilistic Guarantees of Finding Bugs,
ASPLOS 2010.
"""

import random
from collections.abc import Callable, Sequence

from finale_sim.choices import Candidate, Decide, Kind, Site
from finale_sim.search.misfortunes import Misfortunes
from finale_sim.search.strategy import Attempt, Completed, Planned

__all__ = ["PCT", "Priorities"]

_PATIENCE = 100
"""So many steps in a row a task is left alone. Then it falls below all others: it may be waiting for them in a loop."""


class Priorities:
    """The answers of one trial. ``draw`` gives each task its priority, above 0, when it is first seen.

    ``falls``: number of a choice → what the priority of the task that would go on is from then on, below 0.
    """

    def __init__(self, draw: Callable[[], float], others: Decide, falls: dict[int, int]) -> None:
        self._draw = draw
        self._others = others
        self._falls = falls
        self._asked = 0
        self._priorities: dict[str, float] = {}
        self._lowest = 0
        self._last, self._streak = "", 0

    def __call__(self, site: Site, options: int) -> int:
        return self._others(site, options)

    def pick(self, site: Site, tasks: Sequence[Candidate]) -> int:
        best = self._best(tasks)
        if self._asked in self._falls:
            self._priorities[tasks[best].path] = self._falls[self._asked]
            best = self._best(tasks)
        self._asked += 1
        path = tasks[best].path
        self._streak = self._streak + 1 if path == self._last else 0
        self._last = path
        if self._streak >= _PATIENCE:
            self._streak, self._lowest = 0, self._lowest - 1
            self._priorities[path] = self._lowest - len(self._falls)
        return best

    def _best(self, tasks: Sequence[Candidate]) -> int:
        known = self._priorities
        for task in tasks:
            if task.path not in known:
                known[task.path] = self._draw()
        return max(range(len(tasks)), key=lambda at: known[tasks[at].path])


class PCT:
    """Never ends. How long trials are, and so where priorities may change, it learns from those that it is told of."""

    ahead = 256
    completed = Completed()

    def __init__(self, seed: int = 0, depth: int = 3) -> None:
        self.name = f"pct-{depth}"
        self._seed = seed
        self._n = 0
        self._changes = depth - 1
        self._choices = 0  # of a schedule, the most in one trial

    def next(self) -> Planned:
        self._n += 1
        return Planned(_priorities, self._seed, self._n, self._changes, self._choices)

    def learn(self, attempt: Attempt) -> None:
        if attempt.undecided is None and len(attempt.choices) > self._choices:
            asked = sum(choice.site.kind is Kind.SCHEDULE for choice in attempt.choices)
            self._choices = max(self._choices, asked)


def _priorities(seed: int, n: int, changes: int, choices: int) -> Priorities:
    rng = random.Random(seed << 40 | 1 << 39 | n)
    at = rng.sample(range(choices), min(changes, choices))
    return Priorities(rng.random, Misfortunes(rng, n), {choice: -number for number, choice in enumerate(at, 1)})
