"""A workspace whose journal is lost says that it is closing."""

from finale.ledger import Ledger
from finale_sim.canaries.canary import Canary, rewritten

__all__ = ["CANARY"]

CANARY = Canary(
    "one reason for all",
    "a request that the journal cannot keep is refused as if the workspace were closing",
    "right refusal",
    "refused",
    changes=((Ledger, "_admit", rewritten(Ledger._admit, "raise JournalUnavailable(", "raise WorkspaceClosing(")),),
    symptom="The disk is full, and the client is told that the server shuts down; it waits for another one to come up.",
    immune="Each reason is an error of its own, and they are looked at in one place, in the order that the guide gives.",
)
