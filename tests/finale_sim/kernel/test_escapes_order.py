"""Orders that depend on addresses, and names that were imported before the first trial."""

import itertools
import random
from os import urandom as imported_urandom
from random import randint as imported_randint
from random import random as imported_random
from secrets import token_hex as imported_token_hex
from threading import get_ident as imported_get_ident
from time import perf_counter as imported_perf_counter
from time import sleep as imported_sleep
from typing import Any
from uuid import uuid1 as imported_uuid1
from uuid import uuid4 as imported_uuid4

import trio
import trio.testing

import finale_sim
from finale_sim.kernel import simulate
from finale_sim.verdict import NotReproducible


async def _imported() -> list[Any]:
    imported_sleep(2.5)  # noqa: ASYNC251  # virtual
    found = [imported_random(), imported_randint(1, 10**9), imported_urandom(4), imported_token_hex(4)]
    return [*found, imported_uuid4(), imported_uuid1(), imported_perf_counter(), trio.current_time()]


def test_names_imported_before_are_those_of_the_trial() -> None:
    """Randomness, ids and clocks that a module took by name before the first trial are served from the trial, too."""
    first, second = simulate(_imported).value, simulate(_imported).value
    assert first == second
    assert first[-2:] == [2.5, 2.5]
    assert imported_urandom(8) != imported_urandom(8)
    assert imported_uuid4() != imported_uuid4()


def test_a_threads_id_imported_before_is_that_of_the_trial() -> None:
    """A guard that took get_ident by name sees a simulated thread as another thread."""

    async def program() -> bool:
        return await trio.to_thread.run_sync(imported_get_ident) != imported_get_ident()

    assert simulate(program).value is True


def test_sets_of_tasks_iterate_in_the_order_of_birth() -> None:
    """Neither addresses nor what the process did before decide in which order a program meets its tasks."""

    async def program() -> list[str]:
        async with trio.open_nursery() as nursery:
            for number in range(20):
                nursery.start_soon(trio.sleep_forever, name=str(number))
            await trio.testing.wait_all_tasks_blocked()
            mixed = list(nursery.child_tasks)
            random.shuffle(mixed)
            names = [task.name for task in set(mixed)]
            nursery.cancel_scope.cancel()
        return names

    keep = []
    for _ in range(20):
        keep.append([object() for _ in range(random.randrange(1000))])
        assert simulate(program).value == [str(number) for number in range(20)]


def test_order_by_id_is_not_taken_for_a_bug() -> None:
    """A failure that depends on addresses doesn't come out twice, and is reported as that."""
    low, high = sorted([object(), object()], key=id)
    memory = itertools.cycle([(low, high), (high, low)])  # what an allocator decides, in a way that a test can rely on

    async def program() -> None:
        first, second = next(memory)
        assert min([first, second], key=id) is second

    report = finale_sim.explore(program, trials=20)
    assert isinstance(report.verdict, NotReproducible)
    assert report.counterexample is None
    assert report.verdict.exit_code == 3
