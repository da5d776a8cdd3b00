"""The orders of one search: which wait, which are out, and what came of those that are back."""

import time
from collections import deque

from finale_sim.choices import Decide, happy_path
from finale_sim.failure.determinism import Rechecked
from finale_sim.program import Program
from finale_sim.search import Attempt
from finale_sim.workers.chunk import Chunk
from finale_sim.workers.packing import Results, Row

__all__ = ["Orders"]

_LONG_S = 0.1  # of a chunk: long against the time that it takes to hand it out
_SHORT_S = 0.005  # for the last ones, so that all have something to do


class Orders:
    """Numbered from 1 in the order in which they are made and taken. ``before``: so many were taken by an earlier search."""

    def __init__(self, program: Program, run: Rechecked, before: int) -> None:
        self.next = before + 1  #: the number of the trial that is taken next
        self.waiting: deque[tuple[int, Decide]] = deque()
        self.results: dict[int, Attempt | Row | BaseException] = {}
        self.spent_s = 0.0  #: on trials here
        self._program = program
        self._run = run
        self._newest = before
        self._trial_s = 0.0  # what one takes, about
        self._happy: int | None = None

    def add(self, decide: Decide) -> None:
        """A trial is wanted."""
        self._newest += 1
        self.waiting.append((self._newest, decide))

    def take(self) -> Attempt:
        """The result of the next trial, which has to be there.

        Raises:
            BaseException: what came out of it.
        """
        result = self.results.pop(self.next)
        self.next += 1
        if isinstance(result, BaseException):
            raise result
        return result.attempt() if isinstance(result, Row) else result

    def clear(self) -> None:
        """None is wanted any more."""
        self.waiting.clear()
        self.results.clear()
        self.next = self._newest + 1

    @property
    def next_waits(self) -> bool:
        """Whether the next trial to be taken has not been handed out."""
        return bool(self.waiting) and self.waiting[0][0] == self.next

    @property
    def only_one(self) -> bool:
        """Whether no other trial is wanted than the next: then there is nothing to do side by side."""
        return self._newest == self.next

    @property
    def work_s(self) -> float:
        """How long what waits would take here, about."""
        return len(self.waiting) * self._trial_s

    def run_next(self) -> None:
        """Run the next trial here."""
        number, decide = self.waiting.popleft()
        began = time.perf_counter()
        self.results[number] = self._run(decide, number)
        took_s = time.perf_counter() - began
        self.spent_s += took_s
        self._learn(took_s)

    def size(self, workers: int) -> int:
        """How many trials a chunk should have: a fair share for one of ``workers`` of all that are not taken, twice.

        What waits says little about that: while results lie here that are not taken, nothing is ordered in their place.
        """
        share = (self._newest + 1 - self.next) // (2 * workers)
        trial_s = max(self._trial_s, 1e-6)
        return max(1, int(_SHORT_S / trial_s), min(share, int(_LONG_S / trial_s)))

    def chunk(self, workers: int, *, most: int | None = None) -> Chunk:
        """Take the next trials that wait out of the queue, as many as there should be or as there are."""
        size = self.size(workers)
        if most is not None:
            size = min(size, most)
        first, decide = self.waiting.popleft()
        decides = [decide]
        while len(decides) < size and self.waiting and self.waiting[0][0] == first + len(decides):  # others may be out
            decides.append(self.waiting.popleft()[1])
        if self._happy is None:
            self._happy = self._program.attempt(happy_path).digest
        return Chunk(self._program.name, self._program.conditions, self._happy, first, tuple(decides))

    def enter(self, chunk: Chunk, results: Results, took_s: float | None = None) -> None:
        """A chunk is back."""
        for number, attempt in enumerate(results.attempts, chunk.first):
            self.results[number] = attempt
        if results.ended is not None:
            self.results[chunk.first + len(results.attempts)] = results.ended
        elif took_s is not None and results.attempts:
            self._learn(took_s / len(results.attempts))

    def give_back(self, chunk: Chunk) -> None:
        """A chunk could not be run. Its trials wait again, in their places."""
        orders = enumerate(chunk.decides, chunk.first)
        self.waiting = deque(sorted([*orders, *self.waiting], key=lambda order: order[0]))

    def _learn(self, took_s: float) -> None:
        self._trial_s += (took_s - self._trial_s) / (8 if self._trial_s else 1)
