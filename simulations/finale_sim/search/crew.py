"""Who runs the trials of a search: this process, one after another, or others, side by side.

A search orders trials ahead of their results, as far as its strategy allows, and takes the results in the order in which it
ordered. So what it sees does not depend on who ran them, or when.
"""

from collections import deque
from typing import Protocol

from finale_sim.choices import Decide
from finale_sim.search.strategy import Attempt, RunTrial

__all__ = ["Alone", "Crew"]


class Crew(Protocol):
    """Runs trials. It may run several at a time, and some that are never taken."""

    def order(self, decide: Decide) -> None:
        """Ask for a trial with these answers."""

    def take(self) -> Attempt:
        """The result of the oldest order that was not taken yet.

        Raises:
            EndSearch, KeyboardInterrupt: as the trial did, or instead of it.
        """

    def drop(self) -> None:
        """Forget what was ordered and not taken."""


class Alone:
    """Runs each trial when its result is taken."""

    def __init__(self, run: RunTrial) -> None:
        self._run = run
        self._orders: deque[Decide] = deque()

    def order(self, decide: Decide) -> None:
        self._orders.append(decide)

    def take(self) -> Attempt:
        return self._run(self._orders.popleft())

    def drop(self) -> None:
        self._orders.clear()
