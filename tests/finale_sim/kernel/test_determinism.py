"""One digest per choice sequence: in one process, in others, on other Pythons."""

import asyncio
import gc
import hashlib
import os
import random
import subprocess
import sys
import time
import uuid
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import trio

from finale_sim.kernel import Ending, Trial, simulate
from tests.finale_sim.kernel.support import random_walk

# The program leaves async generators to the collector on purpose, and trio says so.
pytestmark = pytest.mark.filterwarnings("ignore:Async generator .* was garbage collected:ResourceWarning")

REPETITIONS = int(os.environ.get("FINALE_SIM_REPETITIONS", "200"))  # 1,000 in a few seconds; the nightly figure
HASH_SEEDS = ("0", "1", "4242")


async def everything() -> str:  # noqa: C901, PLR0915  # one of each is the point
    """Twenty tasks that use about all of trio, whose result depends on every order and every unique value."""
    log: list[object] = []
    lock, event, limiter = trio.Lock(), trio.Event(), trio.CapacityLimiter(2)
    condition = trio.Condition()
    send, receive = trio.open_memory_channel[object](2)

    async def producer(number: int, mine: trio.MemorySendChannel[object]) -> None:
        async with mine:
            for item in range(3):
                with trio.move_on_after(random.random()):
                    await mine.send((number, item, uuid.uuid4().hex[:4]))
                await trio.sleep(0.1 * item)

    async def consumer() -> None:
        async with receive:
            async for item in receive:
                log.append(item)
                async with lock:
                    await trio.lowlevel.checkpoint()

    async def numbers(count: int) -> AsyncIterator[int]:
        try:
            for number in range(count):
                await trio.lowlevel.checkpoint()
                yield number
        finally:
            log.append(("closed", count))

    async def generating(count: int) -> None:
        async for number in numbers(count):
            if number == 1:
                break

    async def threading_(number: int) -> None:
        log.append(await trio.to_thread.run_sync(lambda: (number, time.monotonic()), limiter=limiter))

    async def cancelled(number: int) -> None:
        try:
            await trio.sleep_forever()
        finally:
            log.append(("cancelled", number, time.time()))

    async def waiting(number: int) -> None:
        await event.wait()
        async with condition:
            condition.notify_all()
        log.append(number)

    async def service(task_status: Any) -> None:
        await trio.sleep(0.1)
        task_status.started(str(uuid.uuid1()))
        await trio.sleep(0.1)

    async def guarded() -> None:
        with trio.move_on_after(0.3):
            async with trio.open_nursery() as inner:
                for number in range(4):
                    inner.start_soon(cancelled, number)

    async with trio.open_nursery() as nursery:
        log.append(await nursery.start(service))
        for number in range(3):
            nursery.start_soon(producer, number, send.clone())
            nursery.start_soon(threading_, number)
            nursery.start_soon(generating, number)
            nursery.start_soon(waiting, number)
        nursery.start_soon(consumer)
        nursery.start_soon(guarded)
        await send.aclose()
        await trio.sleep(0.2)
        event.set()
        log.extend(task.name.rpartition(".")[2] for task in nursery.child_tasks)
        log.append([task.coro.__name__ for task in set(nursery.child_tasks)])
    return hashlib.sha256(repr(log).encode()).hexdigest()


def fingerprint(trial: Trial) -> tuple[int, str, int, float]:
    """All that must be equal. The exception's text stands for a program that raised."""
    return trial.digest, str(trial.value or trial.error), trial.steps, trial.now_s


def perturb(round_: int) -> list[object]:
    """Other addresses, other collector counts, another state of the world's randomness."""
    random.seed()
    if round_ % 50 == 0:
        gc.collect()
    return [object() for _ in range(random.randrange(200))] + [bytearray(random.randrange(4000))]


def test_equal_choices_make_equal_trials() -> None:
    """Hundreds of repetitions, each in another memory layout, give one digest and one result per strategy."""
    found = {}
    for seed in (None, 1, 2, 3):
        found[seed] = set()
        keep: list[object] = []
        for round_ in range(REPETITIONS if seed == 1 else REPETITIONS // 10):
            keep.append(perturb(round_))
            decide = {} if seed is None else {"decide": random_walk(seed)}
            found[seed].add(fingerprint(simulate(everything, **decide)))
        assert len(found[seed]) == 1
    assert len({fingerprints.pop()[0] for fingerprints in found.values()}) == 4


def test_the_program_of_these_tests_is_worth_it() -> None:
    """It returns, takes many steps and has many choices."""
    trial = simulate(everything, decide=random_walk(1))
    assert trial.ending is Ending.RETURNED
    assert trial.steps > 60
    assert len(trial.choices) > 40


def test_equal_choices_make_equal_trials_in_other_processes() -> None:
    """Neither PYTHONHASHSEED, nor the allocator, nor -O, nor an asyncio loop around it changes a trial."""
    here = [fingerprint(simulate(everything, decide=random_walk(seed))) for seed in range(3)]
    path = os.pathsep.join([*sys.path, str(Path.cwd())])
    for hash_seed, options, extra in (
        (HASH_SEEDS[0], [], {}),
        (HASH_SEEDS[1], ["-O"], {"PYTHONMALLOC": "malloc"}),
        (HASH_SEEDS[2], ["-X", "dev"], {"PADDING": "x" * 5000}),
    ):
        command = [sys.executable, *options, "-W", "ignore", __file__]
        environment = {**os.environ, **extra, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": path}
        done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
        assert done.stdout.splitlines() == [repr(one) for one in here]


async def _main() -> None:
    """Print fingerprints; inside asyncio, as in a notebook."""
    for seed in range(3):
        print(repr(fingerprint(simulate(everything, decide=random_walk(seed)))))


if __name__ == "__main__":
    asyncio.run(_main())
