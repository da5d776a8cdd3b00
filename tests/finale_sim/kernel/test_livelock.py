"""A state that comes back proves that a program goes round for ever. What only looks like a loop is never called one."""

import array
import contextlib
import contextvars
import functools
import itertools
import logging
import os
import random
import sys
import time
import types
import weakref
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any

import pytest
import trio

from finale_sim import fault
from finale_sim.choices import Kind, Site
from finale_sim.kernel import Conditions, Ending, Fidelity, Trial, simulate
from finale_sim.kernel.states.livelock import Livelock, Mover, render_livelock

Program = Callable[[], Awaitable[Any]]

_MANY = 10**9
step = trio.lowlevel.checkpoint


def long(program: Program, **more: Any) -> Trial:
    """A trial that is calm after 100 steps."""
    return simulate(program, **({"max_steps": 100, "calm_steps": 1_000} | more))


# What goes round for ever ------------------------------------------------------------------------------------------------


async def spins() -> None:
    while True:
        await step()


async def polls() -> None:
    while True:  # noqa: ASYNC110  # a heartbeat is what it is
        await trio.sleep(1)


async def counts_to_seven() -> None:
    number = 0
    while True:
        await step()
        number = (number + 1) % 7


async def starts_children() -> None:
    while True:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(step)
            nursery.start_soon(step)


async def passes_things_on() -> None:
    sending, receiving = trio.open_memory_channel[int](1)

    async def give() -> None:
        while True:
            await sending.send(1)

    async def take() -> None:
        async for _ in receiving:
            pass

    async with trio.open_nursery() as nursery:
        nursery.start_soon(give)
        nursery.start_soon(take)


async def generates() -> None:
    async def for_ever() -> AsyncIterator[int]:
        while True:
            await step()
            yield 1

    async with contextlib.aclosing(for_ever()) as numbers:
        async for _ in numbers:
            pass


async def turns_a_wheel() -> None:
    wheel = deque([1, 2, 3])
    while True:
        await step()
        wheel.rotate()


async def writes_to_the_log() -> None:
    while True:
        await trio.sleep(1)
        logging.getLogger("tests.livelock").critical("again")


async def fails_and_tries_again() -> None:
    while True:
        with contextlib.suppress(OSError):
            await trio.sleep(1)
            raise OSError("no route to host")


async def waits_beside_a_heartbeat() -> None:
    async with trio.open_nursery() as nursery:
        nursery.start_soon(polls)
        await trio.Event().wait()


async def gives_up_and_tries_again() -> None:
    lock = trio.Lock()
    await lock.acquire()

    async def other() -> None:
        while True:
            with trio.move_on_after(2):
                await lock.acquire()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(other)


ROUNDS: list[tuple[Program, int, float]] = [
    (spins, 1, 0),
    (polls, 1, 1),
    (counts_to_seven, 7, 0),
    (starts_children, 5, 0),
    (passes_things_on, 2, 0),
    (generates, 1, 0),
    (turns_a_wheel, 3, 0),
    (writes_to_the_log, 1, 1),
    (fails_and_tries_again, 1, 1),
    (waits_beside_a_heartbeat, 1, 1),
    (gives_up_and_tries_again, 1, 2),
]


@pytest.mark.parametrize(("program", "steps", "seconds"), ROUNDS, ids=lambda value: getattr(value, "__name__", ""))
@pytest.mark.parametrize("fidelity", [Fidelity.ROUNDS, Fidelity.TIES, Fidelity.FREE], ids=lambda rung: rung.word)
def test_a_state_that_comes_back_is_a_livelock(program: Program, steps: int, seconds: float, fidelity: Fidelity) -> None:
    """With the size of a round, and no word about why not; the same on every rung, and in every trial."""
    trial = long(program, conditions=Conditions(fidelity))
    assert trial.ending is Ending.LIVELOCKED, trial.why_unsettled
    assert trial.livelock is not None
    assert trial.livelock.steps == steps
    assert trial.livelock.round_s == pytest.approx(seconds)
    assert sum(mover.steps for mover in trial.livelock.movers) == steps
    assert trial.why_unsettled == ""
    again = long(program, conditions=Conditions(fidelity), trace=True)
    assert (again.livelock, again.digest) == (trial.livelock, trial.digest)


# What only looks like it -------------------------------------------------------------------------------------------------


class Box:
    """Something with an attribute."""

    of_all = 0

    def __init__(self) -> None:
        self.number = 0


class Slim:
    """The same in a slot."""

    __slots__ = ("__weakref__", "number")


class Grown(dict[str, int]):
    """A container that is a class."""


shared = 0
box = Box()
variable = contextvars.ContextVar("variable", default=0)


async def in_a_local() -> None:
    number = 0
    while number < _MANY:
        await step()
        number += 1


async def on_the_stack() -> None:
    for _ in range(_MANY):
        await step()


async def in_a_list_that_is_used_up() -> None:
    for _ in [None] * 3_000:
        await step()


async def in_a_closure() -> None:
    number = 0

    def count() -> int:
        nonlocal number
        number += 1
        return number

    while count() < _MANY:
        await step()


def counted(function: Callable[[], None]) -> Callable[[], int]:
    calls = 0

    def call() -> int:
        nonlocal calls
        calls += 1
        function()
        return calls

    return call


@counted
def call_me() -> None:
    """Nothing."""


async def in_a_decorator() -> None:
    while call_me() < _MANY:
        await step()


async def in_a_global() -> None:
    global shared  # noqa: PLW0603  # the mistake is the point
    while shared < _MANY:
        await step()
        shared += 1


async def in_a_global_of_a_module() -> None:
    import tests.finale_sim.kernel.test_livelock as here  # noqa: PLC0415  # a function that imports for itself

    while here.box.number < _MANY:
        await step()
        here.box.number += 1


async def in_a_module_that_a_helper_imports() -> None:
    def count() -> int:
        import kept_elsewhere  # type: ignore[import-not-found]  # noqa: PLC0415  # made below

        kept_elsewhere.number += 1
        return int(kept_elsewhere.number)

    while count() < _MANY:
        await step()


async def in_an_attribute() -> None:
    own = Box()
    while own.number < _MANY:
        await step()
        own.number += 1


async def in_a_slot() -> None:
    own = Slim()
    own.number = 0
    while own.number < _MANY:
        await step()
        own.number += 1


async def in_a_class() -> None:
    while Box.of_all < _MANY:
        await step()
        Box.of_all += 1


async def in_a_default() -> None:
    def count(numbers: list[int] = []) -> int:  # noqa: B006  # the mistake is the point
        numbers.append(1)
        return len(numbers)

    while count() < _MANY:
        await step()


async def in_a_subclass_of_dict() -> None:
    own = Grown(number=0)
    while own["number"] < _MANY:
        await step()
        own["number"] += 1


async def behind_a_weak_reference() -> None:
    own = Slim()
    own.number = 0
    reference: Callable[[], Any] = weakref.ref(own)
    while reference().number < _MANY:
        await step()
        reference().number += 1


async def in_a_count() -> None:
    numbers = itertools.count()
    while next(numbers) < _MANY:
        await step()


async def in_an_iterator_that_tells_nothing() -> None:
    for _ in itertools.islice(itertools.cycle("ab"), _MANY):
        await step()


async def in_a_generator() -> None:
    def numbers() -> Iterator[int]:
        number = 0
        while number < _MANY:
            yield number
            number += 1

    for _ in numbers():
        await step()


async def in_an_async_generator() -> None:
    async def numbers() -> AsyncIterator[int]:
        number = 0
        while number < _MANY:
            await step()
            yield number
            number += 1

    async with contextlib.aclosing(numbers()) as own:
        async for _ in own:
            pass


async def in_a_random_number() -> None:
    while random.random() < 1 - 1e-9:
        await step()


async def in_a_generator_of_random_numbers() -> None:
    own = random.Random(7)
    while own.random() < 1 - 1e-9:
        await step()


async def in_an_array() -> None:
    own = array.array("l", [0])
    while own[0] < _MANY:
        await step()
        own[0] += 1


async def in_a_view_of_bytes() -> None:
    own = memoryview(bytearray(8)).cast("L")
    while own[0] < _MANY:
        await step()
        own[0] += 1


async def in_a_partial() -> None:
    own: list[int] = []
    add = functools.partial(own.append, 1)
    while len(own) < _MANY:
        await step()
        add()


async def in_an_exception() -> None:
    last: Exception | None = None
    while True:
        await step()
        try:
            raise ValueError from last  # noqa: TRY301  # it is the chain that grows
        except ValueError as error:
            last = error


async def in_an_attribute_of_an_exception() -> None:
    own: Any = ValueError()
    own.number = 0
    while own.number < _MANY:
        await step()
        own.number += 1


async def in_a_traceback() -> None:
    own = ValueError()
    while True:
        await step()
        with contextlib.suppress(ValueError):
            raise own


async def in_a_context_variable() -> None:
    while variable.get() < _MANY:
        await step()
        variable.set(variable.get() + 1)


async def in_the_environment() -> None:
    while len(os.environ.get("FINALE_TEST", "")) < _MANY:
        await step()
        os.environ["FINALE_TEST"] = os.environ.get("FINALE_TEST", "") + "x"


async def in_the_virtual_time() -> None:
    until = trio.current_time() + _MANY
    while trio.current_time() < until:  # noqa: ASYNC110  # it is the clock that it waits for
        await trio.sleep(1)


async def in_the_time_of_day() -> None:
    until = time.time() + _MANY
    while time.time() < until:  # noqa: ASYNC110  # it is the clock that it waits for
        await trio.sleep(1)


async def in_a_deadline() -> None:
    last = 0.0
    while last < _MANY:
        with trio.move_on_after(1) as scope:
            await trio.sleep_forever()
        last = scope.deadline


async def in_the_statistics() -> None:
    while trio.lowlevel.current_statistics().tasks_living < _MANY:
        await step()


async def in_a_file() -> None:
    while os.path.exists(__file__):  # noqa: ASYNC240, PTH110  # it takes no time, and os is what is watched
        await step()


async def in_the_number_of_references() -> None:
    while sys.getrefcount(box) < _MANY:
        await step()


async def in_a_timer_of_another_task() -> None:
    async with trio.open_nursery() as nursery:
        nursery.start_soon(trio.sleep, _MANY)
        while True:  # noqa: ASYNC110  # polls, like many a program
            await trio.sleep(1)


async def in_time_that_does_not_pass() -> None:
    done = False

    async def worker() -> None:
        nonlocal done
        await trio.sleep(1)
        done = True

    async with trio.open_nursery() as nursery:
        nursery.start_soon(worker)
        while not done:
            await step()


COUNTERS: list[tuple[Program, str]] = [
    (in_a_local, "'number' in in_a_local (tests/finale_sim/kernel/test_livelock.py:"),
    (on_the_stack, "in on_the_stack"),
    (in_a_list_that_is_used_up, "'what is being worked out' in in_a_list_that_is_used_up"),
    (in_a_closure, "in in_a_closure"),
    (in_a_decorator, "'call_me' in in_a_decorator"),
    (in_a_global, "'shared' in in_a_global"),
    (in_a_global_of_a_module, "'here' in in_a_global_of_a_module"),
    (in_a_module_that_a_helper_imports, "'kept_elsewhere.number' in in_a_module_that_a_helper_imports.count"),
    (in_an_attribute, "'own' in in_an_attribute"),
    (in_a_slot, "'own' in in_a_slot"),
    (in_a_class, "'Box' in in_a_class"),
    (in_a_default, "in in_a_default"),
    (in_a_subclass_of_dict, "'own' in in_a_subclass_of_dict"),
    (behind_a_weak_reference, "'own' in behind_a_weak_reference"),
    (in_a_count, "'numbers' in in_a_count"),
    (in_an_iterator_that_tells_nothing, "itertools.islice, within reach of"),
    (in_a_generator, "in in_a_generator"),
    (in_an_async_generator, "in_an_async_generator"),
    (in_a_random_number, "the random numbers"),
    (in_a_generator_of_random_numbers, "'own' in in_a_generator_of_random_numbers"),
    (in_an_array, "'own' in in_an_array"),
    (in_a_view_of_bytes, "builtins.memoryview, within reach of 'own' in in_a_view_of_bytes"),
    (in_a_partial, "in in_a_partial"),
    (in_an_exception, "in in_an_exception"),
    (in_an_attribute_of_an_exception, "'own' in in_an_attribute_of_an_exception"),
    (in_a_traceback, "'own' in in_a_traceback"),
    (in_a_context_variable, ""),
    (in_the_environment, "'os.environ' in in_the_environment"),
    (in_the_virtual_time, "the time is asked for at tests/finale_sim/kernel/test_livelock.py:"),
    (in_the_time_of_day, "the time is asked for at tests/finale_sim/kernel/test_livelock.py:"),
    (in_a_deadline, ""),
    (in_the_statistics, "current_statistics is called at tests/finale_sim/kernel/test_livelock.py:"),
    (in_a_file, ".stat is called at tests/finale_sim/kernel/test_livelock.py:"),
    (in_the_number_of_references, "sys.getrefcount is called at tests/finale_sim/kernel/test_livelock.py:"),
    (in_a_timer_of_another_task, "a cancel scope"),
    (in_time_that_does_not_pass, "no time passes in it"),
]


@pytest.mark.parametrize(("program", "why"), COUNTERS, ids=lambda value: getattr(value, "__name__", ""))
def test_what_could_end_is_not_called_a_livelock(program: Program, why: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Wherever it counts, the trial says where, or what can't be known."""
    monkeypatch.setenv("FINALE_TEST", "")
    elsewhere: Any = types.ModuleType("kept_elsewhere")
    elsewhere.number = 0
    monkeypatch.setitem(sys.modules, "kept_elsewhere", elsewhere)
    trial = long(program)
    assert trial.ending is Ending.STEP_LIMIT
    assert trial.livelock is None
    assert trial.deadlock == ()
    assert why in trial.why_unsettled


# The storm and the calm --------------------------------------------------------------------------------------------------


async def _ends_after(steps: int) -> int:
    for _ in range(steps):
        await step()
    return steps


def test_what_ends_in_the_calm_has_ended() -> None:
    """It is told from which step on it had to."""
    trial = simulate(_ends_after, 150, max_steps=100, calm_steps=100)
    assert (trial.ending, trial.value, trial.calm_from) == (Ending.RETURNED, 150, 101)
    assert simulate(_ends_after, 150, max_steps=100).ending is Ending.STEP_LIMIT
    assert simulate(_ends_after, 50, max_steps=100, calm_steps=100).calm_from == 0
    assert simulate(_ends_after, 250, max_steps=100, calm_steps=100).ending is Ending.STEP_LIMIT


def test_in_the_calm_nothing_is_asked() -> None:
    """The strategy is asked in the storm alone, and first come is first served."""
    order: list[str] = []

    async def worker(name: str) -> None:
        for _ in range(60):
            order.append(name)
            await step()

    async def program() -> None:
        async with trio.open_nursery() as nursery:
            for name in "abc":
                nursery.start_soon(worker, name)

    trial = simulate(program, decide=lambda site, options: options - 1, max_steps=20, calm_steps=1_000)
    assert trial.ending is Ending.RETURNED
    assert len(trial.choices) <= 20
    calm = "".join(order[20:-60])
    assert calm[:3] * (len(calm) // 3) == calm[: len(calm) // 3 * 3]
    assert set(calm[:3]) == set("abc")


def test_a_fault_that_was_to_last_is_over_in_the_calm() -> None:
    """Who only has to be patient is not accused."""

    async def program() -> str:
        while True:
            try:
                await fault("db", raises=OSError)
            except OSError:
                await step()
            else:
                return "connected"

    def for_ever(site: Site, options: int) -> int:
        return options - 1 if site.kind is Kind.FAULT else 0

    trial = simulate(program, decide=for_ever, max_steps=100, calm_steps=100)
    assert (trial.ending, trial.value) == (Ending.RETURNED, "connected")


def test_a_part_that_is_stuck_is_reported_as_that() -> None:
    """A heartbeat goes round for ever, but what matters is who waits for whom."""

    async def hold(first: trio.Lock, second: trio.Lock) -> None:
        async with first:
            await trio.sleep(300)
            async with second:
                pass

    async def program() -> None:
        one, two = trio.Lock(), trio.Lock()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(polls)
            nursery.start_soon(hold, one, two)
            nursery.start_soon(hold, two, one)

    for steps in (1_000, 400, 200):  # stuck before it is first looked, then, and in the calm
        trial = long(program, max_steps=steps)
        assert trial.ending is Ending.STEP_LIMIT
        assert trial.livelock is None
        assert [task.path for task in trial.deadlock] == ["/main", "/main/hold:0", "/main/hold:1"]


def test_a_profiler_is_left_alone() -> None:
    """Who measures goes on doing so, and the trial says that nothing could be seen."""

    def profiler(*_: object) -> None:
        pass

    sys.setprofile(profiler)
    try:
        trial = long(spins)
        assert sys.getprofile() is profiler
    finally:
        sys.setprofile(None)
    assert trial.ending is Ending.STEP_LIMIT
    assert "profiling" in trial.why_unsettled
    assert long(spins).ending is Ending.LIVELOCKED
    assert sys.getprofile() is None


def test_objects_that_resist_being_looked_at_do_no_harm() -> None:
    """Nothing of a program's own is called, however it looks."""

    class Trap:
        def __getattribute__(self, name: str) -> Any:
            raise AssertionError(f"asked for {name}")

        def __eq__(self, other: object) -> bool:
            raise AssertionError("compared")

        __hash__ = None  # type: ignore[assignment]

        def __repr__(self) -> str:
            raise AssertionError("printed")

    async def program() -> None:
        trap = Trap()
        while True:
            await step()
            assert trap is not None

    assert long(program).ending is Ending.LIVELOCKED


def test_looking_keeps_nothing_alive() -> None:
    """What the program lets go is gone at once, also while it is being watched."""

    async def program() -> None:
        while True:
            own = Slim()
            reference = weakref.ref(own)
            await step()
            del own
            assert reference() is None

    assert long(program).ending is Ending.LIVELOCKED


def test_a_livelock_in_words() -> None:
    """Who goes round, where, and who waits; long lists are cut."""
    places = tuple(f"a.py:{line} in f" for line in range(9))
    text = render_livelock(Livelock(1_204, 1_236, 2.5, (Mover("/main/f:0", 32, places),), ("/main waits in trio.Event.wait",)))
    came_back, where, *rest = text.splitlines()
    assert came_back.startswith("a livelock: the state of step 1,204 came back at step 1,236, although every task got its turn")
    assert where == "One round is 32 steps and takes 2.5 s of virtual time:"
    assert rest == [
        "/main/f:0 takes 32 steps",
        *(f"    a.py:{line} in f" for line in range(6)),
        "    and 3 more",
        "meanwhile:",
        "    /main waits in trio.Event.wait",
    ]
