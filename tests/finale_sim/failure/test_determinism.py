"""What does not come out twice is noticed, and nobody is accused of it."""

import subprocess
import sys
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
import trio

import finale_sim
from finale_sim import NotReproducible, Violated
from finale_sim.failure.determinism import LAYOUTS, parting, told
from finale_sim.investigate import investigate
from finale_sim.kernel.places import source_line
from finale_sim.program import PlainProgram
from finale_sim.report import Report


class Thing:
    """Has the default hash, which is its address."""


def by_address() -> tuple[int, ...]:
    """The order in which a set holds six new objects."""
    things = [Thing() for _ in range(6)]
    return tuple(things.index(thing) for thing in set(things))


async def fine() -> None:
    async with trio.open_nursery() as nursery:
        for _ in range(4):
            nursery.start_soon(trio.sleep, 1)


async def orders_by_address() -> None:
    """Which task sleeps longest is a matter of addresses."""
    async with trio.open_nursery() as nursery:
        for number in by_address():
            nursery.start_soon(sleeps, number)


async def sleeps(number: int) -> None:
    await trio.sleep(number)


def report_of(function: Callable[[], Awaitable[Any]], trials: int = 100) -> Report:
    return investigate(PlainProgram("test", function), trials=trials)


LAYOUT = """
from array import array
from finale_sim.failure.determinism import LAYOUTS, another_layout

class Thing:
    pass

def order():
    addresses = list(map(id, [Thing() for _ in range(6)]))
    return hash(tuple(map(sorted(addresses).index, addresses)))

plain, other = array("q", [0] * 20 * LAYOUTS), array("q", [0] * LAYOUTS)  # made before, so that nothing new is kept meanwhile
for number in range(len(plain)):
    plain[number] = order()
for number in range(LAYOUTS):
    with another_layout(number):
        other[number] = order()
print(len(set(other) - set(plain)))
"""


def test_another_layout_reorders_what_is_ordered_by_address() -> None:
    """Where nothing else happens, objects take the places of the last ones; each layout gives them places in another order."""
    done = subprocess.run([sys.executable, "-c", LAYOUT], capture_output=True, encoding="utf-8", check=True)
    assert int(done.stdout) >= LAYOUTS - 1


def test_a_passing_program_that_orders_by_id_is_not_reproducible() -> None:
    """The report says where two runs of a trial part, with the task lines of both, and ends with exit code 3."""
    report = report_of(orders_by_address)
    assert isinstance(report.verdict, NotReproducible)
    assert report.verdict.exit_code == 3
    assert report.verdict.word == "not reproducible"
    text = str(report.verdict)
    assert "under another memory layout" in text
    assert "  first:\n" in text
    assert "  then:\n" in text
    first, then = text.split("  then:")
    assert first.count("in sleeps: ") == then.count("in sleeps: ") == 1
    assert report.token is None


def test_a_failure_that_depends_on_addresses_is_not_called_a_violation() -> None:
    """It fails each time, but not in the same way."""

    async def unordered() -> None:
        order = by_address()
        assert order == (), f"the order was {order}"

    report = report_of(unordered)
    assert isinstance(report.verdict, NotReproducible)
    assert report.counterexample is None
    assert "the order was" in report.verdict.why


def test_a_failure_is_run_again_more_than_once() -> None:
    """It is the same three times, and then another one."""
    count = 0

    async def rarely_another() -> None:
        nonlocal count
        count += 1
        raise ValueError(count // 4)

    assert isinstance(report_of(rarely_another).verdict, NotReproducible)


@pytest.mark.parametrize("period", [2, 3, 50])
def test_state_that_is_kept_between_trials_is_noticed(period: int) -> None:
    """A program that takes another way each n-th time does not pass, whichever n."""
    count = 0

    async def forgetful() -> None:
        nonlocal count
        count += 1
        await trio.sleep(count // period)
        await fine()

    assert isinstance(report_of(forgetful).verdict, NotReproducible)


def test_a_small_program_that_remembers_is_noticed_too() -> None:
    """However few trials there are, the first is run again at the end."""
    seen = False

    async def once() -> None:
        nonlocal seen
        await trio.sleep(seen)
        seen = True

    report = report_of(once)
    assert report.search.trials < 5
    assert isinstance(report.verdict, NotReproducible)


def test_a_sound_program_costs_one_more_trial_in_twenty() -> None:
    """And the first one again."""
    count = 0

    async def counted() -> None:
        nonlocal count
        count += 1
        await fine()

    report = report_of(counted, trials=200)
    assert report.search.trials == 200
    assert report.verdict.exit_code == 0
    assert count == 200 + 10 + 1


def test_addresses_in_messages_do_not_count() -> None:
    """A message that shows an object is another one each time, and the failure is the same."""

    async def shows_an_object() -> None:
        raise ValueError(Thing.__new__(Thing), object())

    assert isinstance(report_of(shows_an_object).verdict, Violated)


def test_parting_shows_the_first_step_that_differs() -> None:
    """Both versions with all of their lines; a trial that is shorter is over there."""
    one, two = [("1",), ("2", "at a.py:1")], [("1",), ("2", "at a.py:7")]
    assert parting(one, one) == ()
    assert parting(one, two) == ("  first:", "    2", "    at a.py:1", "  then:", "    2", "    at a.py:7")
    assert parting(one, one[:1]) == ("  first:", "    2", "    at a.py:1", "  then:", "    the trial is over")


def test_a_told_step_has_its_choice_and_its_place() -> None:
    """What comparing needs: who, when, what was asked, of whom, and where the task stands now."""
    report = report_of(lost_update)
    assert report.counterexample is not None
    steps = [told(step) for step in report.counterexample.story.trial.trace]
    assert any(line.startswith("chosen at schedule ") and "of /main" in line for step in steps for line in step)
    place = source_line(lost_update.__code__, 0).partition(":")[0]
    assert any(line.startswith(place) for step in steps for line in step)


async def lost_update() -> None:
    balance = 0

    async def add() -> None:
        nonlocal balance
        before = balance
        await trio.lowlevel.checkpoint()
        balance = before + 1

    async with trio.open_nursery() as nursery:
        nursery.start_soon(add)
        nursery.start_soon(add)
    assert balance == 2


def test_a_reproducible_failure_says_where_it_was_run_again() -> None:
    """In this process, and in a fresh one."""
    report = finale_sim.explore(lost_update)
    assert report.counterexample is not None
    here, fresh = report.counterexample.reruns
    assert here == f"in this process, under {LAYOUTS} other memory layouts"
    assert fresh.startswith("in a fresh process with PYTHONHASHSEED=")
