"""A cancelled run leaves without looking after those that came in while it was unwinding."""

from finale.ledger import Ledger
from finale_sim.canaries.canary import Canary, rewritten

__all__ = ["CANARY"]

_UNLESS = "ending.status is Status.CANCELLED or self._start_heads(at)"

CANARY = Canary(
    "stranded by cancel",
    "what is submitted right after a cancel waits for ever",
    "I9 no stranding",
    "cancel race",
    changes=((Ledger, "ended", rewritten(Ledger.ended, "self._start_heads(at)", _UNLESS)),),
    symptom="Stop, and at once another prompt: it stays queued until one more is typed, which is answered first.",
    immune="A session is handed on whenever a task has ended; the kind of ending is not asked.",
    case="queue-stranded-by-failed-turn (its second form)",
)
