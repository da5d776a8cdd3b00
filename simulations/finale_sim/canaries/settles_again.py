"""The end of a task settles its run without asking whether that was done early."""

from finale.ledger import Ledger
from finale.record import Ending, RunRecord
from finale_sim.canaries.canary import Canary

__all__ = ["CANARY"]

_ended = Ledger.ended


def _forgetful_ended(self: Ledger, record: RunRecord, ending: Ending, at: float) -> None:
    self._settle(record, ending, at)
    _ended(self, record, Ending(ending.status), at)


CANARY = Canary(
    "settles again",
    "the table refuses a second ending, and the workspace comes down",
    "no crash",
    "publishes twice",
    changes=((Ledger, "ended", _forgetful_ended),),
    symptom="A result that was published early brings the whole program down later.",
    immune="The end of a task asks the table first; a settled run only adds a notification.",
)
