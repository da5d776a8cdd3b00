"""A trial told in full: what a report, a timeline and a page are made of."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from finale_sim.history import Entry
from finale_sim.kernel import Trial
from finale_sim.search import Attempt

__all__ = ["Story"]


@dataclass(frozen=True, slots=True)
class Story:
    """A judged trial with its trace, what its observers saw, and what its scenario picked (by site key)."""

    attempt: Attempt
    trial: Trial
    entries: tuple[Entry, ...] = ()
    picks: Mapping[int, str] = field(default_factory=dict)
