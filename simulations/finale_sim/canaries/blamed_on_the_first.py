"""The error of a run behind is raised in the call of the one before it."""

from finale.events import Status
from finale.ledger import Ledger
from finale.record import Ending, RunRecord
from finale_sim.canaries.canary import Canary

__all__ = ["CANARY"]

_ended = Ledger.ended


def _recursing_ended(self: Ledger, record: RunRecord, ending: Ending, at: float) -> None:
    held: dict[str, list[tuple[RunRecord, Ending]]] = vars(self).setdefault("held", {})
    session = record.request.session
    if self.turns.length(session):
        held.setdefault(session, []).append((record, ending))
        self.turns.released(record)
        self._start_heads(at)
        return
    _ended(self, record, ending, at)
    for earlier, its in reversed(held.pop(session, [])):
        self._settle(earlier, ending if ending.status is Status.FAILED else its, at)


CANARY = Canary(
    "blamed on the first",
    "a run that was fine ends with the error of the one behind it",
    "I2 attribution",
    "fails behind",
    changes=((Ledger, "ended", _recursing_ended),),
    symptom="The first prompt was answered, and its client exits with the error of the second one.",
    immune="An error is judged in the task that raised it, and settles the run of that task.",
    case="successor-failure-blamed-on-finished-run",
)
