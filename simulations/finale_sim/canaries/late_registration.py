"""What cancels a run is in place only when its task has taken its first step."""

from finale.executor import Executor, _Task
from finale.record import RunRecord
from finale_sim.canaries.canary import Canary

__all__ = ["CANARY"]

_stop, _execute = Executor.stop, Executor._execute


def _hoping_stop(self: Executor, record: RunRecord) -> None:
    if record.number in vars(self).get("registered", ()):
        _stop(self, record)


async def _registering_execute(self: Executor, record: RunRecord, task: _Task) -> None:
    vars(self).setdefault("registered", set()).add(record.number)
    await _execute(self, record, task)


CANARY = Canary(
    "late registration",
    "a cancel between starting and the first step reaches nobody",
    "I4 cancel scope",
    "cancel race",
    changes=((Executor, "stop", _hoping_stop), (Executor, "_execute", _registering_execute)),
    symptom="Stop is pressed at the very start of a run, and it goes on.",
    immune="The cancel scope of a run exists before its task does, in the step in which the run becomes active.",
    case="cancel-between-register-and-first-message",
    commit="4347015ab",
)
