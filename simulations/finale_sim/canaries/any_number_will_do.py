"""A reader may begin behind a seq that no event has had."""

from finale import Workspace
from finale_sim.canaries.canary import Canary, rewritten

__all__ = ["CANARY"]

CANARY = Canary(
    "any number will do",
    "a reader that knows a place from another workspace is taken",
    "I11 streams",
    "comes back",
    changes=((Workspace, "subscribe", rewritten(Workspace.subscribe, "since > self._ledger.seq", "False")),),
    symptom="The server lost its journal, and a client that was far ahead hears nothing until the numbers have caught up.",
    immune="A seq that has not happened is of another workspace, and is refused.",
)
