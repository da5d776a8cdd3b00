"""Progress goes out to subscribers whether or not its run has ended."""

from typing import Any

from finale.events import Progress
from finale.ledger import Ledger
from finale.record import RunRecord
from finale_sim.canaries.canary import Canary

__all__ = ["CANARY"]


def _progress(self: Ledger, record: RunRecord, payload: Any, at: float) -> None:
    self._emit(Progress, record, at, payload)


CANARY = Canary(
    "late progress",
    "progress is told after its run's ending",
    "I7 data first",
    "publishes twice",
    changes=((Ledger, "progress", _progress),),
    symptom="A run is over, and its text goes on changing.",
    immune="Progress goes through the ledger, which refuses it once the run has settled.",
)
