"""Progress is held back until the next one comes, and nobody thinks of it at the end."""

from typing import Any

from finale.ledger import Ledger
from finale.record import Ending, RunRecord
from finale_sim.canaries.canary import Canary

__all__ = ["CANARY"]

_progress, _ended = Ledger.progress, Ledger.ended


def _debounced_progress(self: Ledger, record: RunRecord, payload: Any, at: float) -> None:
    held: dict[int, Any] = vars(self).setdefault("held", {})
    if record.number in held:
        _progress(self, record, held.pop(record.number), at)
    held[record.number] = payload


def _overtaking_ended(self: Ledger, record: RunRecord, ending: Ending, at: float) -> None:
    _ended(self, record, ending, at)
    held: dict[int, Any] = vars(self).setdefault("held", {})
    if record.number in held:
        _progress(self, record, held.pop(record.number), at)


CANARY = Canary(
    "debounced text",
    "the end overtakes the last of the text",
    "I7 data first",
    "one prompt",
    changes=((Ledger, "progress", _debounced_progress), (Ledger, "ended", _overtaking_ended)),
    symptom="The answer that is printed lacks its last words.",
    immune=(
        "Progress and ending go through one ledger and one log, in the order in which they happened; nothing is held back on "
        "the way."
    ),
    case="terminal-overtakes-final-text",
    commit="6938dedd6",
)
