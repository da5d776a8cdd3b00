"""Opposites of the happy path: what each of the two does to the order of tasks."""

from collections.abc import Mapping, Sequence

from finale_sim.search import Attempt
from finale_sim.search.opposites import Opposites
from tests.finale_sim.synthetic import interleaved

Members = Mapping[str, Sequence[tuple[int, ...]]]

THREE: Members = {"/main": [()] * 3, "/main/a": [()] * 2, "/main/b": [()] * 2}


def tried(members: Members) -> tuple[str, ...]:
    """The orders of both, a letter for each step."""
    orders: list[str] = []

    def noted(order: tuple[str, ...]) -> None:
        orders.append("".join(path[-1] for path in order))

    opposites, run = Opposites(), interleaved(members, noted)
    while (decide := opposites.next()) is not None:
        attempt: Attempt = run(decide)
        opposites.learn(attempt)
        assert attempt.breach is None
    return tuple(orders)


def test_there_are_two() -> None:
    """And then it has nothing left."""
    assert len(tried(THREE)) == 2


def test_one_takes_the_last_option_each_time() -> None:
    """Here that is who was started last."""
    _, restless = tried(THREE)
    assert restless == "nbbaann"


def test_the_other_lets_the_program_go_on_and_then_who_was_started_last() -> None:
    """So a task that the happy path would run first comes last."""
    backwards, _ = tried(THREE)
    assert backwards == "nnnbbaa"


def test_where_tasks_wait_in_a_loop_for_another_that_gets_its_turn() -> None:
    """No task is put off for ever."""
    for order in tried({"/waited_for": [()], "/x": [()] * 3000, "/y": [()] * 3000}):
        assert "r" in order[:2500]
