"""Steady: prepares for a second, works for two, says so in between, and answers."""

import trio

from finale.coordinator import RunContext
from finale.events import Request

__all__ = ["Steady"]


class Steady:
    """The plainest coordinator. Its answer names its prompt, so that a mix-up shows."""

    async def prepare(self) -> None:
        await trio.sleep(1)

    async def run(self, request: Request, ctx: RunContext) -> str:
        await trio.sleep(1)
        await ctx.progress(f"working on {request.prompt}")
        await trio.sleep(1)
        return f"answer to {request.prompt}"
