"""Chatty: reports much, without waiting."""

import trio

from finale.coordinator import RunContext
from finale.events import Request

__all__ = ["Chatty"]


class Chatty:
    """Reports in bursts of ten, more than a small log keeps."""

    async def run(self, request: Request, ctx: RunContext) -> str:
        for burst in range(3):
            for n in range(10):
                ctx.progress_nowait(f"{request.prompt} {burst}.{n}")
            await trio.sleep(1)
        return f"answer to {request.prompt}"
