"""What was folded into a run ends with it only if that run completes."""

from finale.ledger import Ledger
from finale_sim.canaries.canary import Canary, rewritten

__all__ = ["CANARY"]

_FINE = "for guest in record.guests() if ending.status is Status.COMPLETED else ():"

CANARY = Canary(
    "fold loss",
    "a folded prompt is lost when its host is cancelled",
    "I1 one terminal",
    "folded",
    changes=((Ledger, "_settle", rewritten(Ledger._settle, "for guest in record.guests():", _FINE)),),
    symptom="Two prompts are answered together, stop is pressed, and one of the two clients waits for ever.",
    immune="A folded run settles with its host however that ends; whether it is the happy end is nobody's question.",
    case="fold-loss",
)
