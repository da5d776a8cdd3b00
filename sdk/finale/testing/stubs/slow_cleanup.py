"""Slow clean-up: takes its time to put things away, within its grace."""

import trio

from finale.coordinator import RunContext
from finale.events import Request

__all__ = ["SlowCleanup"]


class SlowCleanup:
    """Works for two seconds; cancelled, it needs three more."""

    async def run(self, request: Request, ctx: RunContext) -> str:
        try:
            await trio.sleep(2)
        finally:
            with trio.CancelScope(shield=True):
                await trio.sleep(3)
        return f"answer to {request.prompt}"
