"""A trial that is stuck or stopped goes away: completely, quietly, and in bounded time."""

import gc
import os
import subprocess
import sys
import weakref
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

import pytest
import trio

from finale_sim.kernel import Ending, simulate
from tests.finale_sim.kernel.support import Program, every_trial, random_walk, silence  # noqa: F401  # pytest finds fixtures by their names

pytestmark = pytest.mark.usefixtures("silence")


async def _stuck() -> None:
    async def lock_up(lock: trio.Lock) -> None:
        async with lock:
            await trio.sleep_forever()

    async with trio.open_nursery() as nursery:
        lock = trio.Lock()
        for _ in range(3):
            nursery.start_soon(lock_up, lock)


async def _never_started() -> None:
    async with trio.open_nursery() as nursery:
        for _ in range(5):
            nursery.start_soon(trio.sleep, 1)
        while True:
            await trio.lowlevel.checkpoint()


async def _swallows_cancelled() -> None:
    async def deaf() -> None:
        while True:
            with suppress(trio.Cancelled):
                await trio.sleep(1)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(deaf)
        nursery.start_soon(deaf)


async def _swallows_exceptions() -> None:
    async def deaf() -> None:
        while True:
            try:
                await trio.sleep(1)
            except (Exception, trio.Cancelled):  # noqa: BLE001  # that is what it is about
                await trio.lowlevel.cancel_shielded_checkpoint()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(deaf)


async def _swallows_everything() -> None:
    async def deaf() -> None:
        while True:
            with suppress(BaseException):
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(trio.sleep_forever)
                    await trio.sleep(1)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(deaf)
        nursery.start_soon(deaf)


async def _shielded() -> None:
    with trio.CancelScope(shield=True):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(trio.sleep_forever)
            await trio.Event().wait()


async def _slow_cleanup() -> None:
    try:
        await trio.sleep_forever()
    finally:
        with trio.CancelScope(shield=True):
            await trio.sleep(1000)


async def _endless_cleanup() -> None:
    try:
        await trio.sleep_forever()
    finally:
        with trio.CancelScope(shield=True):
            while True:  # noqa: ASYNC110
                await trio.sleep(1)


async def _open_generator() -> None:
    async def values() -> AsyncIterator[int]:
        try:
            while True:
                yield 1
        finally:
            with trio.CancelScope(shield=True):
                await trio.sleep(1)

    generator = values()
    await anext(generator)
    await trio.sleep_forever()


async def _deaf_with_generator() -> None:
    async def values() -> AsyncIterator[int]:
        try:
            while True:
                yield 1
        finally:
            await trio.sleep(1)

    generator = values()
    await anext(generator)
    while True:
        with suppress(BaseException):
            await trio.sleep(1)


async def _generator_that_ignores_the_end() -> None:
    async def values() -> AsyncIterator[int]:
        while True:
            with suppress(BaseException):
                yield 1
            with suppress(BaseException):
                await trio.sleep(1)

    generator = values()
    await anext(generator)
    await _swallows_everything()


async def _uncancellable() -> None:
    await trio.lowlevel.wait_task_rescheduled(lambda _: trio.lowlevel.Abort.FAILED)


async def _spawns_while_dying() -> None:
    async with trio.open_nursery() as nursery:

        async def phoenix() -> None:
            try:
                await trio.sleep_forever()
            finally:
                nursery.start_soon(phoenix)

        nursery.start_soon(phoenix)


async def _stubborn_system_task() -> None:
    async def system() -> None:
        with trio.CancelScope(shield=True):
            await trio.sleep_forever()

    trio.lowlevel.spawn_system_task(system)
    await trio.sleep_forever()


PROGRAMS = [
    _stuck,
    _never_started,
    _swallows_cancelled,
    _swallows_exceptions,
    _swallows_everything,
    _shielded,
    _slow_cleanup,
    _endless_cleanup,
    _open_generator,
    _deaf_with_generator,
    _generator_that_ignores_the_end,
    _uncancellable,
    _spawns_while_dying,
    _stubborn_system_task,
]


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.__name__)
def test_whatever_a_program_does_it_goes_away(program: Program) -> None:
    """Stuck and stopped programs leave no task, no context and no noise, and the next trial is like the first."""
    first = simulate(program, max_steps=300)
    assert first.ending in {Ending.DEADLOCKED, Ending.STEP_LIMIT}
    again = simulate(program, max_steps=300)
    assert (again.ending, again.digest) == (first.ending, first.digest)
    with pytest.raises(RuntimeError):
        trio.lowlevel.current_task()
    assert trio.run(trio.sleep, 0) is None  # type: ignore[func-returns-value]


def test_cleanup_code_runs_as_it_would() -> None:
    """Clean-up of a cancelled task runs to its end, waiting included, and sees that the trial is over."""
    log: list[object] = []

    async def program() -> None:
        try:
            await trio.sleep_forever()
        finally:
            with trio.CancelScope(shield=True):
                await trio.sleep(3)
                log.append(trio.current_time())

    trial = simulate(program)
    assert trial.ending is Ending.DEADLOCKED
    assert (trial.now_s, log) == (0.0, [3.0])


def test_teardown_asks_no_questions() -> None:
    """Choices after the ending are neither asked nor recorded."""
    asked: list[object] = []

    def decide(site: object, options: int) -> int:
        asked.append(site)
        return 0

    trial = simulate(_stuck, decide=decide)
    assert len(asked) == len(trial.choices)


@pytest.mark.parametrize("program", [_stuck, _swallows_cancelled, _shielded], ids=lambda program: program.__name__)
def test_objects_of_a_trial_are_freed(program: Program) -> None:
    """Nothing of a finished trial is kept, however it ended."""
    alive = weakref.WeakSet[object]()

    class Witness:
        pass

    async def watched() -> None:
        witness = Witness()
        alive.add(witness)
        await program()

    for _ in range(20):
        simulate(watched, max_steps=50)
    gc.collect()
    assert len(alive) == 0


def test_what_ends_by_itself_leaves_nothing_to_the_collector() -> None:
    """No circles of references: a trial is gone when its result is, which costs less than to look for it."""

    async def ends() -> None:
        sending, receiving = trio.open_memory_channel[int](0)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(sending.send, 1)
            nursery.start_soon(trio.sleep, 1)
            nursery.start_soon(trio.to_thread.run_sync, int)
            await receiving.receive()
            with trio.move_on_after(0.5):
                await trio.sleep_forever()

    simulate(ends)
    gc.collect()
    gc.disable()
    try:
        for walk in range(3):
            assert simulate(ends, decide=random_walk(walk)).ending is Ending.RETURNED
        assert gc.collect() == 0
    finally:
        gc.enable()


def test_memory_stays_flat() -> None:
    """Hundreds of stuck and stopped trials leave as many objects as some dozens."""

    def trials(number: int) -> int:
        for seed in range(number):
            simulate(_stuck, decide=random_walk(seed))
            simulate(_endless_cleanup)
        gc.collect()
        return len(gc.get_objects())

    before = trials(20)
    assert trials(100) - before < 200


def test_an_interpreter_exits_silently_after_the_worst(tmp_path: object) -> None:
    """Even a task that can't be killed says nothing when the process ends."""
    code = (
        "import sys; sys.path.insert(0, '.')\n"
        "from tests.finale_sim.kernel.test_teardown import PROGRAMS\n"
        "from finale_sim.kernel import simulate\n"
        "for program in PROGRAMS: simulate(program, max_steps=50)\n"
    )
    done = subprocess.run(
        [sys.executable, "-X", "dev", "-W", "error", "-c", code], capture_output=True, text=True, check=False, env=_environment()
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def _environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}


def test_every_end_of_a_racy_program_is_clean() -> None:
    """All schedules of a small program that may deadlock are torn down without a sound."""

    async def program() -> None:
        first, second = trio.Lock(), trio.Lock()

        async def take(one: trio.Lock, other: trio.Lock) -> None:
            async with one, other:
                pass

        async with trio.open_nursery() as nursery:
            nursery.start_soon(take, first, second)
            nursery.start_soon(take, second, first)

    endings = {trial.ending for trial in every_trial(program)}
    assert endings == {Ending.RETURNED, Ending.DEADLOCKED}


def test_a_generator_that_is_not_trios_goes_to_whoever_was_there_before() -> None:
    """One that is begun outside of any task, here by a deadline, is the host's, if the thread has one."""
    told: list[object] = []

    async def numbers() -> AsyncIterator[int]:
        yield 1

    async def program() -> None:
        generator = numbers()

        def abort(_: object) -> trio.lowlevel.Abort:
            with suppress(StopIteration):
                step: Any = generator.__anext__()
                step.send(None)
            return trio.lowlevel.Abort.SUCCEEDED

        with trio.move_on_after(1):
            await trio.lowlevel.wait_task_rescheduled(abort)
        assert told == [generator]

    before = sys.get_asyncgen_hooks()
    sys.set_asyncgen_hooks(told.append, told.append)
    try:
        assert simulate(program).ending is Ending.RETURNED
    finally:
        sys.set_asyncgen_hooks(*before)
