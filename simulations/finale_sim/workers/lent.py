"""The searches of a campaign that workers have, each of them one after another, as a whole.

What comes back is a search as it stands, and this process goes on with it as with one that was kept on disk. If it is over there
is nothing left to do. If its worker has died, or was called back because others have nothing to do any more, the rest is shared
trial by trial.
"""

import pickle
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import Protocol

from finale_sim.choices import happy_path
from finale_sim.program import Program
from finale_sim.search import Search, Terms
from finale_sim.workers.errand import Errand, News, Sort
from finale_sim.workers.pool import Pool
from finale_sim.workers.process import Process

__all__ = ["Lent"]

_GRACE_S = 3.0
"""How long who is called back after a Ctrl-C may take to finish a trial; else what it has done since it told last is lost."""


class _Kept(Protocol):
    """Where searches are kept."""

    every_s: float

    def search_of(self, program: Program) -> Search | None: ...
    def keep(self, program: Program, search: Search) -> None: ...


class Lent:
    """Hands out the searches of ``programs`` in their order. ``on_trial`` is told how far they are."""

    def __init__(
        self,
        pool: Pool,
        programs: Sequence[Program],
        terms: Terms,
        saved: _Kept | None,
        on_trial: Callable[[Program, Search], None] | None,
    ) -> None:
        self._pool = pool
        self._terms = terms
        self._saved = saved
        self._on_trial = on_trial or (lambda program, search: None)
        self._waiting = deque(programs)
        self._out: dict[str, Process] = {}  # name of a program → who has its search
        self._back: dict[str, News] = {}  # name → its search as it was told last
        self.stopped = False  #: nothing is handed out any more

    def take(self, program: Program) -> tuple[Search, float] | None:
        """What was done of its search, and in how many seconds, once somebody who has it gives it back.

        None if nobody has begun it, and nobody will. A ``KeyboardInterrupt`` calls all of them back: they are interrupted then.
        """
        try:
            self._wait_for(program)
        except KeyboardInterrupt:
            self.stop()
        news = self._back.pop(program.name, None)
        if news is None:
            return None
        search: Search = pickle.loads(news.state)  # noqa: S301  # of a process that this one has started
        if self.stopped and news.sort is not Sort.OVER:
            search.interrupt()
        return search, news.seconds

    def stop(self) -> None:
        """Call all back, and hand out nothing any more."""
        self.stopped = True
        self._waiting.clear()
        for process in self._out.values():
            process.call_back()
        until = time.monotonic() + _GRACE_S
        with suppress(KeyboardInterrupt):
            while self._out and (left_s := until - time.monotonic()) > 0:
                self._receive(left_s)

    def _wait_for(self, program: Program) -> None:
        self._hand_out()
        if program in self._waiting:
            self._waiting.remove(program)  # nobody is free, so it is done here, with those who will be
        while program.name in self._out:
            if not self._waiting and self._pool.idle:
                self._out[program.name].call_back()
            self._receive()
            self._hand_out()

    def _hand_out(self) -> None:
        for process in self._pool.idle:
            if not self._waiting or (len(self._waiting) == 1 and not self._out):
                return  # one that is left alone is shared by all, trial by trial
            program = self._waiting.popleft()
            resumed = self._saved.search_of(program) if self._saved is not None else None
            happy = program.attempt(happy_path).digest
            state = pickle.dumps(resumed) if resumed is not None else b""
            keep_s = self._saved.every_s if self._saved is not None else None
            self._out[program.name] = process
            with suppress(OSError):  # it has died, and is about to be found dead
                process.lend(
                    Errand(program.name, program.conditions, happy, self._terms, state, keep_s),
                    partial(self._hear, program, process),
                )

    def _receive(self, timeout_s: float | None = None) -> None:
        for process, message in self._pool.received(timeout_s=timeout_s):
            if message is None:
                self._pool.bury(process)

    def _hear(self, program: Program, process: Process, message: bytes | None) -> None:
        if message is None:
            number, how = process.number, self._pool.bury(process)
            self._pool.notice(f"a worker has died ({how}) in trial {number} of {program.name}, which goes on without it")
            self._out.pop(program.name, None)
            return
        news: News = pickle.loads(message)  # noqa: S301  # of a process that this one has started
        if news.sort is Sort.FAR:
            budget, strategy, trials = news.far
            self._on_trial(program, Search(budget, strategy, trials))
            return
        if news.state:
            self._back[program.name] = news
        if news.sort is not Sort.KEPT:
            process.returned()
            self._out.pop(program.name, None)
        elif self._saved is not None and news.state:
            self._saved.keep(program, pickle.loads(news.state))  # noqa: S301  # the same
