"""Closing cancels the runs that are active, and nobody tells those that wait."""

from finale.ledger import Ledger
from finale_sim.canaries.canary import Canary, rewritten

__all__ = ["CANARY"]

_ONLY_ACTIVE = "(holder := self.turns.holder(session)) and self._stop(holder, by)"

CANARY = Canary(
    "shutdown strands",
    "runs that wait when the workspace closes have no ending",
    "I1 one terminal",
    "close race",
    changes=((Ledger, "close", rewritten(Ledger.close, "self.cancel(session, by, at)", _ONLY_ACTIVE)),),
    symptom="The program shuts down, and clients of queued prompts hang or believe that all is well.",
    immune="Closing is the same command as a cancel of each session: it covers what waits and what is active.",
    case="shutdown-strands-queue",
)
