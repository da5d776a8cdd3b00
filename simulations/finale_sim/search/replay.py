"""Replay: the deviations that are given, and 0 everywhere else."""

from collections.abc import Sequence

from finale_sim.choices import Choice, Decide, Deviations, Site

__all__ = ["Replay", "following"]


def following(deviations: Deviations) -> Decide:
    """Answers with ``deviations``. An index that is too large for what is on offer becomes the last one."""
    if not deviations:
        return lambda site, options: 0

    def decide(site: Site, options: int) -> int:
        return min(deviations.get(site.key, 0), options - 1)

    return decide


class Replay:
    """One trial, the recorded one."""

    name = "replay"

    def __init__(self, deviations: Deviations) -> None:
        self._left: list[Deviations] = [deviations]

    def next(self) -> Decide | None:
        return following(self._left.pop()) if self._left else None

    def learn(self, choices: Sequence[Choice]) -> None:
        pass
