"""A waiter looks at the record, takes a breath, and goes to sleep without looking again."""

import trio

from finale.events import RunComplete
from finale.handle import RunHandle
from finale_sim.canaries.canary import Canary

__all__ = ["CANARY"]


async def _wait(self: RunHandle) -> RunComplete:
    while (complete := self.complete) is None:
        await trio.lowlevel.checkpoint()
        await self._broker.wait(("run", self.run_id))
    return complete


CANARY = Canary(
    "lost wake-up",
    "an ending between a waiter's look and its sleep is missed",
    "I12 waiter ends",
    "cancel race",
    changes=((RunHandle, "wait", _wait),),
    symptom="A client waits for ever for a run that ended while it was about to wait.",
    immune="A waiter looks and goes to sleep without a checkpoint in between, and looks again whenever it wakes.",
)
