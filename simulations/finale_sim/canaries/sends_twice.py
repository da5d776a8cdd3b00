"""The branch that tells of an error lacks a return."""

from finale.events import RunComplete, Status
from finale.ledger import Ledger
from finale.record import Ending, RunRecord
from finale.runs import RunState
from finale_sim.canaries.canary import Canary

__all__ = ["CANARY"]

_ended = Ledger.ended


def _falling_through(self: Ledger, record: RunRecord, ending: Ending, at: float) -> None:
    failed = ending.status is Status.FAILED and record.state is not RunState.SETTLED
    _ended(self, record, ending, at)
    if failed:
        self._emit(RunComplete, record, at, Status.COMPLETED, ending.text)


CANARY = Canary(
    "sends twice",
    "a run that failed completes as well",
    "I1 one terminal",
    "fails while active",
    changes=((Ledger, "ended", _falling_through),),
    symptom="A failed run reports its error, and then success.",
    immune="There is one call that makes terminal events, and the table lets it through once for each run.",
    case="early-send-missing-return",
    commit="dcc67b784",
)
