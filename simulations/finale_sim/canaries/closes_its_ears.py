"""What a run reports while it unwinds is discarded."""

from finale.ledger import Ledger
from finale_sim.canaries.canary import Canary, rewritten

__all__ = ["CANARY"]

CANARY = Canary(
    "closes its ears",
    "the last words of a cancelled run are lost",
    "I7 data first",
    "stopped again",
    changes=(
        (
            Ledger,
            "progress",
            rewritten(Ledger.progress, "if record.state is not RunState.SETTLED", "if record.cancelled_by is None"),
        ),
    ),
    symptom="A run that was cancelled tells where it has put its half-done work, and nobody hears it.",
    immune="Until its ending is recorded a run may speak, whatever has been done to it.",
)
