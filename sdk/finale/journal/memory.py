"""A journal that lives and dies with the process: for tests, and for reading back what happened."""

from collections.abc import Sequence

import trio

from finale.errors import JournalError
from finale.events import Event

__all__ = ["MemoryJournal"]


class MemoryJournal:
    """Keeps every event, so its memory grows with the number of runs."""

    durable = False

    def __init__(self) -> None:
        self._events: dict[int, Event] = {}

    async def append(self, events: Sequence[Event]) -> None:
        await trio.lowlevel.checkpoint()
        for event in events:
            if self._events.setdefault(event.seq, event) != event:
                raise JournalError(f"seq {event.seq} is another event already; one workspace at a time may write to a journal")

    async def read(self, after: int = 0) -> list[Event]:
        await trio.lowlevel.checkpoint()
        return [event for event in self._events.values() if event.seq > after]

    async def aclose(self) -> None:
        await trio.lowlevel.checkpoint()
