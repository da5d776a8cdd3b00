"""A terminate cancels, and leaves it at that."""

from finale.ledger import Ledger
from finale_sim.canaries.canary import Canary, rewritten

__all__ = ["CANARY"]

CANARY = Canary(
    "asks again politely",
    "a terminated run has not ended when terminate returns",
    "I4 stops",
    "terminated",
    changes=((Ledger, "terminate_run", rewritten(Ledger.terminate_run, "self.abandon(record, at)", "pass")),),
    symptom="The second word for stopping does what the first one did, and takes as long.",
    immune="Terminating settles the run in the same step; what its task does then is its own affair.",
)
