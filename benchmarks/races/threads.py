"""Threads, as tasks: what the programs of a folder share."""

from collections.abc import Awaitable, Callable

import trio
from trio.lowlevel import checkpoint

__all__ = ["Program", "Thread", "started"]

Program = Callable[[], Awaitable[None]]
Thread = Callable[[], Awaitable[None]]


async def started(*threads: Thread) -> None:
    """Start one after another, each of which takes a step, and wait for all."""
    async with trio.open_nursery() as nursery:
        for thread in threads:
            nursery.start_soon(thread)
            await checkpoint()
