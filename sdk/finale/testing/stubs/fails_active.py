"""Fails while active: reports something, then raises; a group if the prompt asks for one."""

import trio

from finale.coordinator import RunContext
from finale.events import Request

__all__ = ["FailsActive"]


class FailsActive:
    """Fails for prompts with the word "fail", in a group for those with "group"."""

    async def run(self, request: Request, ctx: RunContext) -> str:
        await ctx.progress(f"partial {request.prompt}")
        await trio.sleep(1)
        if "group" in request.prompt:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(trio.sleep_forever)
                nursery.start_soon(_fail, request.prompt)
        if "fail" in request.prompt:
            raise ValueError(f"failed at {request.prompt}")
        return f"answer to {request.prompt}"


async def _fail(prompt: str) -> None:
    raise ValueError(f"failed at {prompt}")
