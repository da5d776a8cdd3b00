"""Swallows its cancel: catches the cancellation, and returns as if nothing had happened."""

import trio

from finale.coordinator import RunContext
from finale.events import Request

__all__ = ["SwallowsCancel"]


class SwallowsCancel:
    """Returns a text in any case, so its runs are completed in any case."""

    async def run(self, request: Request, ctx: RunContext) -> str:
        try:
            await trio.sleep(2)
        except trio.Cancelled:
            return f"half an answer to {request.prompt}"
        return f"answer to {request.prompt}"
