"""Which schedules exist: exactly those of the theory, and choice 0 is the least surprising one."""

from math import factorial
from typing import Any

import pytest
import trio
import trio.testing

from finale_sim.choices import Choice, Kind, Site
from finale_sim.kernel import FAIR_AFTER, Ending, simulate
from tests.finale_sim.kernel.support import every_trial, grid


@pytest.mark.parametrize(("tasks", "checkpoints"), [(1, 3), (2, 1), (2, 3), (2, 5), (3, 1), (3, 2), (4, 1)])
def test_interleavings_are_complete_and_distinct(tasks: int, checkpoints: int) -> None:
    """T tasks of m+1 steps have (T(m+1))! / ((m+1)!)^T interleavings, and each is found once."""
    trials = every_trial(grid(tasks, checkpoints))
    assert len(trials) == factorial(tasks * (checkpoints + 1)) // factorial(checkpoints + 1) ** tasks
    assert len({trial.value for trial in trials}) == len(trials)
    assert len({trial.digest for trial in trials}) == len(trials)
    assert {trial.ending for trial in trials} == {Ending.RETURNED}


async def _use_after_close() -> str:
    state = {"open": True}
    outcome = "fine"

    async def closer() -> None:
        for _ in range(3):
            await trio.lowlevel.checkpoint()
        state["open"] = False

    async def user() -> None:
        nonlocal outcome
        if state["open"]:
            await trio.lowlevel.checkpoint()
            if not state["open"]:
                outcome = "used after close"

    async with trio.open_nursery() as nursery:
        nursery.start_soon(closer)
        nursery.start_soon(user)
    return outcome


def test_a_bug_that_needs_three_steps_of_another_task_is_reachable() -> None:
    """One task's three steps fit between two steps of the other: 4 + 2 steps have 15 interleavings."""
    outcomes = [trial.value for trial in every_trial(_use_after_close)]
    assert len(outcomes) == 15
    assert outcomes.count("used after close") == 4


async def _timeout_against_release() -> str:
    lock = trio.Lock()
    outcome = "timed out"

    async def holder() -> None:
        async with lock:
            await trio.sleep(1)

    async def waiter() -> None:
        nonlocal outcome
        with trio.move_on_at(1):
            await lock.acquire()
            outcome = "acquired"

    async with trio.open_nursery() as nursery:
        nursery.start_soon(holder)
        await trio.testing.wait_all_tasks_blocked()
        nursery.start_soon(waiter)
    return outcome


def test_timers_of_one_instant_fire_in_every_order() -> None:
    """A lock that is released at the instant at which a waiter gives up may go either way."""
    trials = every_trial(_timeout_against_release)
    assert {trial.value for trial in trials} == {"acquired", "timed out"}
    assert {trial.now_s for trial in trials} == {1.0}


def test_deadlines_that_differ_by_rounding_are_tied() -> None:
    """0.1 + 0.2 and 0.3 are the same instant, in either order."""

    async def program() -> str:
        log: list[str] = []

        async def sleeper(name: str, *naps: float) -> None:
            for nap in naps:
                await trio.sleep(nap)
            log.append(name)

        async with trio.open_nursery() as nursery:
            nursery.start_soon(sleeper, "a", 0.1, 0.2)
            nursery.start_soon(sleeper, "b", 0.3)
        return "".join(log)

    assert {trial.value for trial in every_trial(program)} == {"ab", "ba"}


def test_timers_of_different_instants_keep_their_order() -> None:
    """Time passes only when nothing is runnable, so a later timer can't overtake."""

    async def program() -> list[int]:
        log: list[int] = []

        async def sleeper(number: int) -> None:
            await trio.sleep(number)
            log.append(number)

        async with trio.open_nursery() as nursery:
            for number in (3, 1, 2):
                nursery.start_soon(sleeper, number)
        return log

    assert {tuple(trial.value) for trial in every_trial(program)} == {(1, 2, 3)}


def test_choice_0_goes_on_with_the_same_task() -> None:
    """On the happy path a task runs until it blocks, and then the one that has waited longest goes on."""
    assert simulate(grid(3, 2)).value == (0, 0, 0, 1, 1, 1, 2, 2, 2)


def test_other_options_are_in_the_order_of_waiting() -> None:
    """Index 1 is the longest waiting of the others."""
    trial = simulate(grid(3, 1), decide=lambda site, options: min(1, options - 1), trace=True)
    assert trial.value == (1, 0, 2, 1, 2, 0)
    step = next(step for step in trial.trace if step.choice and step.options[0] == "/main/worker:1")
    assert step.options == ("/main/worker:1", "/main/worker:0", "/main/worker:2")


def test_one_runnable_task_is_no_choice() -> None:
    """A program of one task draws nothing."""
    assert simulate(grid(1, 20)).choices == ()


def test_a_schedule_site_names_the_task_that_ran_last_and_its_step() -> None:
    """Sites are counted per task, so that they keep their meaning when something else in the trial changes."""
    trial = simulate(grid(2, 1))
    assert trial.choices == (
        Choice(Site(Kind.SCHEDULE, "/main", 1), 2, 0),
        Choice(Site(Kind.SCHEDULE, "/main/worker:0", 1), 2, 0),
    )


def test_sites_are_unique_within_a_trial() -> None:
    """A deviation must not mean two choices."""
    for trial in (simulate(grid(4, 5)), simulate(_timeout_against_release)):
        sites = [choice.site for choice in trial.choices]
        assert len(set(sites)) == len(sites)


def test_a_spinning_task_does_not_starve_the_others() -> None:
    """On the happy path a task that only polls lets the others go on after a fixed number of steps."""

    async def program() -> int:
        done = False
        polls = 0

        async def poller() -> None:
            nonlocal polls
            while not done:
                polls += 1
                await trio.lowlevel.checkpoint()

        async def worker() -> None:
            nonlocal done
            await trio.lowlevel.checkpoint()
            done = True

        async with trio.open_nursery() as nursery:
            nursery.start_soon(poller)
            nursery.start_soon(worker)
        return polls

    trial = simulate(program)
    assert trial.ending is Ending.RETURNED
    assert trial.value == FAIR_AFTER + 1
    assert not any(choice.answer for choice in trial.choices)


def test_two_spinning_tasks_share_fairly() -> None:
    """Tasks that never block take turns on the happy path, and so does one that comes later."""

    async def program() -> list[int]:
        counts = [0, 0, 0]

        async def spinner(number: int) -> None:
            while min(counts) < 3 * FAIR_AFTER:
                counts[number] += 1
                await trio.lowlevel.checkpoint()

        async with trio.open_nursery() as nursery:
            for number in range(3):
                nursery.start_soon(spinner, number)
        return counts

    trial = simulate(program)
    assert trial.ending is Ending.RETURNED
    assert max(trial.value) <= 5 * FAIR_AFTER


def test_paths_name_the_function_and_the_starter() -> None:
    """A path is made of short function names, whatever the tasks are called and whoever owns the nursery."""

    async def child() -> None:
        await trio.lowlevel.checkpoint()

    async def starter(nursery: trio.Nursery) -> None:
        nursery.start_soon(child)
        nursery.start_soon(child, name="a/b:7\n☃")
        nursery.start_soon(lambda: child())  # noqa: PLW0108

    async def service(task_status: Any) -> None:
        task_status.started()
        await trio.lowlevel.checkpoint()

    async def program() -> None:
        async with trio.open_nursery() as nursery:
            await nursery.start(service)
            nursery.start_soon(starter, nursery)

    paths = {step.path for step in simulate(program, trace=True).trace}
    assert paths == {"/main", "/main/service:0", "/main/starter:0", *(f"/main/starter:0/child:{n}" for n in range(3))}


def test_hostile_function_names_stay_inside_their_part_of_the_path() -> None:
    """Slashes, colons and line breaks of a function's name don't reach the path."""

    async def child() -> None:
        await trio.lowlevel.checkpoint()

    child.__name__ = "x/../main:0\n" * 50

    async def program() -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(child)

    (path,) = {step.path for step in simulate(program, trace=True).trace} - {"/main"}
    assert path.count("/") == 2
    assert path.endswith(":0")
    assert len(path) < 60


def test_wait_all_tasks_blocked_waits_for_others_only() -> None:
    """It wakes when nothing is runnable, before time passes, and after its cushion of virtual time."""

    async def program() -> tuple[float, float]:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(trio.sleep, 10)
            await trio.testing.wait_all_tasks_blocked()
            first = trio.current_time()
            await trio.testing.wait_all_tasks_blocked(cushion=2.5)
            second = trio.current_time()
            nursery.cancel_scope.cancel()
        return first, second

    assert simulate(program).value == (0.0, 2.5)
