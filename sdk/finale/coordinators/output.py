"""What a program writes: read as it comes, passed on, and kept only in part, so that memory does not grow with the output."""

import math
from collections.abc import Awaitable, Callable, Iterator
from typing import TypeAlias

import trio

__all__ = ["Lines", "Reader", "Tail"]

_CHUNK = 65_536  # what a pipe holds by default on Linux
_QUIET_S = 1.0  # how long a pipe is waited for, in all, when nobody who should write to it is left
_LEFTOVER = 1 << 20  # the most that an unprivileged process may make a pipe hold (Linux: fs.pipe-max-size)

_PassOn: TypeAlias = Callable[[bytes], Awaitable[None]]


class Tail:
    """The last ``limit`` bytes of a stream."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._kept = bytearray()
        self._forgotten = 0

    def add(self, data: bytes) -> None:
        """Append ``data``; forget what is too old."""
        self._kept += data
        if len(self._kept) > 2 * self._limit:  # not sooner, so that the cost of moving bytes is spread over many calls
            self._forget()

    def text(self) -> str:
        """What is kept, as text. What was cut off in front of it is counted there."""
        self._forget()
        text = self._kept.decode("utf-8", "replace").strip()
        return f"[{self._forgotten} bytes cut] …{text}" if self._forgotten else text

    def last_line(self) -> str:
        """The last line with something in it, stripped; empty if there is none. It is cut visibly if its start was forgotten."""
        self._forget()
        _before, newline, line = bytes(self._kept.rstrip()).rpartition(b"\n")
        text = line.decode("utf-8", "replace").strip()
        return f"[cut] …{text}" if text and self._forgotten and not newline else text

    def _forget(self) -> None:
        excess = max(0, len(self._kept) - self._limit)
        del self._kept[:excess]
        self._forgotten += excess


class Lines:
    """Cuts a stream into texts of whole lines, at most ``limit`` bytes each. A line that is longer is cut visibly."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._held = bytearray()  # the start of the line that has not ended yet
        self._cut = 0

    def feed(self, chunk: bytes) -> Iterator[str]:
        """The texts that ``chunk`` completes: as many lines in each as fit. Read all of them before feeding more."""
        start = 0
        while start < len(chunk):
            end = 0 if self._held else chunk.rfind(b"\n", start, start + self._limit) + 1
            if end:
                yield chunk[start:end].decode("utf-8", "replace")
            else:  # the line at ``start`` began earlier, is too long, or ends later
                end = chunk.find(b"\n", start) + 1
                self._hold(chunk[start : end - 1] if end else chunk[start:])
                if not end:
                    return
                yield f"{self._take()}\n"
            start = end

    def rest(self) -> Iterator[str]:
        """The last line, if nothing ended it."""
        if self._held:
            yield self._take()

    def _hold(self, part: bytes) -> None:
        room = self._limit - len(self._held)
        self._held += part[:room]
        self._cut += max(0, len(part) - room)

    def _take(self) -> str:
        note = f"… [{self._cut} bytes cut]" if self._cut else ""
        text = self._held.decode("utf-8", "replace") + note
        self._held.clear()
        self._cut = 0
        return text


class Reader:
    """Reads one stream and awaits ``pass_on`` with each chunk before it reads the next, and with ``b""`` in the end.

    It is shielded, so that a program can still say something while it is being stopped; ``finish`` and ``give_up`` end it.
    """

    def __init__(self, stream: trio.abc.ReceiveStream, pass_on: _PassOn) -> None:
        self.ended = trio.Event()
        self._stream = stream
        self._pass_on = pass_on
        self._life = trio.CancelScope(shield=True)
        self._waiting = trio.CancelScope()
        self._patience_s = math.inf
        self._budget: float = math.inf

    async def run(self) -> None:
        """Read until the end of the stream, and close it: a writer that is still there gets an error for what it writes then.

        Raises:
            Exception: what ``pass_on`` raised.
        """
        try:
            with self._life:
                async with self._stream:
                    while chunk := await self._next():
                        await self._pass_on(chunk)
                await self._pass_on(b"")
        finally:
            self.ended.set()

    def finish(self) -> None:
        """Nobody who should write is left: read what is in the pipe, but do not wait for the end of a pipe that others hold."""
        if self._budget == math.inf:
            self._patience_s = _QUIET_S
            self._budget = _LEFTOVER
            self._waiting.deadline = trio.current_time() + _QUIET_S

    def give_up(self) -> None:
        """Stop at once, even in the middle of ``pass_on``."""
        self._life.cancel()

    async def _next(self) -> bytes:
        """The next chunk, or nothing: the stream has ended, or it is not worth waiting for."""
        if self._budget > 0:
            begun = trio.current_time()
            with trio.CancelScope(deadline=begun + self._patience_s) as self._waiting:
                chunk = bytes(await self._stream.receive_some(_CHUNK))
                self._budget -= len(chunk)
                self._patience_s -= trio.current_time() - begun  # only waiting counts: what ``pass_on`` takes is not lost time
                return chunk
        return b""
