"""A journal whose appends fail, stall or are late, as the trial's choices say."""

from collections.abc import Callable, Sequence

import trio

from finale import Event

__all__ = ["FailingJournal"]


class FailingJournal:
    """Claims to be durable. Before each append it draws what happens to it.

    0: nothing; 1: it fails; 2: it takes a minute; 3: it fails, and so does every one after it.
    """

    durable = True

    def __init__(self, strikes: Callable[[str, int], int]) -> None:
        self.stored: list[Event] = []
        self._strikes = strikes
        self._broken = False

    async def append(self, events: Sequence[Event]) -> None:
        await trio.lowlevel.checkpoint()
        what = 3 if self._broken else self._strikes("journal append", 4)
        self._broken = what == 3
        if what in (1, 3):
            raise OSError("no space left on the journal's device")
        if what == 2:
            await trio.sleep(60)
        self.stored.extend(events)

    async def read(self, after: int = 0) -> Sequence[Event]:
        return [event for event in self.stored if event.seq > after]

    async def aclose(self) -> None:
        await trio.lowlevel.checkpoint()
        if self._strikes("journal close", 2):
            raise OSError("the journal does not close")
