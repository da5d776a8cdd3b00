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
    ((RunHandle, "wait", _wait),),
)
