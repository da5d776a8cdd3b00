"""An early completion is published without asking the table, so that the run settles a second time when its task ends."""

from finale.events import RunComplete, Status
from finale.ledger import Ledger
from finale.record import RunRecord
from finale_sim.canaries.canary import Canary

__all__ = ["CANARY"]


def _complete(self: Ledger, record: RunRecord, text: str | None, at: float) -> None:
    self._emit(RunComplete, record, at, Status.COMPLETED, text)


CANARY = Canary(
    "second terminal",
    "a coordinator publishes its ending past the ledger",
    "I1 one terminal",
    "publishes twice",
    changes=((Ledger, "complete", _complete),),
    symptom="A client acts twice on one run, once on a result that was only half of it.",
    immune=(
        "Only the ledger makes terminal events, from a table in which a settled run has no exits; a second one is a reported "
        "breach of contract."
    ),
)
