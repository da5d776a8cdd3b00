"""Folds: works in steps, and takes in at each step what was submitted to be answered together."""

import trio

from finale.coordinator import RunContext
from finale.events import Request

__all__ = ["Folds"]


class Folds:
    """Answers all that it took in."""

    async def run(self, request: Request, ctx: RunContext) -> str:
        prompts = [request.prompt]
        for _ in range(3):
            await trio.sleep(1)
            prompts += [folded.prompt for folded in ctx.take_folded()]
        return f"answer to {', '.join(prompts)}"
