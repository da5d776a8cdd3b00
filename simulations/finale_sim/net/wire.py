"""One direction of a connection: bytes in order, as many as the buffer holds, some of them still on their way."""

from collections import deque
from math import inf

import trio

from finale_sim.net.weather import Weather

__all__ = ["Wire"]


class Wire:
    """Between one sender and one receiver. ``name`` is for labels of choices, like ``10.0.0.1:80 to 10.0.0.2:49152``."""

    def __init__(self, name: str, weather: Weather, buffer_size: int) -> None:
        self.name = name
        self.broken = False  # reset: whoever touches it is told
        self.deserted = False  # the receiver has closed: what is sent now breaks it
        self._weather = weather
        self._room = buffer_size
        self._arriving: deque[tuple[float, bytes]] = deque()  # (virtual time of arrival, data); no data: the end
        self._cut = False  # half-open: what is sent gets lost
        self._changed = trio.lowlevel.ParkingLot()

    def wake(self) -> None:
        """Something has changed; whoever waits looks again."""
        self._changed.unpark_all()

    @property
    def readable(self) -> bool:
        """Whether a receive would not wait."""
        return self.broken or (bool(self._arriving) and self._arriving[0][0] <= trio.current_time())

    @property
    def writable(self) -> bool:
        """Whether a send would not wait."""
        return self.broken or self.deserted or self._room > 0

    async def until_writable(self) -> None:
        """Sleep until that may have changed."""
        await self._changed.park()

    async def until_readable(self) -> None:
        """Sleep until something arrives, or something else happens."""
        with trio.move_on_at(self._arriving[0][0] if self._arriving else inf):
            await self._changed.park()

    def send(self, data: bytes) -> int:
        """Put as much of ``data`` on its way as there is room for; how much that was."""
        self._cut = self._cut or self._weather.strikes("half-open", self.name)
        part = data[: self._room]
        self._room -= len(part)  # for ever, if it gets lost: nobody acknowledges it
        self._put(part)
        return len(part)

    def end(self) -> None:
        """Nothing follows."""
        self._put(b"")

    def receive(self, most: int) -> bytes:
        """What has arrived, at most so many bytes; empty at the end."""
        at, data = self._arriving[0]
        if not data:
            return b""  # it stays there, to be read again
        size = 1 if len(data) > 1 and self._weather.strikes("split", self.name) else min(most, len(data))
        part, rest = data[:size], data[size:]
        self._arriving.popleft()
        if rest:
            self._arriving.appendleft((at, rest))
        self._room += len(part)
        self.wake()
        return part

    def _put(self, data: bytes) -> None:
        if self._cut:
            return
        arrives = trio.current_time() + self._weather.late_s(self.name)
        if self._arriving:
            arrives = max(arrives, self._arriving[-1][0])  # TCP keeps the order
        self._arriving.append((arrives, data))
        self.wake()
