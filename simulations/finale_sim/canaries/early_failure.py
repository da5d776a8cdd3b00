"""A run that fails before it has said anything is told by a notification only."""

from finale.events import Status
from finale.ledger import Ledger
from finale.record import Ending, RunRecord
from finale_sim.canaries.canary import Canary

__all__ = ["CANARY"]

_ended = Ledger.ended
_AT_ONCE = 2  # events: accepted and started


def _shy_ended(self: Ledger, record: RunRecord, ending: Ending, at: float) -> None:
    if ending.status is not Status.FAILED or record.events > _AT_ONCE or ending.error is None:
        _ended(self, record, ending, at)
        return
    self._notify(record, "error", ending.error.message, at)
    self.turns.released(record)
    self._start_heads(at)


CANARY = Canary(
    "early failure",
    "a failure on the way to the agent has no ending",
    "I1 one terminal",
    "fails before running",
    changes=((Ledger, "ended", _shy_ended),),
    symptom="The prompt is accepted, the credentials are refused, and the client waits for ever.",
    immune="Preparing is part of the run, inside the same finally; there is no stretch between accepted and owned.",
    case="early-failure-no-terminal",
    commit="d411ab5ed",
)
