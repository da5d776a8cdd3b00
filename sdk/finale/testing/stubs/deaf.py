"""Deaf: takes no notice of a cancel for a long time."""

import trio

from finale.coordinator import RunContext
from finale.events import Request

__all__ = ["Deaf"]


class Deaf:
    """Shields its work, which takes longer than any grace."""

    async def run(self, request: Request, ctx: RunContext) -> str:
        with trio.CancelScope(shield=True):
            await trio.sleep(20)
        return f"answer to {request.prompt}"
