"""What is to be stored while the workspace closes is dropped with it."""

from collections.abc import Sequence

from finale.events import Event
from finale.journal import MemoryJournal
from finale.pump import Pump
from finale_sim.canaries.canary import Canary

__all__ = ["CANARY"]

_store = Pump._store


async def _cancelled_store(self: Pump, batch: Sequence[Event]) -> bool:
    return self._ledger.closing or await _store(self, batch)


CANARY = Canary(
    "drops final writes",
    "runs that closing stopped have no ending in the journal",
    "I14 history",
    "journal closed",
    changes=((Pump, "_store", _cancelled_store), (MemoryJournal, "durable", True)),
    symptom="After a restart the session shows a turn that is still in progress, for ever.",
    immune="The pump is shielded from every cancellation, and closing the journal is the last thing it does.",
    case="shutdown-drops-final-writes",
    commit="90b1a2a67",
)
