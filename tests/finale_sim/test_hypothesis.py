"""Hypothesis chooses the schedule along with the data."""

import warnings

import pytest
import trio
from hypothesis import given, seed, settings
from hypothesis import strategies as st

import finale_sim
from finale_sim.hypothesis import Schedule, recorded, schedules

QUIET = settings(database=None, deadline=None, print_blob=False)


async def add_up(items: list[int], lasting: int) -> None:
    """Loses an update if one of more than ``lasting`` is added beside another."""
    total = 0

    async def add(item: int) -> None:
        nonlocal total
        seen = total
        if item > lasting:
            await trio.lowlevel.checkpoint()
        total = seen + item

    async with trio.open_nursery() as nursery:
        for item in items:
            nursery.start_soon(add, item)
    assert total == sum(items)


def test_data_and_schedule_shrink_together() -> None:
    """What is left is little data, and a schedule of one deviation; the note tells it, and replays it."""
    failing: list[tuple[list[int], str]] = []

    @QUIET
    @seed(1)
    @given(st.lists(st.integers(0, 1000)), schedules())
    def test(items: list[int], schedule: Schedule) -> None:
        try:
            schedule.run(add_up, items, 100)
        except AssertionError as error:
            failing.append((items, error.__notes__[0]))
            raise

    with pytest.raises(AssertionError) as caught:
        test()
    items, note = failing[-1]
    assert max(items) == 101
    assert len(items) <= 3  # 2 would do; where data goes, the choices behind it move up, and Hypothesis cannot always follow
    lines = note.splitlines()
    assert lines[:1] + lines[2:3] == ["What happened", "Timeline (» a deviation, · an observation)"]
    assert lines[1].startswith("  1. hold /main/add:")
    assert note in caught.value.__notes__
    (again,) = [line for line in lines if line.startswith("Again   @example(…, recorded(")]
    schedule = recorded(again.split('"')[1])
    assert "fin1-" in repr(schedule)
    with pytest.raises(AssertionError):
        schedule.run(add_up, items, 100)


def test_a_recorded_schedule_that_is_gone_says_so() -> None:
    """DRIFT is a warning, so that the rest of a test goes on."""
    with pytest.raises(AssertionError) as caught:
        _first_failing()
    token = caught.value.__notes__[0].rpartition('recorded("')[2].partition('"')[0]
    with pytest.warns(UserWarning, match="DRIFT  .*recorded"):
        recorded(token).run(add_up, [1], 100)


def _first_failing() -> None:
    @QUIET
    @seed(1)
    @given(schedules())
    def test(schedule: Schedule) -> None:
        schedule.run(add_up, [101, 1], 100)

    test()


def test_a_program_that_is_stuck_fails_and_says_who_waits() -> None:
    """The error is an assertion, and has the tasks."""

    @QUIET
    @given(schedules())
    def test(schedule: Schedule) -> None:
        schedule.run(trio.sleep_forever)

    with pytest.raises(AssertionError, match=r"'not stuck' is violated: (.|\n)*/main waits in trio.sleep_forever"):
        test()


def test_values_errors_and_assumptions_come_out() -> None:
    """What the program returns is returned; a trial that does not count is an example that does not; real I/O is no pass."""
    counted = []

    async def picky(number: int) -> int:
        finale_sim.assume(number % 2)
        return number

    async def leaves() -> None:
        raise finale_sim.RealIO("socket")

    @QUIET
    @given(st.integers(0, 9), schedules())
    def test(number: int, schedule: Schedule) -> None:
        counted.append(schedule.run(picky, number, fidelity="step", cancel=True))

    test()
    assert counted
    assert all(number % 2 for number in counted)

    @QUIET
    @given(schedules())
    def real(schedule: Schedule) -> None:
        schedule.run(leaves)

    with pytest.raises(finale_sim.RealIO):
        real()


def test_a_trial_without_an_end_is_no_pass() -> None:
    """It cannot be judged."""

    async def count() -> None:
        number = 0
        while True:
            number += 1
            await trio.lowlevel.checkpoint()

    with warnings.catch_warnings(), pytest.raises(RuntimeError, match="still going after"):
        Schedule(lambda site, options: 0).run(count)


def test_what_is_no_token_is_no_schedule() -> None:
    """The error is that of every other place where a token is read."""
    with pytest.raises(finale_sim.BadToken, match="'fin2' is no token"):
        recorded("fin2")
