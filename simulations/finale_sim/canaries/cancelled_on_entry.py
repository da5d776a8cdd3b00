"""A run that is cancelled before its task begins returns before it has set up how it tells its end."""

from finale.executor import Executor
from finale_sim.canaries.canary import Canary, rewritten

__all__ = ["CANARY"]

_TAKE_THE_EXIT = """ending = _UNJUDGED
    if task.scope.cancel_called:
        del self._tasks[record]
        task.grace.cancel()
        self._do(lambda at: (self._ledger.turns.released(record), self._ledger._start_heads(at)))
        return"""

CANARY = Canary(
    "cancelled on entry",
    "a run that was cancelled early enough has no ending",
    "I1 one terminal",
    "cancel race",
    changes=((Executor, "_execute", rewritten(Executor._execute, "ending = _UNJUDGED", _TAKE_THE_EXIT)),),
    symptom="Stop is pressed right after a prompt, the run is stopped, and its client waits for ever.",
    immune="The finally that settles is around the whole task; a task cannot be left before it is entered.",
    case="cancel-on-entry-without-terminal",
    commit="34995e933",
)
