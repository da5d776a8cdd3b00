"""Shrinking: from a failing trial to one that fails in the same way with as little as possible.

Order, best first: fewer deviations; of these, fewer faults; fewer cancels; a shorter stream; smaller indexes. Each pass proposes
streams and keeps what is better and still breaks the same claim. Because deviations are named by their sites, taking one away
leaves the meaning of the others alone.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from finale_sim.choices import Choice, Kind
from finale_sim.search.replay import following
from finale_sim.search.strategy import Attempt, RunTrial

__all__ = ["Shrunk", "same_claim", "shrink"]

_Pass = Callable[[tuple[Choice, ...]], Iterator[list[Choice]]]


@dataclass(frozen=True, slots=True)
class Shrunk:
    """The best failing trial found, and how many trials that took. ``settled``: no pass could better it within the limit."""

    attempt: Attempt
    trials: int
    settled: bool
    interrupted: bool = False


def shrink(run: RunTrial, failure: Attempt, *, limit: int = 500) -> Shrunk:
    """Make ``failure`` as small as the passes can, in at most ``limit`` further trials. Never slips to another claim.

    A ``KeyboardInterrupt`` ends it with the best so far.
    """
    best, spent = failure, 0
    proposals = _proposals(best)
    try:
        while (proposal := next(proposals, None)) is not None:
            if spent >= limit:
                return Shrunk(best, spent, settled=False)
            spent += 1
            attempt = run(following({choice.site.key: choice.answer for choice in proposal}))
            if same_claim(attempt, failure) and _size(attempt) < _size(best):
                best = attempt
                proposals = _proposals(best)
    except KeyboardInterrupt:
        return Shrunk(best, spent, settled=False, interrupted=True)
    return Shrunk(best, spent, settled=True)


def _proposals(best: Attempt) -> Iterator[list[Choice]]:
    for proposals in _PASSES:
        yield from proposals(best.deviations)


def same_claim(attempt: Attempt, failure: Attempt) -> bool:
    """Whether both break a claim, and the same one."""
    return attempt.breach is not None and failure.breach is not None and attempt.breach.claim == failure.breach.claim


def _size(attempt: Attempt) -> tuple[int, int, int, int, tuple[int, ...]]:
    made = attempt.deviations
    faults, cancels = (sum(choice.site.kind is kind for choice in made) for kind in (Kind.FAULT, Kind.CANCEL))
    return len(made), faults, cancels, len(attempt.choices), tuple(choice.answer for choice in made)


def _drop_runs(made: tuple[Choice, ...]) -> Iterator[list[Choice]]:
    """Without half of the deviations, a quarter, …, one."""
    size = len(made)
    while size:
        for start in range(0, len(made), size):
            yield [*made[:start], *made[start + size :]]
        size //= 2


def _drop_pairs(made: tuple[Choice, ...]) -> Iterator[list[Choice]]:
    """Without two at a time, which may only go together."""
    if len(made) <= 12:
        for i in range(len(made)):
            for j in range(i + 1, len(made)):
                yield [*made[:i], *made[i + 1 : j], *made[j + 1 :]]


def _lower(made: tuple[Choice, ...]) -> Iterator[list[Choice]]:
    """With one index smaller."""
    for at, choice in enumerate(made):
        for index in range(1, choice.answer):
            yield [*made[:at], choice._replace(answer=index), *made[at + 1 :]]


_PASSES: tuple[_Pass, ...] = (_drop_runs, _drop_pairs, _lower)
