"""Closing cancels what is there, and forgets to stop intake."""

from finale.ledger import Ledger
from finale_sim.canaries.canary import Canary, rewritten

__all__ = ["CANARY"]

CANARY = Canary(
    "open door",
    "a closed workspace goes on accepting",
    "I10 ownership",
    "close race",
    ((Ledger, "close", rewritten(Ledger.close, "self.closing = True", "pass")),),
)
