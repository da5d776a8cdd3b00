"""Stops the program: raises SystemExit in the middle of its work."""

import trio

from finale.coordinator import RunContext
from finale.events import Request

__all__ = ["StopsProgram"]


class StopsProgram:
    """Exits for prompts with the word "stop", and works for two seconds for others."""

    async def run(self, request: Request, ctx: RunContext) -> str:
        await trio.sleep(1)
        if "stop" in request.prompt:
            raise SystemExit(f"stopped by {request.prompt}")
        await trio.sleep(1)
        return f"answer to {request.prompt}"
