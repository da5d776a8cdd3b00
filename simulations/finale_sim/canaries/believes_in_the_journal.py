"""An ending that the journal did not take is published as durable."""

from finale.ledger import Ledger
from finale_sim.canaries.canary import Canary, rewritten

__all__ = ["CANARY"]

CANARY = Canary(
    "believes in the journal",
    "endings call themselves durable after the journal is lost",
    "I14 durability",
    "journal lost",
    changes=((Ledger, "published", rewritten(Ledger.published, "if ending.durable and not stored:", "if False:")),),
    symptom="The disk is full, every run is reported as safely stored, and after the restart all of them start again.",
    immune="The pump tells the ledger whether the batch was stored before anybody sees an ending of it.",
)
