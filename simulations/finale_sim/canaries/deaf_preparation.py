"""What a run does before it says its first word cannot be cancelled."""

from typing import Any

import trio

from finale import executor
from finale.context import Context
from finale.coordinator import Coordinator
from finale.events import Request
from finale_sim.canaries.canary import Canary, Overlay

__all__ = ["CANARY"]

_work = executor._work


async def _deaf_work(coordinator: Coordinator, request: Request, ctx: Context) -> object:
    with trio.CancelScope(shield=True) as model_update:

        async def progress(payload: Any) -> None:
            model_update.shield = False
            await ctx.progress(payload)

        return await _work(coordinator, request, Overlay(ctx, progress=progress))  # type: ignore[arg-type]  # it has all of it
    raise AssertionError("nobody cancels this scope")


CANARY = Canary(
    "deaf preparation",
    "a cancel waits until the preparation is through",
    "I4 cancel scope",
    "cancel race",
    changes=((executor, "_work", _deaf_work),),
    symptom="Stop is pressed, and nothing happens until a slow start is over.",
    immune="The cancel scope of a run is around its preparation, too, and nothing in the SDK shields it.",
    case="cancel-latency-in-pre-run",
)
