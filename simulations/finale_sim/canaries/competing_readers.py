"""All subscribers read from one channel, and each event reaches one of them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from math import inf
from typing import Any

import trio

from finale import Event, Gap, Subscription, open_workspace
from finale_sim.canaries.canary import Canary, Overlay

__all__ = ["CANARY"]


async def _forward(events: Subscription, send: trio.MemorySendChannel[Event | Gap]) -> None:
    async with send:
        async for event in events:
            send.send_nowait(event)


@asynccontextmanager
async def _opens(coordinator: Any, **options: Any) -> AsyncIterator[Overlay]:
    send, receive = trio.open_memory_channel[Event | Gap](inf)
    async with trio.open_nursery() as forwarding, open_workspace(coordinator, **options) as workspace:
        forwarding.start_soon(_forward, workspace.subscribe(), send)

        def subscribe(*, session: str | None = None, since: int | None = None) -> Any:
            if session is not None or since is not None:  # the witness of a trial asks for all there was
                return workspace.subscribe(session=session, since=since)
            return receive.clone()

        yield Overlay(workspace, subscribe=subscribe)


CANARY = Canary(
    "competing readers",
    "two subscribers share what each of them should get",
    "I11 delivery",
    "two readers",
    workspace=_opens,
    symptom="Two windows show the same session, and each of them has half of the text.",
    immune="A subscription is a cursor in a log that nobody takes anything out of.",
    case="competing-consumers",
    commit="4d16e96bd",
)
