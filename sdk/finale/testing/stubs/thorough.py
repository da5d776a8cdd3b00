"""Thorough: prepares, works, and puts everything away afterwards, at length and in many words."""

import trio

from finale.coordinator import RunContext
from finale.events import Request

__all__ = ["Thorough"]


class Thorough:
    """Prepares for a second, works for two, and tidies up for three, whatever ends its work.

    In the middle of its work it takes along what was submitted to be folded. For prompts with the word "stop" it exits before
    that, and tidies nothing up.
    """

    async def prepare(self) -> None:
        await trio.sleep(1)

    async def run(self, request: Request, ctx: RunContext) -> str:
        if "stop" in request.prompt:
            await trio.sleep(1.25)
            raise SystemExit(f"stopped by {request.prompt}")
        try:
            await trio.sleep(1)
            await ctx.progress(f"working on {request.prompt}")
            ctx.take_folded()
            await trio.sleep(1)
        finally:
            for n in range(10):
                ctx.progress_nowait(f"tidying up {n} of {request.prompt}")
            with trio.CancelScope(shield=True):
                await trio.sleep(3)
        return f"answer to {request.prompt}"
