"""A terminate says how many runs it cancelled, not how many it settled."""

from finale.ledger import Ledger
from finale_sim.canaries.canary import Canary

__all__ = ["CANARY"]


def _terminate(self: Ledger, session: str, by: str, at: float) -> int:
    covered = self.cancel(session, by, at)
    for record in self.turns.live(session):
        self.terminate_run(record, by, at)
    return covered


CANARY = Canary(
    "counts its own cancels",
    "terminating a run that was cancelled before is said to have settled nothing",
    "I4 stops",
    "stopped again",
    changes=((Ledger, "terminate", _terminate),),
    symptom="A run that does not unwind is terminated, and the operator is told that there was nothing to terminate.",
    immune="The answer is the difference of one count before and after; how a run got there does not matter.",
)
