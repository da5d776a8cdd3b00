"""Who comes last is put at the head of the queue."""

from finale.record import RunRecord
from finale.turns import _Session
from finale_sim.canaries.canary import Canary

__all__ = ["CANARY"]


def _push(self: _Session, record: RunRecord) -> None:
    if self.first is None:
        self.last = record
    else:
        self.first.leader, record.follower = record, self.first
    self.first = record
    self.waiting += 1


CANARY = Canary(
    "newest first",
    "a newcomer overtakes those that wait",
    "I6 single flight",
    "queue behind",
    changes=((_Session, "push", _push),),
    symptom="Prompts are answered in another order than they were typed.",
    immune="Each session has one queue, which is joined at its end in the step that accepts the run.",
    case="no-fifo",
)
