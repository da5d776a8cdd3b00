"""Errands: a whole search that somebody else does, until it is over or called back.

Where there are many programs this is the cheapest way to share the work: nothing goes to and fro but how far the search is.
"""

import pickle
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto
from itertools import count
from math import inf
from typing import NamedTuple

from finale_sim.attentive import Attentive
from finale_sim.choices import Decide
from finale_sim.failure.determinism import Rechecked, Unstable
from finale_sim.kernel import Conditions
from finale_sim.search import Alone, Attempt, EndSearch, Search, Terms, search
from finale_sim.workers.chunk import Unfit, fitting
from finale_sim.workers.source import Source

__all__ = ["Errand", "News", "Sort", "run_errand"]

_NEWS_S = 0.1


@dataclass(frozen=True, slots=True)
class Errand:
    """``happy`` is the digest of the happy path where the search is at home; ``state`` is what was done of it before, pickled."""

    program: str
    conditions: Conditions
    happy: int
    terms: Terms
    state: bytes
    keep_s: float | None  #: every so many seconds it is wanted as it is, to be kept


class Sort(Enum):
    """What is in the news."""

    FAR = auto()  #: budget, strategy, trials; no budget, if they are not part of one
    KEPT = auto()  #: the search as it is now
    OVER = auto()  #: the search; nothing is left to do
    BACK = auto()  #: the search as far as it got; nothing if it did not begin


class News(NamedTuple):
    """Of an errand; a search is pickled."""

    sort: Sort
    far: tuple[int, str, int] = (0, "", 0)
    state: bytes = b""
    seconds: float = 0.0  #: since it began


class _CalledBack(EndSearch):
    """Somebody wants the search as it is."""


def run_errand(
    source: Source, errand: Errand, begins: Callable[[int], None], tell: Callable[[News], None], called_back: Callable[[], bool]
) -> News:
    """Search; the last news of it. ``begins`` is told the number of each trial before it runs, ``tell`` all other news."""
    began = time.monotonic()
    state: Search = pickle.loads(errand.state) if errand.state else Search(errand.terms.trials)  # noqa: S301  # our parent's
    tell(_far(state))
    try:
        with source.broken():
            program = fitting(source, errand)
            with Attentive(program.attempt) as run:
                numbers, rechecked = count(state.trials + 1), Rechecked(program, run)

                def attempt(decide: Decide) -> Attempt:
                    number = next(numbers)
                    begins(number)
                    return rechecked(decide, number)

                terms = errand.terms
                search(
                    Alone(attempt),
                    trials=terms.trials,
                    seed=terms.seed,
                    deviations=terms.deviations,
                    strategy=terms.strategy,
                    on_trial=_Teller(tell, called_back, errand.keep_s),
                    resumed=state,
                )
        called_off = state.interrupted or (state.ended is not None and not isinstance(state.ended, Unstable))
    except Unfit:
        return News(Sort.BACK)
    except BaseException:  # noqa: BLE001  # whatever it is, that trial is run once more at home, and raises it there
        called_off = True
        if state.torn:
            return News(Sort.BACK)
    took_s = time.monotonic() - began
    if called_off:
        return News(Sort.BACK, state=_pickled(state.suspended()), seconds=took_s)
    return News(Sort.OVER, state=_pickled(state), seconds=took_s)


class _Teller:
    """Tells, from time to time, how far a search is."""

    def __init__(self, tell: Callable[[News], None], called_back: Callable[[], bool], keep_s: float | None) -> None:
        self._tell = tell
        self._keep_s = inf if keep_s is None else keep_s
        self._called_back = called_back
        self._began = self._told = self._kept = time.monotonic()

    def __call__(self, state: Search) -> None:
        now = time.monotonic()
        if now - self._told < _NEWS_S:
            return
        self._told = now
        self._tell(_far(state))
        if now - self._kept >= self._keep_s:
            self._kept = now
            self._tell(News(Sort.KEPT, state=_pickled(state.suspended()), seconds=now - self._began))
        if self._called_back():
            raise _CalledBack("it is wanted back")


def _far(state: Search) -> News:
    budget = state.budget if state.stage is None or state.stage.until is not None else 0
    return News(Sort.FAR, (budget, state.strategy, state.trials))


def _pickled(state: Search) -> bytes:
    return pickle.dumps(state, pickle.HIGHEST_PROTOCOL)
