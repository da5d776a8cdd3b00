"""A failed run leaves without looking after those that wait behind it."""

from finale.ledger import Ledger
from finale_sim.canaries.canary import Canary, rewritten

__all__ = ["CANARY"]

CANARY = Canary(
    "stranded queue",
    "whoever waits behind a failed run waits for ever",
    "I1 one terminal",
    "fails while active",
    changes=((Ledger, "ended", rewritten(Ledger.ended, "self._start_heads(at)", "ending.error or self._start_heads(at)")),),
    symptom="One prompt fails, and what was typed behind it stays queued until somebody types again.",
    immune=(
        "Whose turn it is follows from the queue whenever a task has ended, however it ended; there is no exit that forgets "
        "to look."
    ),
    case="queue-stranded-by-failed-turn",
)
