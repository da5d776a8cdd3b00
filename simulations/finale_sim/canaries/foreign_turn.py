"""A waiter takes the first ending of its session for that of its run."""

from finale.events import RunComplete
from finale.handle import RunHandle
from finale_sim.canaries.canary import Canary

__all__ = ["CANARY"]


async def _wait(self: RunHandle) -> RunComplete:
    if self.complete is not None:
        return self.complete
    async for event in self._broker.subscribe(session=self.session):
        if isinstance(event, RunComplete):
            return event
    raise AssertionError("the workspace closed without an ending")


CANARY = Canary(
    "foreign turn",
    "a waiter goes home with another run's ending",
    "I12 waiter ends",
    "queue behind",
    ((RunHandle, "wait", _wait),),
)
