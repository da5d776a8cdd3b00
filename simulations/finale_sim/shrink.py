"""Shrinking: from a failing trial to one that fails in the same way with as little as possible.

Order, best first: fewer deviations; of these, no crash; fewer faults; fewer cancels; a shorter
stream; smaller indexes. Two stages:

1. Passes propose streams and keep what is better and still breaks the same claim. Because deviations are named by their sites,
   taking one away leaves the meaning of the others alone.
2. What has fewer deviations than the result is tried in full, level by level, as far as that takes few trials. If all of it
   holds, the result is *minimal*; if there is too much of it, the result is only *locally* minimal.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from math import factorial

from finale_sim.choices import Choice, Decide, Kind
from finale_sim.search.replay import following
from finale_sim.search.strategy import Attempt, RunTrial
from finale_sim.search.sweep import Sweep

__all__ = ["Shrunk", "same_claim", "shrink"]

_Proposals = Iterator[list[Choice]]
_Pass = Callable[[Attempt], _Proposals]


@dataclass(frozen=True, slots=True)
class Shrunk:
    """The best failing trial found, and how many trials that took."""

    attempt: Attempt
    trials: int
    settled: bool  #: no pass could better it within the limits
    minimal: bool = False  #: proved: every stream with fewer deviations was tried, and none of them breaks this claim
    interrupted: bool = False
    others: tuple[Attempt, ...] = ()  #: trials that broke other claims on the way; of each claim the smallest


def shrink(
    run: RunTrial,
    failure: Attempt,
    *,
    swept: int = -1,
    limit: int = 500,
    below: int = 2000,
    seconds: float = 5.0,
    clock: Callable[[], float] = time.perf_counter,
) -> Shrunk:
    """Make ``failure`` as small as possible, with ``limit`` trials for the passes, ``below`` for the proof, in ``seconds``.

    ``swept``: all streams with at most so many deviations are known to hold. Never slips to another claim. A
    ``KeyboardInterrupt`` ends it with the best so far.
    """
    shrinker = _Shrinker(run, failure, clock() + seconds, clock)
    settled = minimal = interrupted = False
    try:
        settled = shrinker.descend(limit)
        minimal = shrinker.exhaust(swept, below)
    except KeyboardInterrupt:
        interrupted = True
    return Shrunk(shrinker.best, shrinker.spent, settled, minimal, interrupted, tuple(shrinker.others.values()))


class _Shrinker:
    """The best so far, and what it has cost. Used once."""

    def __init__(self, run: RunTrial, failure: Attempt, until: float, clock: Callable[[], float]) -> None:
        assert failure.breach is not None, "what is shrunk breaks a claim"
        self.claim = failure.breach.claim
        self.best = failure
        self.spent = 0
        self.others: dict[str, Attempt] = {}
        self._run = run
        self._until = until
        self._clock = clock

    def descend(self, limit: int) -> bool:
        """Apply the passes until none betters the best. False if a limit came first."""
        proposals = _proposals(self.best)
        while (proposal := next(proposals, None)) is not None:
            if self.spent >= limit or self._clock() > self._until:
                return False
            before = self.best
            self._try(following({choice.site.key: choice.answer for choice in proposal}))
            if self.best is not before:
                proposals = _proposals(self.best)
        return True

    def exhaust(self, swept: int, budget: int) -> bool:
        """Try what has fewer deviations than the best and more than ``swept``, level by level. Whether that proves it minimal."""
        sweep, last, affordable, judged = Sweep(start=swept + 1), self.spent + budget, swept, True
        while (decide := sweep.next()) is not None and sweep.complete < len(self.best.deviations) - 1:
            if affordable == sweep.complete:
                affordable += 1
                if self.spent + _streams_at(affordable, self.best) > last:
                    return False
            if self.spent >= last or self._clock() > self._until:
                return False
            attempt = self._try(decide)
            sweep.learn(attempt)
            judged = judged and attempt.complete
        return judged

    def _try(self, decide: Decide) -> Attempt:
        self.spent += 1
        attempt = self._run(decide)
        if attempt.breach is not None:
            claim = attempt.breach.claim
            if claim != self.claim:
                known = self.others.get(claim)
                if known is None or _size(attempt) < _size(known):
                    self.others[claim] = attempt
            elif _size(attempt) < _size(self.best):
                self.best = attempt
        return attempt


def same_claim(attempt: Attempt, failure: Attempt) -> bool:
    """Whether both break a claim, and the same one."""
    return attempt.breach is not None and failure.breach is not None and attempt.breach.claim == failure.breach.claim


def _streams_at(level: int, attempt: Attempt) -> int:
    """About how many streams have just so many deviations, if others have as many choices as this one."""
    single = sum(choice.options - 1 for choice in attempt.choices)
    return int(single**level / factorial(level))


def _size(attempt: Attempt) -> tuple[int, int, int, int, int, tuple[int, ...]]:
    made = attempt.deviations
    crashes, faults, cancels = (sum(c.site.kind is kind for c in made) for kind in (Kind.CRASH, Kind.FAULT, Kind.CANCEL))
    return len(made), crashes, faults, cancels, len(attempt.choices), tuple(choice.answer for choice in made)


# The passes -------------------------------------------------------------------------------------------------------------------


def _proposals(best: Attempt) -> _Proposals:
    for proposals in _PASSES:
        yield from proposals(best)


def _drop_runs(best: Attempt) -> _Proposals:
    """Without half of the deviations, a quarter, …, one."""
    made = best.deviations
    size = len(made)
    while size:
        for start in range(0, len(made), size):
            yield [*made[:start], *made[start + size :]]
        size //= 2


def _drop_pairs(best: Attempt) -> _Proposals:
    """Without two at a time, which may only go together."""
    made = best.deviations
    if len(made) <= 12:
        for i in range(len(made)):
            for j in range(i + 1, len(made)):
                yield [*made[:i], *made[i + 1 : j], *made[j + 1 :]]


def _lower(best: Attempt) -> _Proposals:
    """With one index smaller."""
    made = best.deviations
    for at, choice in enumerate(made):
        for index in range(1, choice.answer):
            yield [*made[:at], choice._replace(answer=index), *made[at + 1 :]]


def _merge(best: Attempt) -> _Proposals:
    """With one deviation in the place of two neighbours, anywhere between those before and behind them."""
    at = [place for place, choice in enumerate(best.choices) if choice.answer]
    made = best.deviations
    for i in range(len(at) - 1):
        first = at[i - 1] + 1 if i else 0
        last = at[i + 2] if i + 2 < len(at) else len(best.choices)
        for single in _single(best.choices[first:last]):
            yield [*made[:i], single, *made[i + 2 :]]


def _single(choices: Sequence[Choice]) -> Iterator[Choice]:
    for choice in choices:
        for index in range(1, choice.options):
            yield choice._replace(answer=index)


_PASSES: tuple[_Pass, ...] = (_drop_runs, _drop_pairs, _lower, _merge)
