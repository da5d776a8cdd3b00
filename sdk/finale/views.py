"""What can be asked of a workspace: snapshots, true at the moment of asking."""

from dataclasses import dataclass

from finale.broker import BrokerStatistics
from finale.handle import RunHandle

__all__ = ["BrokerStatistics", "SessionView", "Statistics"]


@dataclass(frozen=True, slots=True)
class SessionView:
    """One session. ``busy`` as long as a run of it has not ended, or the task of one is still cleaning up."""

    name: str
    active: RunHandle | None
    queue: tuple[RunHandle, ...]
    busy: bool


@dataclass(frozen=True, slots=True)
class Statistics:
    """Counts of runs: those read from the journal when the workspace was opened, and all since.

    ``accepted - completed - failed - cancelled - in_flight`` is always 0.
    """

    accepted: int
    completed: int
    failed: int
    cancelled: int
    in_flight: int
    active: int
    delivery: BrokerStatistics
