"""A run with others behind it leaves it to them to tell the end."""

from finale.ledger import Ledger
from finale.record import Ending, RunRecord
from finale.runs import RunState
from finale_sim.canaries.canary import Canary

__all__ = ["CANARY"]

_ended = Ledger.ended


def _trusting_ended(self: Ledger, record: RunRecord, ending: Ending, at: float) -> None:
    if self.turns.length(record.request.session):
        record.state = RunState.SETTLED  # the next one will publish
    _ended(self, record, ending, at)


CANARY = Canary(
    "swallowed outer",
    "the first of several runs is never told to have ended",
    "I1 one terminal",
    "queue behind",
    changes=((Ledger, "ended", _trusting_ended),),
    symptom="Two prompts one after the other: both are answered, and the first client waits for ever.",
    immune="Each run is settled by its own task; whether somebody waits behind it is not asked there.",
    case="handoff-swallows-outer-terminal",
    commit="cbec4916b",
)
