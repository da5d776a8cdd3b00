"""A cancel that finds nothing to cancel is kept for the next run of its session."""

from finale.admission import WhenBusy
from finale.events import Request
from finale.ledger import Ledger
from finale.record import RunRecord
from finale_sim.canaries.canary import Canary

__all__ = ["CANARY"]

_cancel, _submit = Ledger.cancel, Ledger.submit


def _sticky_cancel(self: Ledger, session: str, by: str, at: float) -> int:
    covered = _cancel(self, session, by, at)
    if not covered:
        vars(self).setdefault("pending", set()).add(session)
    return covered


def _poisoned_submit(self: Ledger, request: Request, when_busy: WhenBusy, at: float) -> RunRecord:
    record = _submit(self, request, when_busy, at)
    if request.session in vars(self).get("pending", ()):
        self.cancel_run(record, "an earlier cancel", at)
    return record


CANARY = Canary(
    "sticky cancel",
    "a cancel of an idle session hits the next run",
    "I4 cancel scope",
    "idle cancel",
    changes=((Ledger, "cancel", _sticky_cancel), (Ledger, "submit", _poisoned_submit)),
    symptom="The stop button is pressed while nothing runs, and the next prompt is cancelled at once.",
    immune="A cancel covers the runs that exist at that moment and leaves nothing behind that could outlive it.",
    case="idle-cancel-poisons-next",
    commit="4347015ab",
)
