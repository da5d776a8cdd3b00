"""Fails after publishing: completes early, goes on for a second, and then raises."""

import trio

from finale.coordinator import RunContext
from finale.events import Request

__all__ = ["FailsAfter"]


class FailsAfter:
    """Its ending is the published one, whatever comes later."""

    async def run(self, request: Request, ctx: RunContext) -> str:
        await trio.sleep(1)
        ctx.complete(f"answer to {request.prompt}")
        await trio.sleep(1)
        raise OSError(f"the disk is full, after {request.prompt}")
