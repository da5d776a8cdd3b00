"""Fails on the n-th call, and on no other."""

import trio

from finale.coordinator import RunContext
from finale.events import Request

__all__ = ["FailsNth"]


class FailsNth:
    """The second call fails."""

    def __init__(self, n: int = 2) -> None:
        self._n = n
        self._called = 0

    async def run(self, request: Request, ctx: RunContext) -> str:
        self._called += 1
        turn = self._called
        await trio.sleep(1)
        if turn == self._n:
            raise TimeoutError(f"call {turn} took too long")
        return f"answer to {request.prompt}"
