"""Fails before running: every other preparation fails, each time in another way, one of them like a cancellation."""

import trio

from finale.coordinator import RunContext
from finale.events import Request

__all__ = ["FailsBefore"]


class FakeCancelled(Exception):
    """Looks like a cancellation and is none, like the ones that other frameworks raise."""


class FailsBefore:
    """Runs 1, 3, 5 … fail before their coordinator is called; the others are fine."""

    def __init__(self) -> None:
        self._prepared = 0

    async def prepare(self) -> None:
        self._prepared += 1
        turn = self._prepared
        await trio.sleep(1)
        if turn % 4 == 1:
            raise ConnectionError(f"no credentials at preparation {turn}")
        if turn % 4 == 3:
            raise FakeCancelled(f"cancelled, it says, at preparation {turn}")

    async def run(self, request: Request, ctx: RunContext) -> str:
        await trio.sleep(1)
        return f"answer to {request.prompt}"
