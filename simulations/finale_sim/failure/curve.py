"""When was a failure decided? For each choice of a failing trial: how often random futures from there on fail in the same way."""

import random
from collections.abc import Sequence
from dataclasses import dataclass

from finale_sim.choices import Choice, Decide, Kind, Site
from finale_sim.search import Attempt, RunTrial

__all__ = ["Point", "curve", "curve_text"]

_RARE = {Kind.FAULT: 0.1, Kind.CANCEL: 0.02, Kind.CRASH: 0.02}
"""Chances in a random future of what breaks things; other choices take any option."""

_BAR = 20


@dataclass(frozen=True, slots=True)
class Point:
    """Of ``samples`` random futures behind the first ``prefix`` choices, ``failed`` broke the same claim.

    ``choice`` is the last choice of the prefix, None where there is none yet.
    """

    prefix: int
    choice: Choice | None
    failed: int
    samples: int

    @property
    def share(self) -> float:
        """From 0 to 1."""
        return self.failed / self.samples


def curve(run: RunTrial, failure: Attempt, *, samples: int = 20, seed: int = 0) -> tuple[Point, ...]:
    """One point before the first choice of ``failure`` and one behind each; ``samples`` trials for each. One seed, one curve.

    Raises:
        ValueError: ``samples`` is less than 1, or ``failure`` fails nothing.
    """
    if samples < 1:
        raise ValueError(f"a point needs at least one sample, not {samples}")
    if failure.breach is None:
        raise ValueError("the trial breaks no claim, so there is nothing to see the approach of")
    claim = failure.breach.claim
    return tuple(
        _point(run, failure.choices[:length], claim, samples, random.Random(seed << 32 | length))
        for length in range(len(failure.choices) + 1)
    )


def curve_text(points: Sequence[Point]) -> str:
    """A bar for each point; » marks a deviation."""
    width = len(str(points[-1].prefix)) if points else 1
    return "\n".join(_line(point, width) for point in points)


def _point(run: RunTrial, prefix: Sequence[Choice], claim: str, samples: int, rng: random.Random) -> Point:
    attempts = (run(_behind(prefix, rng)) for _ in range(samples))
    failed = sum(attempt.breach is not None and attempt.breach.claim == claim for attempt in attempts)
    return Point(len(prefix), prefix[-1] if prefix else None, failed, samples)


def _behind(prefix: Sequence[Choice], rng: random.Random) -> Decide:
    recorded = iter(prefix)

    def decide(site: Site, options: int) -> int:
        choice = next(recorded, None)
        if choice is not None:
            return min(choice.answer, options - 1)
        if site.kind in _RARE and rng.random() >= _RARE[site.kind]:
            return 0
        return rng.randrange(options)

    return decide


def _line(point: Point, width: int) -> str:
    full = round(_BAR * point.share)
    bar = "█" * full + "░" * (_BAR - full)
    if point.choice is None:
        what = "  before the first choice"
    else:
        what = f"{'»' if point.choice.answer else ' '} {point.choice.site}: option {point.choice.answer}"
    return f"{point.prefix:>{width}}  {bar} {point.share:4.0%}  {what}"
