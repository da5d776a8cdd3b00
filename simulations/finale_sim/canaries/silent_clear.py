"""A run that is taken out of the queue is simply no longer there."""

from finale.ledger import Ledger
from finale_sim.canaries.canary import Canary, rewritten

__all__ = ["CANARY"]

CANARY = Canary(
    "silent clear",
    "a run that is taken out of the queue has no ending",
    "I1 one terminal",
    "cancel waiting",
    changes=((Ledger, "cancel_run", rewritten(Ledger.cancel_run, "self._settle(record, Ending(Status.CANCELLED), at)", "pass")),),
    symptom="The queue is cleared, and the clients of what was in it wait for ever.",
    immune="Nothing leaves the queue but by starting, folding or settling; the table of a run's life has no other way.",
    case="queue-clear-is-silent",
    commit="cbec4916b",
)
