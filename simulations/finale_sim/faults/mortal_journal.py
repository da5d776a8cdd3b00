"""A journal whose process is killed in the middle of an append, as the trial's choices say. What it had stored survives."""

from collections.abc import Callable, Sequence
from typing import NoReturn

import trio

from finale import Event

__all__ = ["MortalJournal"]


class MortalJournal:
    """Before and after each append it draws whether the process is killed there: 0 lives on, 1 dies. It dies once."""

    durable = True

    def __init__(self, strikes: Callable[[str, int], int], die: Callable[[], NoReturn]) -> None:
        self.stored: list[Event] = []
        self._strikes = strikes
        self._die = die
        self._died = False

    async def append(self, events: Sequence[Event]) -> None:
        await trio.lowlevel.checkpoint()
        self._perhaps("journal dies before an append")
        known = {event.seq for event in self.stored}
        self.stored.extend(event for event in events if event.seq not in known)
        await trio.lowlevel.checkpoint()
        self._perhaps("journal dies after an append")

    def _perhaps(self, where: str) -> None:
        if not self._died and self._strikes(where, 2):
            self._died = True
            self._die()

    async def read(self, after: int = 0) -> Sequence[Event]:
        await trio.lowlevel.checkpoint()
        return [event for event in self.stored if event.seq > after]

    async def aclose(self) -> None:
        await trio.lowlevel.checkpoint()
