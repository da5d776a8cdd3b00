"""The crew that a search has of a pool: it hands out chunks, collects results, and sees to those who die."""

import time

from finale_sim.choices import Decide
from finale_sim.failure.determinism import Rechecked
from finale_sim.program import Program
from finale_sim.search import Attempt, EndSearch
from finale_sim.token import Token, encode, program_key
from finale_sim.workers.chunk import Chunk, Unfit
from finale_sim.workers.orders import Orders
from finale_sim.workers.packing import Results, unpack
from finale_sim.workers.pool import Pool
from finale_sim.workers.process import Process

__all__ = ["Hired"]

_DEATHS = 2  # of workers before their first trial of a program, until it is run here
_LOOK_S = 0.001  # somebody may have come back while results were taken


class Hired:
    """Runs trials in the processes of ``pool``, and here as long as none is ready.

    A trial whose process died is run once more, by a new process, that is watched: if that dies as well, it is the trial.
    """

    def __init__(self, pool: Pool, program: Program, run: Rechecked, before: int) -> None:
        self._pool = pool
        self._program = program
        self._orders = Orders(program, run, before)
        self._out: dict[Process, tuple[Chunk, float]] = {}
        self._suspects: dict[int, str] = {}  # number → how its process ended
        self._deaths = 0
        self._looked = 0.0
        self._scanty = False  # somebody has nothing to do, as too little waits to be worth a chunk
        self._fit = True  # the program can be run elsewhere

    def order(self, decide: Decide) -> None:
        self._orders.add(decide)

    def take(self) -> Attempt:
        orders = self._orders
        while orders.next not in orders.results:
            suspect = orders.next in self._suspects
            elsewhere = self._fit and not self._pool.empty
            if elsewhere and (suspect or not orders.only_one):
                self._hand_out()
            if not orders.next_waits or (suspect and elsewhere):
                self._collect(wait=True)
            elif suspect:
                raise EndSearch(f"trial {orders.next} may have ended its process, and there is no other one to find out")
            else:
                before_s = orders.spent_s
                orders.run_next()
                self._pool.trials_took(orders.spent_s - before_s)
        if time.perf_counter() - self._looked > _LOOK_S:
            self._collect(wait=False)
        if self._scanty and len(orders.waiting) >= orders.size(self._pool.count):
            self._hand_out()
        return orders.take()

    def drop(self) -> None:
        self._orders.clear()
        self._out.clear()

    def _hand_out(self, *, whole: bool = False) -> None:
        """Give those work who have nothing to do; ``whole``: if there is enough for a chunk as long as it should be."""
        self._scanty = False
        for process in self._pool.idle:
            waiting = len(self._orders.waiting)
            if not waiting or (whole and waiting < self._orders.size(self._pool.count)):
                self._scanty = True
                return
            closely = self._orders.waiting[0][0] in self._suspects
            chunk = self._orders.chunk(self._pool.count, most=self._harmless or 1)
            self._out[process] = chunk, time.perf_counter()
            try:
                process.run(chunk, closely=closely)
            except OSError:
                self._lost(process)

    @property
    def _harmless(self) -> int:
        """How many trials wait in front of the first suspect, which is run by itself."""
        if not self._suspects:
            return len(self._orders.waiting)
        return next((at for at, (number, _) in enumerate(self._orders.waiting) if number in self._suspects), 1 << 30)

    def _collect(self, *, wait: bool) -> None:
        back = []
        self._looked = time.perf_counter()
        for process, message in self._pool.received(wait=wait):
            if message is None:
                self._lost(process)
            elif process in self._out:  # else it was for a search that is over
                chunk, began = self._out.pop(process)
                back.append((chunk, message, time.perf_counter() - began))
        if back and self._fit:
            self._hand_out(
                whole=True
            )  # before anything else: somebody waits for work, and more of it comes when results are taken
        for chunk, message, took_s in back:
            self._enter(chunk, unpack(message), took_s)

    def _enter(self, chunk: Chunk, results: Results, took_s: float) -> None:
        if isinstance(results.ended, Unfit):
            self._give_up(str(results.ended))
            self._orders.give_back(chunk)
        else:
            self._deaths = 0
            if how := self._suspects.pop(chunk.first, None):
                name = self._program.name
                self._pool.notice(f"a worker has died ({how}) in trial {chunk.first} of {name}; run again, that came through")
            self._orders.enter(chunk, results, took_s)

    def _give_up(self, why: str) -> None:
        if self._fit:
            self._fit = False
            self._pool.notice(f"{self._program.name} cannot run in other processes, so it goes on in this one: {why}")

    def _lost(self, process: Process) -> None:
        """A process has died."""
        chunk, _ = self._out.pop(process, (None, 0.0))
        number, deviations = process.number, process.deviations
        how = self._pool.bury(process)
        if chunk is None:
            return
        if number == 0:
            self._deaths += 1
            if self._deaths >= _DEATHS:
                self._give_up(f"a worker has died before its first trial ({how})")
        elif number in self._suspects:
            del self._suspects[number]
            token = encode(Token(program_key(self._program.name), 0, deviations, self._program.conditions.code))
            why = f"trial {number} ends the process that runs it ({how}), each time; replaying {token} will do the same"
            self._orders.enter(chunk, Results((), EndSearch(why)))
            return
        else:
            self._suspects[number] = how
        self._orders.give_back(chunk)
