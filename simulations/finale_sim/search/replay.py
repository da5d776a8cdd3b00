"""Replay: the deviations that are given, and 0 everywhere else."""

from dataclasses import dataclass

from finale_sim.choices import Decide, Deviations, Site
from finale_sim.search.strategy import Attempt, Completed

__all__ = ["Following", "Replay", "following"]


@dataclass(frozen=True, slots=True)
class Following:
    """Answers with ``deviations``. An index that is too large for what is on offer becomes the last one."""

    deviations: Deviations

    def __call__(self, site: Site, options: int) -> int:
        return min(self.deviations.get(site.key, 0), options - 1) if self.deviations else 0


def following(deviations: Deviations) -> Decide:
    """The answers of the trial with these deviations."""
    return Following(deviations)


class Replay:
    """One trial, the recorded one."""

    name = "replay"
    ahead = 0
    completed = Completed()

    def __init__(self, deviations: Deviations) -> None:
        self._left: list[Deviations] = [deviations]

    def next(self) -> Decide | None:
        return following(self._left.pop()) if self._left else None

    def learn(self, attempt: Attempt) -> None:
        """Nothing."""
