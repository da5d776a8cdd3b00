"""Publishes twice: completes, reports, completes again with another text, and returns a third one."""

import trio

from finale.coordinator import RunContext
from finale.events import Request

__all__ = ["PublishesTwice"]


class PublishesTwice:
    """Breaks its contract three times; the first ending stands."""

    async def run(self, request: Request, ctx: RunContext) -> str:
        await trio.sleep(1)
        ctx.complete(f"answer to {request.prompt}")
        ctx.progress_nowait("one more thing")
        await trio.sleep(1)
        ctx.complete("another answer")
        return "a third answer"
