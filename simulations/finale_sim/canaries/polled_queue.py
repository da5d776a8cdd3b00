"""The end of a run starts nobody: somebody looks after the queue a second later."""

import trio

from finale.executor import Executor, _Task
from finale.ledger import Ledger, RunRecord, _Session
from finale_sim.canaries.canary import Canary

__all__ = ["CANARY"]

_execute, _offer = Executor._execute, Ledger._offer


async def _polling_execute(self: Executor, record: RunRecord, task: _Task) -> None:
    ledger, name = self._ledger, record.request.session
    vars(ledger)["polled"] = True
    await _execute(self, record, task)
    session = ledger._sessions.get(name)
    if session is not None and session.active is None:
        with trio.CancelScope(shield=True):
            await trio.sleep(1)
        self._do(_look_after, ledger, name)


def _look_after(ledger: Ledger, name: str, at: float) -> None:
    session = ledger._sessions.get(name)
    if session is not None and session.active is None:
        _offer(ledger, name, session, at)


def _lazy_offer(self: Ledger, name: str, session: _Session, at: float) -> None:
    if session.head() is None or "polled" not in vars(self):
        _offer(self, name, session, at)


CANARY = Canary(
    "polled queue",
    "the next run waits for somebody to look",
    "I9 no stranding",
    ((Executor, "_execute", _polling_execute), (Ledger, "_offer", _lazy_offer)),
)
