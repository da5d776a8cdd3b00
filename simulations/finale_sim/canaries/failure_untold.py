"""A failure is raised where the run was started, and nobody waits there any more."""

from finale.events import Status
from finale.ledger import Ledger
from finale.record import Ending, RunRecord
from finale_sim.canaries.canary import Canary

__all__ = ["CANARY"]

_ended = Ledger.ended


def _silent_ended(self: Ledger, record: RunRecord, ending: Ending, at: float) -> None:
    if ending.status is not Status.FAILED:
        _ended(self, record, ending, at)
        return
    self.turns.released(record)
    self._start_heads(at)


CANARY = Canary(
    "failure untold",
    "a run that fails has no ending, because its request was answered long ago",
    "I1 one terminal",
    "fails while active",
    changes=((Ledger, "ended", _silent_ended),),
    symptom="The prompt was accepted, its run fails, and every client that watches goes on watching.",
    immune="An error is not handed back to a caller: it becomes the ending of its run, like everything else a task can end with.",
    case="failure-after-202-is-invisible",
    commit="0a977431d",
)
