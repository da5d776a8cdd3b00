"""A failure is announced, and then it is told as the ending."""

from finale.ledger import Ledger
from finale.record import Ending, RunRecord
from finale_sim.canaries.canary import Canary

__all__ = ["CANARY"]

_settle = Ledger._settle


def _announcing_settle(self: Ledger, record: RunRecord, ending: Ending, at: float) -> None:
    if ending.error is not None:
        self._notify(record, "error", ending.error.message, at)
    _settle(self, record, ending, at)


CANARY = Canary(
    "two signals",
    "an error is told twice, by a notification and by the ending",
    "I1 one terminal",
    "fails while active",
    changes=((Ledger, "_settle", _announcing_settle),),
    symptom="The same failure is reported in two wordings, and which of them counts depends on which comes first.",
    immune="The error is part of the ending; a notification of one is made only for a run that has ended already.",
    case="error-has-two-signals",
)
