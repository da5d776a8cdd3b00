"""The ending of a run that had to wait goes to the one who submitted it, and that call has returned long ago."""

from finale.events import RunComplete
from finale.ledger import Ledger
from finale.record import Ending, RunRecord
from finale_sim.canaries.canary import Canary

__all__ = ["CANARY"]

_ended, _settle = Ledger.ended, Ledger._settle


def _handing_ended(self: Ledger, record: RunRecord, ending: Ending, at: float) -> None:
    _ended(self, record, ending, at)
    vars(self).setdefault("hooked", set()).update(started.number for started in self.outbox.started)


def _hooked_settle(self: Ledger, record: RunRecord, ending: Ending, at: float) -> None:
    _settle(self, record, ending, at)
    if record.number in vars(self).get("hooked", ()):
        told = self.outbox.events
        told[:] = [event for event in told if not (isinstance(event, RunComplete) and event.run_id == record.request.run_id)]


CANARY = Canary(
    "dead hook",
    "the ending of a run that waited goes to somebody who has left",
    "I1 one terminal",
    "queue behind",
    changes=((Ledger, "ended", _handing_ended), (Ledger, "_settle", _hooked_settle)),
    symptom="The second prompt of a conversation is answered, and its client waits for ever.",
    immune="An ending is not handed to anybody: it is recorded with the run, and whoever cares looks there.",
    case="queued-call-keeps-dead-hook",
    commit="e14d47a81",
)
