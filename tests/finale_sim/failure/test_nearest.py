"""The nearest passing trial, on made-up failures."""

import pytest
import trio

import finale_sim
from finale_sim.failure.nearest import Nearest, nearest_passing
from finale_sim.search import RunTrial
from tests.finale_sim.synthetic import Judge, answers_of, flat, following_answers


def nearest(run: RunTrial, *answers: int) -> Nearest | None:
    return nearest_passing(run, run(following_answers(*answers)))


def unless(*passing: tuple[int, ...]) -> Judge:
    """Fails everywhere but there."""
    return lambda answers: None if answers in passing else "claim"


def test_the_one_that_parts_last() -> None:
    """Where several deviations could be dropped, the last one is; the change is named by its number."""
    near = nearest(flat(2, 2, 2, judge=unless((0, 1, 1), (1, 1, 0))), 1, 1, 1)
    assert near is not None
    assert near.change == "without deviation 3"
    assert answers_of(near.attempt) == (1, 1, 0)


def test_only_what_holds_counts() -> None:
    """Neither a failure nor what could not be judged is a passing trial."""
    near = nearest(flat(2, 2, 2, judge=unless((0, 1, 1))), 1, 1, 1)
    assert near is not None
    assert near.change == "without deviation 1"
    assert nearest(flat(2, 2, 2, judge=unless()), 1, 1, 1) is None


def test_a_lower_index_is_as_near() -> None:
    """One deviation is changed, and it parts at the same place."""
    near = nearest(flat(4, judge=unless((2,))), 3)
    assert near is not None
    assert near.change == "with option 2 instead of 3 in deviation 1"


def test_fewest_differences_come_before_the_latest_parting() -> None:
    """What asks other questions after a change is farther away."""
    near = nearest(flat(2, 2, judge=unless((0, 1), (1, 0))), 1, 1)
    assert near is not None
    assert answers_of(near.attempt) == (1, 0)


def test_a_failure_on_the_happy_path_gets_a_deviation() -> None:
    """As late as possible."""
    near = nearest(flat(2, 3, 2, judge=unless((1, 0, 0), (0, 2, 0))))
    assert near is not None
    assert answers_of(near.attempt) == (0, 2, 0)
    assert near.change == "with option 2 instead of 0 at schedule /main#1"


@pytest.mark.parametrize("seed", [0, 1])
def test_a_report_tells_it(seed: int) -> None:
    """With the step where the two part, and who takes it here and there."""

    async def program() -> None:
        order = list[int]()

        async def child(number: int) -> None:
            await trio.lowlevel.checkpoint()
            order.append(number)

        async with trio.open_nursery() as nursery:
            nursery.start_soon(child, 0)
            nursery.start_soon(child, 1)
        assert order == [0, 1]

    report = finale_sim.explore(program, seed=seed)
    assert report.counterexample is not None
    assert report.counterexample.passing is not None
    assert report.counterexample.passing.startswith("the same trial without deviation 1 holds; they part at step ")
    assert ": here /main/child:1 takes its step 1, there /main/child:0 takes its step" in report.counterexample.passing
    assert report.as_dict()["nearest"] == report.counterexample.passing
