"""A worker process, as its parent sees it."""

import os
import pickle
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable
from contextlib import suppress
from typing import TextIO

from finale_sim.failure.fresh import environment
from finale_sim.workers.channel import Channel
from finale_sim.workers.chunk import Chunk
from finale_sim.workers.errand import Errand
from finale_sim.workers.source import Source
from finale_sim.workers.worker import CALL_BACK, NUMBER, READY, STEP

__all__ = ["INSIDE", "Process"]

INSIDE = "FINALE_SIM_WORKER"
"""Set in workers. A target that searches when it is imported must not start workers that import it."""

_START = "import sys; from finale_sim.workers.worker import main; main(sys.argv[1:])"
_GRACE_S = 5.0  # between the end of its channel and its own


class Process:
    """Starts at once; ``ready`` as soon as it has said so. ``chunk`` is what it runs now.

    Raises:
        OSError: it cannot be started.
    """

    def __init__(self, source: Source) -> None:
        self.ready = False
        self.chunk: Chunk | None = None
        self.hears: Callable[[bytes | None], None] | None = None  #: who is told the news of a search that it was lent
        self._file = tempfile.TemporaryFile()  # noqa: SIM115  # open for as long as the process is
        os.ftruncate(self._file.fileno(), NUMBER)
        ours, theirs = socket.socketpair()
        self.channel = Channel(ours)
        self._process: subprocess.Popen[bytes] | None = None
        self._called_back = False
        try:
            with theirs:
                self._process = self._started(theirs)
            self.channel.send(pickle.dumps(source))
        except BaseException:
            self.kill()
            raise

    def _started(self, theirs: socket.socket) -> "subprocess.Popen[bytes]":
        descriptors = theirs.fileno(), self._file.fileno()
        return subprocess.Popen(
            [*_python(), "-c", _START, *map(str, descriptors)],
            env=environment(_hash_seed()) | {INSIDE: "1"},
            stdin=subprocess.PIPE,
            stdout=_descriptor(sys.stdout),
            stderr=_descriptor(sys.stderr),
            pass_fds=descriptors,
            process_group=0,  # a Ctrl-C in the terminal is for the parent alone, which then ends its workers
        )

    def run(self, chunk: Chunk, *, closely: bool = False) -> None:
        """Let it run a chunk; ``closely``: the deviations of its last trial are known if it dies.

        Raises:
            OSError: it has died.
        """
        self.chunk = chunk
        self._begin_none()
        if closely:
            os.ftruncate(self._file.fileno(), NUMBER)
        self.channel.send(pickle.dumps((chunk, closely), pickle.HIGHEST_PROTOCOL))

    def lend(self, errand: Errand, hears: Callable[[bytes | None], None]) -> None:
        """Let it do a whole search; ``hears`` is told what it sends, or None when it has died.

        Raises:
            OSError: it has died.
        """
        self.hears = hears
        self._begin_none()
        self.channel.send(pickle.dumps(errand, pickle.HIGHEST_PROTOCOL))

    def _begin_none(self) -> None:
        """It has not begun a trial of what it is given now."""
        os.pwrite(self._file.fileno(), bytes(NUMBER), 0)

    def call_back(self) -> None:
        """Want the search that it was lent back as it is; the same is wanted once."""
        if not self._called_back:
            self._called_back = True
            with suppress(OSError):  # it has died, and is about to be found dead
                self.channel.send(CALL_BACK)

    def returned(self) -> None:
        """The search that it was lent is back."""
        self.hears = None
        self._called_back = False

    @property
    def idle(self) -> bool:
        """Whether it has nothing to do."""
        return self.ready and self.chunk is None and self.hears is None

    def receive(self) -> bytes | None:
        """Wait for a message: results of the chunk, packed, or nothing (as bytes) when it has become ready. None: it has died."""
        message = self.channel.receive()
        if message == READY:
            self.ready = True
            return b""
        if message is not None:
            self.chunk = None
        return message

    @property
    def number(self) -> int:
        """The number of the trial that it runs, or ran when it died; 0 if it had not begun one."""
        return int.from_bytes(os.pread(self._file.fileno(), NUMBER, 0), sys.byteorder)

    @property
    def deviations(self) -> tuple[tuple[int, int], ...]:
        """What the last trial of a chunk that was run closely had deviated in: site keys and indexes."""
        size = os.fstat(self._file.fileno()).st_size - NUMBER
        data = os.pread(self._file.fileno(), size, NUMBER)
        half = STEP // 2
        return tuple(
            (int.from_bytes(data[at : at + half]), int.from_bytes(data[at + half : at + STEP])) for at in range(0, size, STEP)
        )

    def died(self) -> str:
        """Once its channel has closed: how it ended, in words."""
        assert self._process is not None, "it was started"
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(_GRACE_S)
        self.kill()
        code = self._process.returncode
        return f"exit code {code}" if code >= 0 else signal.Signals(-code).name

    def kill(self) -> None:
        """End it, with all that it has started, and wait until it is gone."""
        self.channel.close()
        self._file.close()
        if self._process is None:
            return
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        assert self._process.stdin is not None, "its standard input is a pipe"
        self._process.stdin.close()


def _python() -> list[str]:
    """An interpreter that treats assertions and warnings as this one does."""
    warnings = [f"-W{option}" for option in sys.warnoptions]
    return [sys.executable, *["-O"] * sys.flags.optimize, *warnings]


def _descriptor(stream: TextIO) -> int:
    """Where the stream leads: what programs print in trials goes there as well. Nowhere, if it is no file of the system."""
    try:
        return stream.fileno()
    except (AttributeError, OSError):
        return subprocess.DEVNULL


def _hash_seed() -> str:
    chosen = os.environ.get("PYTHONHASHSEED", "random")
    return "0" if chosen == "random" else chosen
