"""A run's entry is deleted once more a moment later, and by then it is its successor's."""

import trio

from finale.executor import Executor, _Task
from finale.ledger import Ledger
from finale.record import Ending, RunRecord
from finale.runs import RunState
from finale_sim.canaries.canary import Canary

__all__ = ["CANARY"]

_execute, _ended = Executor._execute, Ledger.ended


async def _deleting_execute(self: Executor, record: RunRecord, task: _Task) -> None:
    await _execute(self, record, task)
    await trio.lowlevel.checkpoint()
    self._do(lambda at: _delete(self._ledger, record, at))


def _delete(ledger: Ledger, record: RunRecord, at: float) -> None:
    if ledger.turns.holder(record.request.session) is not None:
        ledger.turns.released(record)
        ledger._start_heads(at)


def _lenient_ended(self: Ledger, record: RunRecord, ending: Ending, at: float) -> None:
    if self.turns.holder(record.request.session) is record:
        _ended(self, record, ending, at)
    elif record.state is not RunState.SETTLED:
        self._settle(record, ending, at)


CANARY = Canary(
    "deferred delete",
    "a run that has left frees the session of the next one",
    "I6 single flight",
    "queue behind",
    changes=((Executor, "_execute", _deleting_execute), (Ledger, "ended", _lenient_ended)),
    symptom="A prompt cannot be stopped, and the next one runs into it.",
    immune="A session is released in one place, by the task that holds it, in the step in which it ends.",
    case="explicit-delete-wipes-successor",
)
