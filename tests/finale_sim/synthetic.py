"""Programs without trio: a tree of choices as a plain function, which search, sweep and shrinker cannot tell from a trial."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from zlib import crc32

from finale_sim.choices import Choice, Choices, Decide, Kind, Site
from finale_sim.profile import Profile
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


@dataclass
class Member:
    """A task of ``interleaved``: ``touches`` has an entry for each of its steps."""

    path: str
    touches: Sequence[tuple[int, ...]]
    steps: int = 0


@dataclass(frozen=True)
class Next:
    """A member as a strategy sees it."""

    path: str
    steps: int
    touches: tuple[int, ...]


def interleaved(
    members: Mapping[str, Sequence[tuple[int, ...]]], judge: Callable[[tuple[str, ...]], str | None] = lambda order: None
) -> RunTrial:
    """A program of tasks that only take their steps. ``members``: path → what each step touches. ``judge`` sees whose each was.

    A task whose path lies below another's is there once that has taken a step. 0 is the first that is left. The digest is the
    order, the behaviour as well.
    """

    def run(decide: Decide) -> Attempt:
        choices, order = Choices(decide), list[str]()
        tasks = [Member(path, touches) for path, touches in members.items()]
        while left := [task for task in tasks if task.steps < len(task.touches) and _born(task, tasks)]:
            options = [Next(task.path, task.steps, tuple(task.touches[task.steps])) for task in left]
            last = order[-1] if order else "/main"
            index = choices.draw(Site(Kind.SCHEDULE, last, order.count(last)), len(left), options)
            left[index].steps += 1
            order.append(left[index].path)
        touched = Counter((task.path, thing) for task in tasks for step in task.touches for thing in step)
        profile = Profile(crc32(" ".join(order).encode()), {task.path: task.steps for task in tasks}, touched)
        claim = judge(tuple(order))
        breach = Breach(claim, " ".join(order)) if claim else None
        return Attempt(tuple(choices.made), profile.behaviour, breach, profile=profile if choices.picking else None)

    return run


def _born(task: Member, tasks: Sequence[Member]) -> bool:
    return all(other.steps for other in tasks if task.path.startswith(f"{other.path}/"))
