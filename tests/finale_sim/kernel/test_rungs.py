"""The ladder: on each rung exactly the schedules of the theory, and each of three bugs from one rung on."""

from collections import Counter
from math import comb, factorial, inf
from typing import Any

import pytest
import trio
import trio.testing

import finale_sim
from finale_sim.choices import Kind, Site
from finale_sim.kernel import Conditions, Ending, Fidelity, simulate
from finale_sim.kernel.passage import MOST_JUMPS
from finale_sim.search import Sweep
from tests.finale_sim.kernel.support import Program, every_trial, grid, random_walk

ROUNDS, STEP, TIES, FREE = Fidelity


@pytest.mark.parametrize(("tasks", "checkpoints"), [(2, 1), (2, 3), (2, 5), (3, 1), (3, 2), (4, 1), (3, 3)])
def test_rounds_are_complete_and_distinct(tasks: int, checkpoints: int) -> None:
    """In each of m+1 rounds T tasks take a step each: (T!)^(m+1) schedules, and each is found once."""
    trials = every_trial(grid(tasks, checkpoints), fidelity=ROUNDS)
    assert len(trials) == factorial(tasks) ** (checkpoints + 1)
    assert len({trial.digest for trial in trials}) == len(trials)
    for trial in trials:
        for start in range(0, len(trial.value), tasks):
            assert sorted(trial.value[start : start + tasks]) == list(range(tasks))


@pytest.mark.parametrize(("tasks", "checkpoints"), [(2, 1), (2, 3), (3, 1), (4, 1)])
@pytest.mark.parametrize("fidelity", [STEP, TIES, FREE])
def test_above_rounds_any_task_takes_the_next_step(tasks: int, checkpoints: int, fidelity: Fidelity) -> None:
    """Without timers the rungs from step on are one and the same: (T(m+1))! / ((m+1)!)^T schedules."""
    trials = every_trial(grid(tasks, checkpoints), fidelity=fidelity)
    assert len({trial.value for trial in trials}) == len(trials)
    assert len(trials) == factorial(tasks * (checkpoints + 1)) // factorial(checkpoints + 1) ** tasks


def _sleepers(count: int) -> Program:
    """Tasks that are woken at one instant, and take one more step. They start one by one."""

    async def program() -> None:
        async with trio.open_nursery() as nursery:
            for _ in range(count):
                nursery.start_soon(trio.sleep_until, 1)
                await trio.testing.wait_all_tasks_blocked()

    return program


@pytest.mark.parametrize("count", [2, 3, 4])
def test_timers_of_one_instant_fire_together_or_one_by_one(count: int) -> None:
    """T timers and T steps: all timers first, T! orders; one by one, each before its own step, (2T)! / 2^T."""
    for fidelity in (ROUNDS, STEP):
        assert len(every_trial(_sleepers(count), fidelity=fidelity)) == factorial(count)
    assert len(every_trial(_sleepers(count), fidelity=TIES)) == factorial(2 * count) // 2**count


def _worker_and_sleeper(steps: int, naps: int) -> Program:
    """A task that takes so many steps, beginning when another one is asleep, which naps so often for a second."""

    async def sleeper() -> None:
        for _ in range(naps):
            await trio.sleep(1)

    async def program() -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(sleeper)
            await trio.testing.wait_all_tasks_blocked()
            for _ in range(steps - 1):
                await trio.lowlevel.checkpoint()

    return program


@pytest.mark.parametrize(("steps", "naps"), [(1, 1), (2, 1), (4, 1), (2, 2), (2, 3)])
def test_a_deadline_may_pass_between_any_two_steps(steps: int, naps: int) -> None:
    """For each nap time passes, the timer fires, the sleeper wakes, in this order, anywhere among the steps of the worker."""
    assert len(every_trial(_worker_and_sleeper(steps, naps), fidelity=TIES)) == 1
    assert len(every_trial(_worker_and_sleeper(steps, naps), fidelity=FREE)) == comb(steps + 3 * naps, steps)


async def _two_deadlines() -> None:
    async with trio.open_nursery() as nursery:
        nursery.start_soon(trio.sleep_until, 1)
        nursery.start_soon(trio.sleep_until, 2)
        await trio.testing.wait_all_tasks_blocked()
        await trio.lowlevel.checkpoint()


def test_time_passes_only_so_often_while_tasks_can_go_on() -> None:
    """A worker that polls for ever sees as many deadlines as the budget allows, and no more."""

    async def program() -> None:
        async def poll() -> None:
            while True:
                await trio.lowlevel.checkpoint()

        async with trio.open_nursery() as nursery:
            nursery.start_soon(poll)
            for second in range(10):
                nursery.start_soon(trio.sleep_until, second)

    def jump(site: Site, options: int) -> int:
        return int(site.kind is Kind.JUMP)

    trial = simulate(program, decide=jump, conditions=Conditions(FREE), max_steps=2_000)
    assert trial.ending is Ending.STEP_LIMIT
    assert trial.now_s == MOST_JUMPS
    assert simulate(program, max_steps=2_000).now_s == 0


async def _use_after_close() -> bool:
    connected, misused = True, False

    async def closer() -> None:
        nonlocal connected
        for _ in range(3):
            await trio.lowlevel.checkpoint()
        connected = False

    async def user() -> None:
        nonlocal misused
        if connected:
            await trio.lowlevel.checkpoint()
            misused = not connected

    async with trio.open_nursery() as nursery:
        nursery.start_soon(closer)
        nursery.start_soon(user)
    return misused


async def _lock_against_timeout() -> bool:
    lock = trio.Lock()
    acquired = False

    async def holder() -> None:
        async with lock:
            await trio.sleep(1)

    async def waiter() -> None:
        nonlocal acquired
        with trio.move_on_at(1):
            await lock.acquire()
            acquired = True

    async with trio.open_nursery() as nursery:
        nursery.start_soon(holder)
        await trio.testing.wait_all_tasks_blocked()
        nursery.start_soon(waiter)
    return acquired


async def _stale_lease() -> bool:
    leased, stale = True, False

    async def lease() -> None:
        nonlocal leased
        await trio.sleep(1)
        leased = False

    async with trio.open_nursery() as nursery:
        nursery.start_soon(lease)
        await trio.testing.wait_all_tasks_blocked()
        if leased:
            await trio.lowlevel.checkpoint()
            stale = not leased
    return stale


@pytest.mark.parametrize(
    ("program", "counts"),
    [
        (_use_after_close, [(0, 4), (4, 15), (4, 15), (4, 15)]),  # steps of 4 + 2; 4 of the orders have 3 of one between 2
        (_lock_against_timeout, [(0, 2), (0, 2), (2, 7), (2, 32)]),
        (_stale_lease, [(0, 1), (0, 1), (0, 1), (3, 10)]),  # 2 steps, 3 events: C(5, 3); 3 have the last event between the steps
    ],
)
def test_each_bug_has_its_rung(program: Any, counts: list[tuple[int, int]]) -> None:
    """Exactly so many bad schedules of all, on each rung; none below the rung that the bug needs."""
    for fidelity, (bad, total) in zip(Fidelity, counts, strict=True):
        outcomes = Counter(trial.value for trial in every_trial(program, fidelity=fidelity))
        assert (outcomes[True], outcomes.total()) == (bad, total), fidelity


@pytest.mark.parametrize("fidelity", Fidelity)
@pytest.mark.parametrize("program", [grid(3, 1), _sleepers(3), _worker_and_sleeper(2, 2), _two_deadlines])
def test_a_sweep_finds_what_depth_first_finds(program: Program, fidelity: Fidelity) -> None:
    """Sites are unique on every rung, so naming deviations by them loses no schedule."""
    sweep, digests = Sweep(), set()
    while (decide := sweep.next()) is not None:
        trial = simulate(program, decide=decide, conditions=Conditions(fidelity))
        sweep.learn(trial)
        digests.add(trial.digest)
        assert len({choice.site for choice in trial.choices}) == len(trial.choices)
    assert sweep.exhausted
    assert digests == {trial.digest for trial in every_trial(program, fidelity=fidelity)}


@pytest.mark.parametrize("fidelity", Fidelity)
def test_a_trial_repeats_itself_on_every_rung(fidelity: Fidelity) -> None:
    """The same answers make the same trial, traced or not, and the trace tells every step."""
    program = _worker_and_sleeper(5, 3)
    for seed in range(20):
        plain, traced = (
            simulate(program, decide=random_walk(seed), conditions=Conditions(fidelity), trace=trace) for trace in (False, True)
        )
        assert plain.digest == traced.digest
        assert plain.choices == traced.choices
        assert sum(not step.path.startswith("~") for step in traced.trace) == traced.steps


def test_a_round_that_is_broken_off_leaves_nothing_behind() -> None:
    """What has yet to take its step when a strategy fails is cleared away with the rest."""
    cleaned: list[int] = []

    async def program() -> None:
        async def worker(number: int) -> None:
            try:
                for _ in range(3):
                    await trio.lowlevel.checkpoint()
            finally:
                cleaned.append(number)

        async with trio.open_nursery() as nursery:
            for number in range(5):
                nursery.start_soon(worker, number)

    asked = 0

    def decide(site: Site, options: int) -> int:
        nonlocal asked
        asked += 1
        if asked == 7:
            raise LookupError("no idea")
        return 0

    with pytest.raises(LookupError, match="no idea"):
        simulate(program, decide=decide, conditions=Conditions(ROUNDS))
    assert sorted(cleaned) == [0, 1, 2, 3, 4]


def test_a_fidelity_has_a_word() -> None:
    """Words are for people; a wrong one is answered with the right ones."""
    assert [Fidelity.named(word) for word in ("rounds", "step", "ties", "free")] == list(Fidelity)
    with pytest.raises(ValueError, match="no fidelity 'batch'; there are: rounds, step, ties, free"):
        Fidelity.named("batch")


def test_a_cancel_in_the_middle_of_a_round_disturbs_nobody() -> None:
    """Whoever it wakes waits for the next round, also if the round has only one task left."""

    async def program() -> list[str]:
        log: list[str] = []

        async def sleeper() -> None:
            with trio.CancelScope():
                await trio.sleep_forever()
            log.append("woken")

        async def worker(number: int) -> None:
            for _ in range(2):
                await trio.lowlevel.checkpoint()
                log.append(f"step of {number}")

        async with trio.open_nursery() as nursery:
            nursery.start_soon(sleeper)
            nursery.start_soon(worker, 0)
            nursery.start_soon(worker, 1)
        return log

    def cancel(site: Site, options: int) -> int:
        return options - 1 if site.kind is Kind.CANCEL and (site.path, site.n) == ("/main/worker:0", 2) else 0

    trial = simulate(program, decide=cancel, conditions=Conditions(ROUNDS, cancels=True))
    assert trial.value == ["step of 0", "step of 1", "woken", "step of 0", "step of 1"]


async def set_too_late() -> bool:
    """A deadline that is moved into the past while its scope is open: trio cuts the next thing that is awaited."""
    with trio.CancelScope() as scope:
        scope.deadline = -inf
        await trio.lowlevel.checkpoint()
        await trio.lowlevel.checkpoint()
        return False
    return True


@pytest.mark.parametrize("fidelity", Fidelity)
def test_a_timer_that_is_overdue_when_it_is_set_is_not_held_back(fidelity: Fidelity) -> None:
    """On no rung can a task go on for long in a scope whose time is already up."""
    report = finale_sim.explore(_never_goes_on, fidelity=fidelity.word)
    assert report.search.exhausted
    assert report.verdict.exit_code == 0


async def _never_goes_on() -> None:
    async with trio.open_nursery() as nursery:
        nursery.start_soon(trio.lowlevel.checkpoint)
        assert await set_too_late()
