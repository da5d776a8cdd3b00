"""A failed run leaves without looking after those that wait behind it."""

from finale.ledger import Ledger
from finale_sim.canaries.canary import Canary, rewritten

__all__ = ["CANARY"]

CANARY = Canary(
    "stranded queue",
    "whoever waits behind a failed run waits for ever",
    "I1 one terminal",
    "fails while active",
    ((Ledger, "ended", rewritten(Ledger.ended, "self._start_heads(at)", "ending.error or self._start_heads(at)")),),
)
