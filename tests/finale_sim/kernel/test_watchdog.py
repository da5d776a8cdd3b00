"""A step that blocks the loop in real time is interrupted, told with its stack, and the next trial is none the worse.

The limits here are short; no test depends on how long anything takes, except that what is endless must be interrupted to end.
"""

import os
import subprocess
import sys
import threading
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

import pytest
import trio

from finale_sim.choices import Kind
from finale_sim.kernel import Conditions, Ending, StepBlocked, simulate

HERE = os.path.relpath(__file__)  # as reports name it

LIMIT_S = 0.05


async def _spins() -> None:
    await trio.sleep(1)
    while True:
        pass


async def _spins_in_a_child() -> None:
    async with trio.open_nursery() as nursery:
        nursery.start_soon(trio.sleep, 100)
        nursery.start_soon(_spins)


async def _catches_everything() -> None:
    caught = 0
    while caught < 3:
        try:
            while True:
                pass
        except BaseException:  # noqa: BLE001  # that is its bad habit
            caught += 1


async def _spins_again_when_it_cleans_up() -> None:
    try:
        await _spins()
    finally:
        while True:
            pass


def test_a_thread_that_waits_for_its_program_is_told_as_one() -> None:
    """It has been handed to a thread already: the remedy is another one."""
    ready = threading.Event()

    def waits() -> None:
        while not ready.is_set():
            pass

    async def user() -> None:
        await trio.to_thread.run_sync(waits)

    trial = simulate(user, blocked_after_s=LIMIT_S)
    assert isinstance(trial.error, StepBlocked)
    assert "a function in a simulated thread has not returned in 0.05 s" in str(trial.error)
    assert "give the program a stub of it" in str(trial.error)
    assert "in waits: while not ready.is_set():" in str(trial.error)


PROGRAMS = [_spins, _spins_in_a_child, _catches_everything, _spins_again_when_it_cleans_up]


@pytest.mark.parametrize("program", PROGRAMS)
def test_an_endless_step_is_interrupted(program: Callable[[], Awaitable[Any]]) -> None:
    """The trial ends with the step, its stack and the remedy; nothing arrives later."""
    trial = simulate(program, blocked_after_s=LIMIT_S)
    assert trial.ending is Ending.RAISED
    assert isinstance(trial.error, StepBlocked)
    text = str(trial.error)
    assert " blocks the loop: no checkpoint in 0.05 s of real time" in text
    assert "await trio.lowlevel.checkpoint()" in text
    assert f"    {HERE}:" in text
    for _ in range(200):
        assert simulate(trio.sleep, 1).ending is Ending.RETURNED


def test_the_task_and_the_line_are_named() -> None:
    """Which step of which task, and where in it."""
    text = str(simulate(_spins_in_a_child, blocked_after_s=LIMIT_S).error)
    assert text.startswith("step 2 of /main/_spins:0 blocks")
    assert "in _spins: " in text


def test_it_works_in_any_thread() -> None:
    """A trial may run elsewhere than in the main thread."""
    errors: list[BaseException | None] = []
    thread = threading.Thread(target=lambda: errors.append(simulate(_spins, blocked_after_s=LIMIT_S).error))
    thread.start()
    thread.join()
    assert [type(error) for error in errors] == [StepBlocked]


def test_many_short_steps_are_not_one_long_one() -> None:
    """However long a trial takes, only a step counts."""

    async def program() -> int:
        for _ in range(20_000):
            await trio.lowlevel.checkpoint()
        return 1

    assert simulate(program, blocked_after_s=LIMIT_S).value == 1


def test_one_watchdog_is_enough() -> None:
    """It is one thread for the process, and an infinite limit needs none."""
    for limit_s in (LIMIT_S, 5, float("inf")):
        assert simulate(trio.sleep, 1, blocked_after_s=limit_s).ending is Ending.RETURNED
    assert [thread.name for thread in threading.enumerate()].count("finale_sim watchdog") == 1


@pytest.mark.parametrize(("program", "recover"), [(trio.sleep, _spins), (_spins_again_when_it_cleans_up, trio.sleep)])
def test_so_is_one_after_a_kill(program: Callable[..., Awaitable[Any]], recover: Callable[..., Awaitable[Any]]) -> None:
    """In what is started then, or in what is left of the program when that is cleared away."""
    trial = simulate(
        partial(program, 1) if program is trio.sleep else program,
        decide=lambda site, options: int(site.kind is Kind.CRASH and site.n == 1 and site.path == "/main"),
        conditions=Conditions(crashes=True),
        recover=partial(recover, 1) if recover is trio.sleep else recover,
        blocked_after_s=LIMIT_S,
    )
    assert isinstance(trial.error, StepBlocked)
    assert f"of {'/after' if program is trio.sleep else '/main'} blocks the loop" in str(trial.error)


def test_a_blocked_step_leaves_nothing_for_tracers_to_trip_over() -> None:
    """A debugger, coverage or Hypothesis can go on in the process: Python does not look for something that was taken back."""
    code = """
import sys
from finale_sim.kernel import simulate

async def spins():
    try:
        while True:
            pass
    finally:
        pass

print(simulate(spins, blocked_after_s=0.2).error.__class__.__name__)
sys.settrace(lambda *_: None)
(lambda: print("traced"))()
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert (done.stdout, done.stderr) == ("StepBlocked\ntraced\n", "")
