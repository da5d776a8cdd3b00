"""A pool of workers, for one search after another.

Nothing starts before as much time was spent on trials here as starting costs, and trials go on here until a worker is ready: a
short search never waits for processes. Which trials run where changes nothing in what the search sees.
"""

import os
import selectors
from collections.abc import Callable
from pathlib import Path
from typing import Self

from finale_sim.workers.process import Process
from finale_sim.workers.source import Source

__all__ = ["PATIENCE_S", "Pool", "usable_cores"]

PATIENCE_S = 0.3
"""Seconds of trials here before workers are started: about what it takes to start them."""


_QUOTA = Path("/sys/fs/cgroup/cpu.max")  # in a container: microseconds of processor time per so many of real time, or "max"


def usable_cores() -> int:
    """How many cores this process may use, rounded up if its container may use a part of one."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    try:
        quota, period = _QUOTA.read_text(encoding="ascii").split()
        return max(1, min(cores, -(-int(quota) // int(period))))
    except (OSError, ValueError):
        return cores


class Pool:
    """Up to ``count`` processes with the programs of ``source``; none is left when the pool is closed.

    ``notice`` is told, in a sentence, what a person should know: that a worker has died, or why there is none.
    """

    def __init__(self, source: Source, count: int, *, notice: Callable[[str], None], patience_s: float = PATIENCE_S) -> None:
        self.count = count
        self.notice = notice
        self._source = source
        self._patience_s = patience_s
        self._started = False
        self._selector = selectors.DefaultSelector()
        self._processes: list[Process] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for process in self._processes:
            process.kill()
        self._processes.clear()
        self._selector.close()

    def trials_took(self, seconds: float) -> None:
        """So much time was spent on trials here."""
        self._patience_s -= seconds
        if self._patience_s <= 0 and not self._started:
            self._started = True
            for _ in range(self.count):
                self._start()

    def start(self) -> None:
        """Start them now, and wait until they are ready."""
        self.trials_took(self._patience_s)
        while not all(process.ready for process in self._processes):
            for process, message in self.received(wait=True):
                if message is None:
                    self.bury(process)

    @property
    def idle(self) -> list[Process]:
        """Those that have nothing to do."""
        return [process for process in self._processes if process.idle]

    @property
    def empty(self) -> bool:
        """Whether there are no processes, and will be none."""
        return self._started and not self._processes

    def received(self, *, wait: bool = True, timeout_s: float | None = None) -> list[tuple[Process, bytes | None]]:
        """Results, packed, of those that have come back; None for one that has died. Who lent a search hears of it."""
        messages = []
        for key, _ in self._selector.select(timeout_s if wait else 0) if self._processes else ():
            process, message = key.data, key.data.receive()
            if process.hears is not None and message != b"":
                process.hears(message)
            elif message is None or message:
                messages.append((process, message))
        return messages

    def bury(self, process: Process) -> str:
        """Replace one that has died; how it ended, in words. One that was never ready is not replaced."""
        self._selector.unregister(process.channel)
        self._processes.remove(process)
        how = process.died()
        if process.ready:
            self._start()
        elif not self._processes:
            self.notice(f"no worker could be started ({how}): all goes on in one process")
        return how

    def _start(self) -> None:
        try:
            process = Process(self._source)
        except OSError as error:
            self.notice(f"a worker could not be started ({error}): all goes on without it")
            return
        self._processes.append(process)
        self._selector.register(process.channel, selectors.EVENT_READ, process)
