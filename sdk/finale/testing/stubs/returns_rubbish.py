"""Returns rubbish: something that is not text, without ever waiting."""

from typing import Any

from finale.coordinator import RunContext
from finale.events import Request

__all__ = ["ReturnsRubbish"]


class ReturnsRubbish:
    """Returns a number for every other prompt; the others are answered properly, and neither has a checkpoint."""

    def __init__(self) -> None:
        self._called = 0

    async def run(self, request: Request, ctx: RunContext) -> Any:
        self._called += 1
        return self._called if self._called % 2 else f"answer to {request.prompt}"
