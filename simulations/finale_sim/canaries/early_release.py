"""An early completion frees the session at once, while the run's task is still cleaning up."""

from finale.ledger import Ledger
from finale.record import Ending, RunRecord
from finale_sim.canaries.canary import Canary

__all__ = ["CANARY"]

_complete, _ended = Ledger.complete, Ledger.ended


def _releasing_complete(self: Ledger, record: RunRecord, text: str | None, at: float) -> None:
    _complete(self, record, text, at)
    if self.turns.holder(record.request.session) is record:
        self.turns.released(record)
        self._start_heads(at)


def _lenient_ended(self: Ledger, record: RunRecord, ending: Ending, at: float) -> None:
    if self.turns.holder(record.request.session) is record:
        _ended(self, record, ending, at)


CANARY = Canary(
    "early release",
    "the next run starts while the last one is still cleaning up",
    "I6 single flight",
    "publishes twice",
    changes=((Ledger, "complete", _releasing_complete), (Ledger, "ended", _lenient_ended)),
    symptom="Two prompts of one conversation write at the same time, because the first had published its answer.",
    immune="A session is free when the task has ended, not when the result is known: two states, and two commands of the ledger.",
)
