"""Programs without trio: a tree of choices as a plain function, which search, sweep and shrinker cannot tell from a trial."""

from collections.abc import Callable, Iterator

from finale_sim.choices import Choice, Choices, Decide, Kind, Site
from finale_sim.search import Attempt, RunTrial
from finale_sim.verdict import Breach

Judge = Callable[[tuple[int, ...]], str | None]
"""The claim that a stream of answers breaks, or None."""


def flat(*options: int, judge: Judge = lambda answers: None, kinds: dict[int, Kind] | None = None) -> RunTrial:
    """The same questions in every trial, one site each. ``kinds`` gives some places another kind than schedule."""
    sites = [Site((kinds or {}).get(at, Kind.SCHEDULE), "/main", at) for at in range(len(options))]

    def run(decide: Decide) -> Attempt:
        choices = Choices(decide)
        return judged(choices, tuple(choices.draw(site, count) for site, count in zip(sites, options, strict=True)), judge)

    return run


def growing(options: Callable[[tuple[int, ...]], int], judge: Judge = lambda answers: None) -> RunTrial:
    """What is asked next depends on what was answered; 0 options end the trial."""

    def run(decide: Decide) -> Attempt:
        choices, answers = Choices(decide), ()
        while (count := options(answers)) > 0:
            answers = (*answers, choices.draw(Site(Kind.SCHEDULE, "/main" + "".join(map(str, answers)), len(answers)), count))
        return judged(choices, answers, judge)

    return run


def judged(choices: Choices, answers: tuple[int, ...], judge: Judge) -> Attempt:
    claim = judge(answers)
    return Attempt(tuple(choices.made), hash(answers), Breach(claim, f"at {answers}") if claim else None, steps=len(answers))


def answers_of(attempt: Attempt) -> tuple[int, ...]:
    return tuple(choice.answer for choice in attempt.choices)


def every_stream(options: Callable[[tuple[int, ...]], int], answers: tuple[int, ...] = ()) -> Iterator[tuple[int, ...]]:
    """All streams of a growing tree, by recursion."""
    count = options(answers)
    if count <= 0:
        yield answers
    for answer in range(max(count, 0)):
        yield from every_stream(options, (*answers, answer))


def following_answers(*answers: int) -> Decide:
    """The given answers in order, then 0."""
    script = iter(answers)
    return lambda site, options: next(script, 0)


def made(*answers: int) -> list[Choice]:
    """Choices of a flat program with these answers, of ten options each."""
    return [Choice(Site(Kind.SCHEDULE, "/main", at), 10, answer) for at, answer in enumerate(answers)]
