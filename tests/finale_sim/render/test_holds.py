"""Schedules in words: who is held where, until whom has run."""

import pytest
import trio

from finale_sim.choices import Choice, Kind, Site
from finale_sim.kernel import Step, Trial
from finale_sim.kernel.tracing import PROCESS
from finale_sim.program import PlainProgram
from finale_sim.render import in_words
from finale_sim.search import Attempt, RandomWalk, following
from finale_sim.story import Story

A, B, C = "/main/a:0", "/main/b:0", "/main/c:0"


def step(path: str, n: int, *options: str, waiting: str = "", place: str = "") -> Step:
    """A step of ``path``; with options it deviates from the first of them."""
    answer = options.index(path) if options else 0
    choice = Choice(Site(Kind.SCHEDULE, path, n), len(options), answer) if options else None
    return Step(0, path, n, 0.0, choice, options or (path,), waiting, (place,) if place else ())


def words(*trace: Step) -> list[str]:
    choices = tuple(step.choice for step in trace if step.choice is not None)
    return in_words(Story(Attempt(choices, 0), Trial(ending=None, trace=trace)))  # type: ignore[arg-type]


def test_a_hold_ends_when_the_held_one_runs() -> None:
    """The checkpoint at which it stands, its line, and how many steps the other takes meanwhile."""
    at = step(A, 3, place="/home/me/bank.py:12 in deposit: await check()")
    (sentence,) = words(at, step(B, 1, A, B), step(B, 2), step(A, 4))
    assert sentence == f"hold {A} at checkpoint 3 (bank.py:12) until {B} has run 2 steps"


def test_what_it_waits_in_is_told() -> None:
    """If it could not go on by itself."""
    (sentence,) = words(step(A, 1, waiting="trio.Event.wait"), step(B, 5, A, B), step(A, 2))
    assert sentence == f"hold {A} at checkpoint 1 (in trio.Event.wait) until {B} has run 1 step"


def test_one_that_has_not_begun() -> None:
    """It has no checkpoint yet."""
    assert words(step(B, 1, A, B), step(A, 1)) == [f"hold {A} before its first step until {B} has run 1 step"]


def test_a_hold_up_to_the_end() -> None:
    """Who is held never runs again."""
    assert words(step(A, 1), step(B, 1, A, B), step(C, 1)) == [
        f"hold {A} at checkpoint 1: {B} runs 1 step and {C} runs 1 step, and then the trial is over"
    ]


def test_deviations_that_hold_the_same_task_are_one_hold() -> None:
    """It is told once, with the numbers of the deviations; what holds another task in between is told for itself."""
    trace = step(A, 1), step(B, 1, A, B), step(C, 1, A, B, C), step(B, 2, C, B), step(C, 2), step(A, 2)
    assert words(*trace) == [
        f"hold {A} at checkpoint 1 until {B} has run 2 steps and {C} has run 2 steps (deviations 1, 2)",
        f"hold {C} at checkpoint 1 until {B} has run 1 step",
    ]


def test_a_second_hold_of_the_same_task_is_a_second_sentence() -> None:
    """It ran in between."""
    trace = step(A, 1), step(B, 1, A, B), step(A, 2), step(C, 1, A, C), step(A, 3)
    assert len(words(*trace)) == 2


@pytest.mark.parametrize("seed", range(20))
def test_every_deviation_is_told_and_every_hold_is_true(seed: int) -> None:
    """In any trial: each sentence is one hold, and the numbers of steps are those of the trace."""

    async def child(number: int) -> None:
        for _ in range(number):
            await trio.lowlevel.checkpoint()

    async def program() -> None:
        async with trio.open_nursery() as nursery:
            for number in range(4):
                nursery.start_soon(child, number)

    plain = PlainProgram("explore/program", program)
    made = plain.attempt(RandomWalk(seed).next()).deviations
    story = plain.tell(following({choice.site.key: choice.answer for choice in made}))
    sentences = in_words(story)
    merged = sum(sentence.partition("(deviations ")[2].count(",") for sentence in sentences)
    assert len(sentences) + merged == len(made)
    assert all(sentence.startswith("hold /main") for sentence in sentences)


KILL = Step(2, PROCESS, 0, 0.0, Choice(Site(Kind.CRASH, A, 1), 2, 1), ("goes on", "is killed"), "is killed")


def test_a_hold_until_the_process_is_killed() -> None:
    """What is started afterwards is not what it was held for."""
    sentence, kill = words(step(A, 1), step(B, 1, A, B), KILL, step("/after", 1))
    assert sentence == f"hold {A} at checkpoint 1: {B} runs 1 step, and then the process is killed"
    assert kill == f"kill the process after step 1 of {B}, and start /after"


@pytest.mark.parametrize(
    ("before", "sentence"),
    [
        ([], "before its first step"),
        ([step(A, 3, place="/home/me/bank.py:12 in pay: await log()")], f"after step 3 of {A} (bank.py:12)"),
        ([step(A, 3, waiting="ended")], f"after step 3 of {A}, its last"),
        (
            [step(A, 3, waiting="trio.sleep"), Step(1, "~timer", 0, 1.0, None, (), "fires")],
            f"after step 3 of {A} (in trio.sleep)",
        ),
    ],
)
def test_a_kill_is_told_by_the_step_before_it(before: list[Step], sentence: str) -> None:
    """Where the task that took it then stood; timers do not matter."""
    assert words(*before, KILL) == [f"kill the process {sentence}, and start /after"]
