"""Slow steps: is silent for longer and longer between two reports."""

import trio

from finale.coordinator import RunContext
from finale.events import Request

__all__ = ["SlowSteps"]


class SlowSteps:
    """Reports after 1, 3, 6 and 10 seconds, and answers then."""

    async def run(self, request: Request, ctx: RunContext) -> str:
        for seconds in (1, 2, 3, 4):
            await trio.sleep(seconds)
            await ctx.progress(f"{request.prompt} after {seconds} s of silence")
        return f"answer to {request.prompt}"
