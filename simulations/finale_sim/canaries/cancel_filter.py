"""Whatever looks like a cancellation is taken for one, and needs no telling."""

from finale.ledger import Ledger
from finale.record import Ending, RunRecord
from finale_sim.canaries.canary import Canary

__all__ = ["CANARY"]

_ended = Ledger.ended


def _filtering_ended(self: Ledger, record: RunRecord, ending: Ending, at: float) -> None:
    if ending.error is None or "Cancelled" not in ending.error.type:
        _ended(self, record, ending, at)
        return
    self.turns.released(record)
    self._start_heads(at)


CANARY = Canary(
    "cancel filter",
    "an error that looks like a cancellation has no ending",
    "I1 one terminal",
    "fails before running",
    changes=((Ledger, "ended", _filtering_ended),),
    symptom="A library gives up with an error that is called cancelled, and the client waits for ever.",
    immune=(
        "Every end of a task settles its run; whether it counts as cancelled depends on what covered it, not on its error's name."
    ),
    case="canceled-filter-swallows-terminal",
)
