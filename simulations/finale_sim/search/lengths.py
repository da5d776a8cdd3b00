"""How long tasks are, learnt from trials: what the uniform samplers weigh them by."""

from collections.abc import Iterable, Mapping
from typing import TypeAlias

from finale_sim.profile import Profile

__all__ = ["Lengths", "Means", "Weights", "parent_of"]

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
        self._means = means
        self._seen = set[str]()
        self._born: dict[str, float] = {}  # path → the families of its children that were started

    def see(self, paths: Iterable[str]) -> None:
        """These tasks are there."""
        for path in paths:
            if path not in self._seen:
                self._seen.add(path)
                if path in self._means:
                    parent = parent_of(path)
                    self._born[parent] = self._born.get(parent, 0.0) + self._means[path][1]

    def left(self, path: str, done: int) -> float:
        """What this task, which has done so much, and its children to come have left; 0 for one that nobody knows."""
        own, family = self._means.get(path, (0.0, 0.0))
        return max(own - done, 0.0) + max(family - own - self._born.get(path, 0.0), 0.0)
