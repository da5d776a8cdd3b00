"""A client hears of its run through a channel with one place, and what does not fit is dropped."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import trio

from finale import Event, Gap, RunComplete, Subscription, open_workspace
from finale_sim.canaries.canary import Canary, Overlay

__all__ = ["CANARY"]


async def _forward(events: Subscription, send: trio.MemorySendChannel[Event | Gap]) -> None:
    async for event in events:
        try:
            send.send_nowait(event)
        except trio.WouldBlock:
            continue  # a busy client must not hold up the others


async def _wait(receive: trio.MemoryReceiveChannel[Event | Gap]) -> RunComplete:
    while True:
        event = await receive.receive()
        if isinstance(event, RunComplete):
            return event


@asynccontextmanager
async def _opens(coordinator: Any, **options: Any) -> AsyncIterator[Overlay]:
    async with trio.open_nursery() as forwarding, open_workspace(coordinator, **options) as workspace:

        def submit(*args: Any, **more: Any) -> Overlay:
            run = workspace.submit(*args, **more)
            send, receive = trio.open_memory_channel[Event | Gap](1)
            forwarding.start_soon(_forward, workspace.subscribe(run_id=run.run_id, since=0), send)
            return Overlay(run, wait=partial(_wait, receive))

        yield Overlay(workspace, submit=submit)


CANARY = Canary(
    "lossy terminal",
    "an ending is dropped because the client has not read yet",
    "I12 waiter ends",
    "contract broken",
    workspace=_opens,
    symptom="The run is over, and its client waits for ever.",
    immune="A waiter is not sent its ending: it is woken, and reads it from the record, which is there for good.",
    case="lossy-terminal-channel",
    commit="e14d47a81",
)
