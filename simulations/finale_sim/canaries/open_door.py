"""Closing cancels what is there, and forgets to stop intake."""

from finale.ledger import Ledger
from finale_sim.canaries.canary import Canary, rewritten

__all__ = ["CANARY"]

CANARY = Canary(
    "open door",
    "a closed workspace goes on accepting",
    "I10 ownership",
    "close race",
    changes=((Ledger, "close", rewritten(Ledger.close, "self.closing = True", "pass")),),
    symptom="A prompt that comes in while the program shuts down works on storage that is already closed.",
    immune="Closing and accepting are commands of the same ledger: a request comes before the closing or is rejected.",
    case="run-after-closing",
    commit="90b1a2a67",
)
