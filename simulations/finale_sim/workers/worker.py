"""What a worker process does: it runs the chunks that it is sent, until its parent is gone.

It is told three descriptors: of its channel, of a file in which it leaves what it is about to do, so that this is known if it
dies, and, as its standard input, of a pipe that ends when its parent does.
"""

import gc
import mmap
import os
import pickle
import select
import socket
import threading
from functools import partial

from finale_sim.choices import Decide, Site
from finale_sim.workers.channel import Channel
from finale_sim.workers.chunk import Chunk, run_chunk
from finale_sim.workers.errand import Errand, News, run_errand
from finale_sim.workers.source import Source

__all__ = ["CALL_BACK", "NUMBER", "READY", "STEP", "main", "watched"]

READY = b"ready"
CALL_BACK = b"call back"
NUMBER = 8
"""Bytes at the beginning of the file: the number of the trial that runs."""
STEP = 8
"""Bytes that follow for each deviation of a watched trial: the key of its site, then its index."""


class _Watched:
    """The same answers; each deviation is left in the file before it is made."""

    def __init__(self, decide: Decide, file: int) -> None:
        self._decide = decide
        self._file = file
        self._at = NUMBER
        if (pick := getattr(decide, "pick", None)) is not None:
            self.pick = lambda site, tasks: self._leave(site, pick(site, tasks))

    def __call__(self, site: Site, options: int) -> int:
        return self._leave(site, self._decide(site, options))

    def _leave(self, site: Site, index: int) -> int:
        if index:
            os.pwrite(self._file, site.key.to_bytes(STEP // 2) + index.to_bytes(STEP // 2), self._at)
            self._at += STEP
        return index


def watched(chunk: Chunk, file: int) -> Chunk:
    """The chunk, with answers that leave what they deviate in."""
    decides = tuple(_Watched(decide, file) for decide in chunk.decides)
    return Chunk(chunk.program, chunk.conditions, chunk.happy, chunk.first, decides)


def main(arguments: list[str]) -> None:
    """Be a worker."""
    connection, file = map(int, arguments)
    _end_with_parent()
    with socket.socket(fileno=connection) as ours:
        channel = Channel(ours)
        if (first := channel.receive()) is None:
            return  # the parent is gone already
        source: Source = pickle.loads(first)  # noqa: S301  # of the parent, that could run anything here anyway
        number = memoryview(mmap.mmap(file, NUMBER)).cast("Q")  # of the file; costs less than a call of the system for each trial
        gc.freeze()  # what is imported by now stays, so nobody need look through it again and again
        channel.send(READY)
        begins = partial(number.__setitem__, 0)
        while (message := channel.receive()) is not None:
            if message == CALL_BACK:
                continue  # what it was about has been sent already
            sent = pickle.loads(message)  # noqa: S301  # the same
            if isinstance(sent, Errand):
                _tell(channel, run_errand(source, sent, begins, partial(_tell, channel), partial(_called_back, channel)))
            else:
                chunk, closely = sent
                channel.send(run_chunk(source, watched(chunk, file) if closely else chunk, begins))


def _tell(channel: Channel, news: News) -> None:
    channel.send(pickle.dumps(news, pickle.HIGHEST_PROTOCOL))


def _called_back(channel: Channel) -> bool:
    """Whether somebody has sent something; there is but one thing that it can be. Or the parent is gone."""
    return bool(select.select([channel], [], [], 0)[0]) and channel.receive() in (CALL_BACK, None)


def _end_with_parent() -> None:
    """Whatever kills the parent closes its end of the pipe; a program that is just running must not outlive it."""
    lifeline = os.dup(0)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)

    def wait() -> None:
        os.read(lifeline, 1)
        os._exit(1)

    threading.Thread(target=wait, name="finale_sim lifeline", daemon=True).start()
