"""Clean-up fails: raises while a cancellation unwinds it."""

import trio

from finale.coordinator import RunContext
from finale.events import Request

__all__ = ["CleanupFails"]


class CleanupFails:
    """Completes if it is left alone; cancelled, it raises from its clean-up."""

    async def run(self, request: Request, ctx: RunContext) -> str:
        try:
            await trio.sleep(2)
        except trio.Cancelled:
            raise OSError(f"could not put {request.prompt} away") from None
        return f"answer to {request.prompt}"
