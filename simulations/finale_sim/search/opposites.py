"""Opposites of the happy path: two trials that are as unlike it as can be, before anything is left to chance.

The happy path lets a task go on as long as it can, and those that were started first go first. What a programmer took for granted
when he wrote one thing behind the other holds there. One opposite never lets a task go on: who has become ready last goes next,
so that all have begun before any comes to its end. The other lets tasks go on, those first that were started last. Only the
program itself keeps its place there, so that there is somebody to put in front.
"""

from collections.abc import Callable, Sequence
from itertools import chain, count

from finale_sim.choices import Candidate, Picking, Site, happy_path
from finale_sim.search.pct import Priorities
from finale_sim.search.strategy import Attempt, Completed, Planned

__all__ = ["Opposites"]

_PROGRAM = 2.0  # above all others, which are below 1
_PATIENCE = 1000
"""So many choices are made like that: where two tasks wait in a loop for a third, that has to get its turn."""


class _Restless:
    """The answers of a trial in which the last option is taken."""

    def __init__(self) -> None:
        self._left = _PATIENCE

    def __call__(self, site: Site, options: int) -> int:
        return 0

    def pick(self, site: Site, tasks: Sequence[Candidate]) -> int:
        self._left -= 1
        return len(tasks) - 1 if self._left >= 0 else 0


class Opposites:
    """The one that lets tasks go on, then the restless one. Ends behind them."""

    name = "opposites"
    ahead = 4096  # it learns nothing
    completed = Completed()

    def __init__(self) -> None:
        self._left: list[Callable[[], Picking]] = [_Restless, _backwards]

    def next(self) -> Planned | None:
        return Planned(self._left.pop()) if self._left else None

    def learn(self, attempt: Attempt) -> None:
        """Nothing: there are only these."""


def _backwards() -> Priorities:
    later_is_higher = chain((_PROGRAM,), (1 - 1 / place for place in count(2)))
    return Priorities(lambda: next(later_is_higher), happy_path, {})
