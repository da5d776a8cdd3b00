"""Events for a plain ``for`` and for ``async for``, fetched from the host as they are asked for."""

from collections import deque
from typing import Self

import trio

from finale.events import Event, Gap
from finale.notebook.host import Host, Job
from finale.notebook.waiting import await_job, block_on
from finale.notebook.wording import Tell
from finale.subscription import BATCH, Subscription

__all__ = ["Events", "fetch"]


class Events:
    """What a ``finale.Subscription`` gives, for ``for`` as well as ``async for``. One reader at a time.

    Leaving it early, by ``break`` or by an interrupt, is free, and one may go on reading later.
    """

    def __init__(self, host: Host, subscription: Subscription, otherwise: Tell) -> None:
        self._host = host
        self._subscription = subscription
        self._otherwise = otherwise
        self._fetched: deque[Event | Gap] = deque()

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Event | Gap:
        if not self._fetched:
            block_on(self._host, self._start, self._otherwise)
        if not self._fetched:
            raise StopIteration
        return self._fetched.popleft()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Event | Gap:
        if not self._fetched:
            await await_job(self._start(), self._otherwise)
        if not self._fetched:
            raise StopAsyncIteration
        return self._fetched.popleft()

    def __repr__(self) -> str:
        return "<events: iterate with for, or with async for>"

    def _start(self) -> Job[None]:
        return self._host.start(fetch, self._subscription, self._fetched)


async def fetch(subscription: Subscription, into: deque[Event | Gap]) -> None:
    """Wait for an event, and take along those that are there already; if there are none then, the subscription has ended.

    Each is put where it is safe at once, should somebody give up meanwhile.
    """
    if not into:
        async for event in subscription:
            into.append(event)
            break
    with trio.CancelScope() as no_wait:
        no_wait.cancel()
        async for event in subscription:
            into.append(event)
            if len(into) >= BATCH:
                break
