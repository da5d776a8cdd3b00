"""The next run is asked for while the one that ends still holds the session."""

from finale.ledger import Ledger
from finale.record import Ending, RunRecord
from finale_sim.canaries.canary import Canary

__all__ = ["CANARY"]

_ended = Ledger.ended


def _early_ended(self: Ledger, record: RunRecord, ending: Ending, at: float) -> None:
    self._start_heads(at)
    vars(self)["_start_heads"] = lambda at: None  # that was the one look at the queue
    try:
        _ended(self, record, ending, at)
    finally:
        del vars(self)["_start_heads"]


CANARY = Canary(
    "sees itself busy",
    "a session that is being handed on is found busy, and nobody looks again",
    "I1 one terminal",
    "queue behind",
    changes=((Ledger, "ended", _early_ended),),
    symptom="The second prompt stays queued when the first has ended.",
    immune="Releasing the session and taking the next run from its queue are two lines of one command, in this order.",
    case="handoff-sees-itself-busy",
    commit="6e9460300",
)
