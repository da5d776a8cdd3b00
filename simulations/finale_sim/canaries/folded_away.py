"""A prompt that was folded into the active run has no ending of its own."""

from finale.ledger import Ledger
from finale_sim.canaries.canary import Canary, rewritten

__all__ = ["CANARY"]

CANARY = Canary(
    "folded away",
    "the run of a folded prompt never ends",
    "I1 one terminal",
    "folded",
    changes=((Ledger, "_settle", rewritten(Ledger._settle, "for guest in record.guests():", "for guest in ():")),),
    symptom="A second prompt is answered together with the first, and its client waits for ever.",
    immune="A folded run keeps its record, and settling a run settles its guests in the same step.",
    case="queued-runid-folded-away",
    commit="cbec4916b",
)
