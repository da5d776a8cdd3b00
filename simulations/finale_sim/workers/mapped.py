"""The crew of somebody who brings a ``map``: an executor's, or that of a cluster."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any, TypeAlias

from finale_sim.choices import Decide
from finale_sim.failure.determinism import Rechecked
from finale_sim.program import Program
from finale_sim.search import Attempt, EndSearch
from finale_sim.workers.chunk import Chunk, Unfit, run_chunk
from finale_sim.workers.orders import Orders
from finale_sim.workers.packing import unpack
from finale_sim.workers.source import Source

__all__ = ["Map", "Mapped"]

Map: TypeAlias = Callable[[Callable[[Any], bytes], Iterable[Any]], Iterable[Any]]
"""``map(function, items)``: the results in the order of the items, or futures of them."""

_PATIENCE_S = 0.05  # of trials here, to learn how long they take
_AHEAD_S = 0.1  # of work for each worker, before it is sent on its way


class Mapped:
    """Runs chunks wherever ``mapper`` does, which ``workers`` processes or machines are supposed to stand behind."""

    def __init__(
        self,
        mapper: Map,
        workers: int,
        source: Source,
        notice: Callable[[str], None],
        program: Program,
        run: Rechecked,
        before: int,
    ) -> None:
        self._map = mapper
        self._workers = workers
        self._function = partial(run_chunk, source)
        self._notice = notice
        self._name = program.name
        self._orders = Orders(program, run, before)
        self._out: deque[tuple[deque[Chunk], Iterator[Any]]] = deque()
        self._fit = True

    def order(self, decide: Decide) -> None:
        self._orders.add(decide)

    def take(self) -> Attempt:
        orders = self._orders
        if self._fit and orders.spent_s >= _PATIENCE_S and orders.work_s >= _AHEAD_S * self._workers:
            self._send()
        while orders.next not in orders.results:
            if not orders.next_waits:
                self._receive()
            elif self._fit and orders.spent_s >= _PATIENCE_S and not orders.only_one:
                self._send()
            else:
                orders.run_next()
        return orders.take()

    def drop(self) -> None:
        self._orders.clear()
        self._out.clear()

    def _send(self) -> None:
        chunks: deque[Chunk] = deque()
        while self._orders.waiting:
            chunks.append(self._orders.chunk(self._workers))
        try:
            self._out.append((chunks, iter(self._map(self._function, list(chunks)))))
        except Exception as error:
            raise self._broken(error) from error

    def _receive(self) -> None:
        chunks, results = self._out[0]
        try:
            result = next(results)
            data: bytes = result.result() if hasattr(result, "result") else result
        except Exception as error:  # StopIteration as well: it gave too few
            raise self._broken(error) from error
        chunk = chunks.popleft()
        if not chunks:
            self._out.popleft()
        came = unpack(data)
        if not isinstance(came.ended, Unfit):
            self._orders.enter(chunk, came)
            return
        self._orders.give_back(chunk)
        if self._fit:
            self._fit = False
            self._notice(f"{self._name} cannot run behind the map that was given, so it goes on in this process: {came.ended}")

    def _broken(self, error: Exception) -> EndSearch:
        return EndSearch(f"the map that was given failed: {type(error).__name__}: {error}".rstrip(": "))
