"""The end of a run starts nobody: somebody looks after the queue a second later."""

import trio

from finale.executor import Executor, _Task
from finale.ledger import Ledger
from finale.record import RunRecord
from finale_sim.canaries.canary import Canary, rewritten

__all__ = ["CANARY"]

_execute = Executor._execute


async def _polling_execute(self: Executor, record: RunRecord, task: _Task) -> None:
    await _execute(self, record, task)
    with trio.CancelScope(shield=True):
        await trio.sleep(1)
    self._do(self._ledger._start_heads)


CANARY = Canary(
    "polled queue",
    "the next run waits for somebody to look",
    "I9 no stranding",
    "queue behind",
    changes=(
        (Executor, "_execute", _polling_execute),
        (Ledger, "ended", rewritten(Ledger.ended, "self._start_heads(at)", "pass")),
    ),
    symptom="There is a pause between two prompts that nobody asked for.",
    immune="The end of a run and the start of the next one are one step of the ledger; nobody has to look.",
)
