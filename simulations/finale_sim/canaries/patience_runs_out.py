"""A subscriber with a full buffer is waited for, for 50 ms; then its ending is dropped."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import trio

from finale import Event, Gap, RunComplete, Subscription, open_workspace
from finale_sim.canaries.canary import Canary, Overlay

__all__ = ["CANARY"]


async def _forward(events: Subscription, send: trio.MemorySendChannel[Event | Gap]) -> None:
    async with send:
        async for event in events:
            try:
                send.send_nowait(event)
            except trio.WouldBlock:
                if isinstance(event, RunComplete):
                    with trio.move_on_after(0.05):
                        await send.send(event)


@asynccontextmanager
async def _opens(coordinator: Any, **options: Any) -> AsyncIterator[Overlay]:
    async with trio.open_nursery() as forwarding, open_workspace(coordinator, **options) as workspace:

        def subscribe(*, session: str | None = None, since: int | None = None) -> Any:
            if since is not None:  # the witness of a trial asks for all there was
                return workspace.subscribe(since=since)
            send, receive = trio.open_memory_channel[Event | Gap](1)
            forwarding.start_soon(_forward, workspace.subscribe(session=session), send)
            return receive

        yield Overlay(workspace, subscribe=subscribe)


CANARY = Canary(
    "patience runs out",
    "an ending that must be delivered is dropped after 50 ms",
    "I11 delivery",
    "slow subscribers",
    workspace=_opens,
    symptom="A window that was busy for a moment shows a run as going on for ever.",
    immune=(
        "Nothing is sent to a subscriber, so nothing can be full; it finds the ending when it reads on, or a gap that counts it."
    ),
    case="must-deliver-drop-is-final",
)
