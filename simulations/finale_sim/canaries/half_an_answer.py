"""A cancelled run answers with the last that it had reported."""

from dataclasses import replace

from finale.events import Status
from finale.ledger import Ledger
from finale.record import Ending, RunRecord
from finale_sim.canaries.canary import Canary

__all__ = ["CANARY"]

_ended = Ledger.ended
_progress = Ledger.progress


def _keeping(self: Ledger, record: RunRecord, payload: object, at: float) -> None:
    _progress(self, record, payload, at)
    vars(self).setdefault("_last_words", {})[record] = payload


def _half(self: Ledger, record: RunRecord, ending: Ending, at: float) -> None:
    words = vars(self).get("_last_words", {}).get(record)
    _ended(self, record, replace(ending, text=words) if ending.status is Status.CANCELLED and words else ending, at)


CANARY = Canary(
    "half an answer",
    "a run that was cancelled has an answer",
    "I2 attribution",
    "cancel race",
    changes=((Ledger, "progress", _keeping), (Ledger, "ended", _half)),
    symptom="A run is stopped in the middle of a sentence, and the sentence is stored as its answer.",
    immune="A text comes from what the call returns or publishes, and only with a completed ending; progress is progress.",
)
