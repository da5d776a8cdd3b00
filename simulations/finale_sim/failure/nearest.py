"""The nearest passing trial: what a failing trial would have to be without, for all to be well."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from finale_sim.choices import deviations
from finale_sim.kernel.trial import Step
from finale_sim.search import Attempt, RunTrial, following

__all__ = ["Nearest", "nearest_passing", "where_they_part"]

_MOST = 100  # trials to look for it
_STEPS = 60_000  # the same for programs with long trials; a second or two
_Change = tuple[str, dict[int, int]]


@dataclass(frozen=True, slots=True)
class Nearest:
    """A trial that holds, and how it differs from the failing one: ``without deviation 2``."""

    change: str
    attempt: Attempt


def nearest_passing(run: RunTrial, failure: Attempt) -> Nearest | None:
    """A trial that holds although it has all but one deviation of the failure, or all with one index lowered.

    Of these the one with the fewest differences, and then the one that parts from the failure last. For a failure without
    deviations: a trial with one, as late as possible.
    """
    most = min(_MOST, _STEPS // max(failure.steps, 1) + 1)
    if not failure.deviations:
        added = islice(_with_one(failure), most)
        return next((near for change in added if (near := _holding(run, change)) is not None), None)
    tried = (_holding(run, change) for change in islice(_with_less(failure), most))
    return min((near for near in tried if near is not None), key=lambda near: _distance(near.attempt, failure), default=None)


def where_they_part(failing: tuple[Step, ...], passing: tuple[Step, ...]) -> tuple[Step, Step] | None:
    """The first step that two trials do not have in common, in both of them. None if one is the beginning of the other."""
    return next(((one, two) for one, two in zip(failing, passing, strict=False) if _taken(one) != _taken(two)), None)


def _holding(run: RunTrial, change: _Change) -> Nearest | None:
    attempt = run(following(change[1]))
    holds = attempt.breach is None and attempt.undecided is None and not attempt.injected.discarded
    return Nearest(change[0], attempt) if holds else None


def _with_less(failure: Attempt) -> Iterator[_Change]:
    made = deviations(failure.choices)
    for number, (key, index) in reversed([*enumerate(made.items(), 1)]):
        yield f"without deviation {number}", {site: answer for site, answer in made.items() if site != key}
        for lower in range(index - 1, 0, -1):
            yield f"with option {lower} instead of {index} in deviation {number}", made | {key: lower}


def _with_one(failure: Attempt) -> Iterator[_Change]:
    for choice in reversed(failure.choices):
        for index in range(1, choice.options):
            yield f"with option {index} instead of 0 at {choice.site}", {choice.site.key: index}


def _distance(attempt: Attempt, failure: Attempt) -> tuple[int, int]:
    one, two = deviations(attempt.choices), deviations(failure.choices)
    differences = sum(one.get(key) != two.get(key) for key in one.keys() | two.keys())
    pairs = enumerate(zip(attempt.choices, failure.choices, strict=False))
    return differences, -next((at for at, (here, there) in pairs if here != there), len(failure.choices))


def _taken(step: Step) -> tuple[str, int, float, str]:
    return step.path, step.n, step.now_s, step.waiting_on if step.path.startswith("~") else ""
