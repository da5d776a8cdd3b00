"""Never returns: waits for ever, and cleans up when it is cancelled."""

import trio

from finale.coordinator import RunContext
from finale.events import Request

__all__ = ["NeverReturns"]


class NeverReturns:
    """Ends only when it is cancelled; its clean-up takes a second of its own."""

    async def run(self, request: Request, ctx: RunContext) -> str:
        try:
            await trio.sleep_forever()
        finally:
            with trio.CancelScope(shield=True):
                await trio.sleep(1)
