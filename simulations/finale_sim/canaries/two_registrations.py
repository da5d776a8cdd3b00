"""A session counts as idle until its run has said something: two prompts find it so."""

from finale.admission import WhenBusy
from finale.events import Request, RunStarted
from finale.ledger import Ledger
from finale.record import Ending, RunRecord
from finale.runs import Command, RunState, advance
from finale_sim.canaries.canary import Canary

__all__ = ["CANARY"]

_submit, _ended = Ledger.submit, Ledger.ended
_NOTHING_SAID = 2  # events: accepted and started


def _hasty_submit(self: Ledger, request: Request, when_busy: WhenBusy, at: float) -> RunRecord:
    record = _submit(self, request, when_busy, at)
    holder = self.turns.holder(request.session)
    if record.state is RunState.WAITING and holder is not None and holder.events <= _NOTHING_SAID:
        self.turns.left(record)
        record.state = advance(record.state, Command.START)
        self._emit(RunStarted, record, at)
        self.outbox.started.append(record)
    return record


def _ended_of_two(self: Ledger, record: RunRecord, ending: Ending, at: float) -> None:
    if self.turns.holder(record.request.session) is record:
        _ended(self, record, ending, at)
    elif record.state is not RunState.SETTLED:
        self._settle(record, ending, at)


CANARY = Canary(
    "two registrations",
    "two runs of one session start because each found it idle",
    "I6 single flight",
    "queue behind",
    changes=((Ledger, "submit", _hasty_submit), (Ledger, "ended", _ended_of_two)),
    symptom="Two prompts come at once, and their answers are written into each other.",
    immune="Whether a session is free and that it is taken is one step, for all callers.",
    case="busy-check-then-register-gap",
    commit="ae9257b9c",
)
