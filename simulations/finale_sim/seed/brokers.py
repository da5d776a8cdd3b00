"""Delivery: bounded channels, one for each subscriber. What does not fit is dropped, or waited for a little, and then dropped."""

from collections.abc import AsyncIterator
from contextlib import suppress

import trio

from finale import Event

__all__ = ["Broker", "fan_in"]

_MUST_S = 0.05


class Broker:
    """Publishes to every subscriber; each has room for ``size`` events."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._subscribers: list[trio.MemorySendChannel[Event]] = []

    def subscribe(self) -> trio.MemoryReceiveChannel[Event]:
        """Everything that is published from now on, as far as there is room."""
        send, receive = trio.open_memory_channel[Event](self._size)
        self._subscribers.append(send)
        return receive

    def publish(self, event: Event) -> None:
        """Lossy: whoever has no room does not get it, and nobody is told."""
        for subscriber in self._subscribers:
            _offer(subscriber, event)

    async def must_deliver(self, event: Event) -> None:
        """Whoever has no room is waited for, as long as the caller may wait at all, at most 50 ms each; then it is dropped."""
        for subscriber in list(self._subscribers):
            if not _offer(subscriber, event):
                with trio.move_on_after(_MUST_S), suppress(trio.BrokenResourceError, trio.ClosedResourceError):
                    await subscriber.send(event)

    def close(self) -> None:
        """Nothing more will come."""
        while self._subscribers:
            self._subscribers.pop().close()


def _offer(subscriber: trio.MemorySendChannel[Event], event: Event) -> bool:
    try:
        subscriber.send_nowait(event)
    except trio.WouldBlock:
        return False
    except trio.BrokenResourceError:
        return True  # it has left
    return True


async def fan_in(source: AsyncIterator[Event], target: Broker, must: type[Event]) -> None:
    """Carry what one broker publishes to the subscribers of another, events of the type ``must`` with patience."""
    async for event in source:
        if isinstance(event, must):
            await target.must_deliver(event)
        else:
            target.publish(event)
