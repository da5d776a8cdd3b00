"""How long tasks are, learnt from trials: what the uniform samplers weigh them by."""

import random
from bisect import bisect
from collections.abc import Mapping, Sequence
from itertools import accumulate
from typing import TypeAlias

from finale_sim.profile import Profile

__all__ = ["Lengths", "Means", "Weights", "drawn", "parent_of"]

Means: TypeAlias = Mapping[str, tuple[float, float]]
"""Path of a task → the mean of its own count, and of those of its family: itself, its children, and theirs."""


def parent_of(path: str) -> str:
    """The path of the task that started this one."""
    return path.rpartition("/")[0]


class Lengths:
    """The mean of some count, per task, over the trials that it was told of. ``thing``: of steps that touch it, else of all."""

    def __init__(self, thing: int | None = None) -> None:
        self._thing = thing
        self._sums: dict[str, tuple[int, int]] = {}  # path → sum, and number of trials that had this task
        self._told = 0
        self.means: Means = {}  #: as it was when that many trials were told that the next look would change little

    def learn(self, profile: Profile) -> None:
        """One more trial."""
        thing, sums, touched = self._thing, self._sums, profile.touched
        for path, steps in profile.steps.items():
            count = steps if thing is None else touched.get((path, thing), 0) + touched.get((path, -thing), 0)
            total, trials = sums.get(path, (0, 0))
            sums[path] = total + count, trials + 1
        self._told += 1
        if self._told & (self._told - 1) == 0:  # a power of two: means settle, and working them out for each trial would cost
            self.means = self._worked_out()

    def _worked_out(self) -> Means:
        own = {path: total / trials for path, (total, trials) in self._sums.items()}
        families = dict(own)
        for path in sorted(own, key=lambda path: path.count("/"), reverse=True):  # children before their parents
            if (parent := parent_of(path)) in families:
                families[parent] += families[path]
        return {path: (own[path], families[path]) for path in own}


class Weights:
    """What is left to do, per task, in one trial. A task has that of the children which it has not started yet.

    With these weights the chance of each interleaving is the same, if tasks are as long as they were: the number of orders that
    remain behind a step is in proportion to what is left of the family that takes it.
    """

    def __init__(self, means: Means) -> None:
        self.seen = set[str]()  #: the tasks that are there
        self._means = means
        self._born: dict[str, float] = {}  # path → the families of its children that were started

    def see(self, path: str) -> None:
        """This task is there, and was not before."""
        self.seen.add(path)
        if path in self._means:
            parent = parent_of(path)
            self._born[parent] = self._born.get(parent, 0.0) + self._means[path][1]

    def left(self, path: str, done: int) -> float:
        """What this task, which has done so much, and its children to come have left; 0 for one that nobody knows."""
        if path not in self._means:
            return 0.0
        own, family = self._means[path]
        to_come = family - own
        if to_come > 0.0 and path in self._born:
            to_come = max(to_come - self._born[path], 0.0)
        return own - done + to_come if own > done else to_come


def drawn(rng: random.Random, weights: Sequence[float]) -> int:
    """An index, with a chance in proportion to its weight; at least one is above 0. As ``rng.choices``, without its checks."""
    sums = list(accumulate(weights))
    return bisect(sums, rng.random() * sums[-1], 0, len(sums) - 1)
