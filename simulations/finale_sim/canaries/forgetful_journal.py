"""The endings of cancelled runs are told, and not written down."""

from collections.abc import Sequence

from finale.events import Event, RunComplete, Status
from finale.journal import MemoryJournal
from finale.pump import Pump
from finale_sim.canaries.canary import Canary

__all__ = ["CANARY"]

_store = Pump._store


async def _selective_store(self: Pump, batch: Sequence[Event]) -> bool:
    return await _store(self, [e for e in batch if not (isinstance(e, RunComplete) and e.status is Status.CANCELLED)])


CANARY = Canary(
    "forgetful journal",
    "cancelled runs have no ending in the journal",
    "I14 history",
    "journal kept",
    changes=((Pump, "_store", _selective_store), (MemoryJournal, "durable", True)),
    symptom="After a restart, cancelled runs look as if they were still going on.",
    immune="The pump stores what it publishes, before it publishes it, whatever the kind of ending.",
)
