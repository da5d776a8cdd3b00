"""Profiles and footprints: what a trial tells samplers, and what a step is expected to touch."""

from collections.abc import Awaitable, Callable, Sequence
from random import Random

import trio

from finale_sim.choices import Candidate, Site
from finale_sim.kernel import simulate
from finale_sim.profile import Profile

Function = Callable[[], Awaitable[object]]


class Picks:
    """Picks tasks at random, and keeps what it was offered."""

    def __init__(self, seed: int = 0) -> None:
        self._rng = Random(seed)
        self.offered: list[tuple[str, int, tuple[int, ...]]] = []

    def __call__(self, site: Site, options: int) -> int:
        return self._rng.randrange(options)

    def pick(self, site: Site, tasks: Sequence[Candidate]) -> int:
        self.offered += [(task.path, task.steps, task.touches) for task in tasks]
        return self._rng.randrange(len(tasks))


def profile(function: Function, seed: int = 0) -> Profile:
    found = simulate(function, decide=Picks(seed)).profile
    assert found is not None
    return found


def touching(function: Function, path: str) -> list[set[int]]:
    """What each step of a task was expected to touch, as far as it was offered in some trial."""
    steps: dict[int, set[int]] = {}
    for seed in range(20):
        picks = Picks(seed)
        simulate(function, decide=picks)
        steps |= {step: set(touches) for offered, step, touches in picks.offered if offered == path}
    return [steps[step] for step in sorted(steps)]


async def two(one: Function, other: Function) -> None:
    async with trio.open_nursery() as nursery:
        nursery.start_soon(one, name="one")
        nursery.start_soon(other, name="other")


def test_only_who_picks_tasks_gets_a_profile() -> None:
    """Others don't pay for it."""

    async def program() -> None:
        await trio.lowlevel.checkpoint()

    assert simulate(program).profile is None
    assert profile(program).steps == {"/main": 2}


def test_picks_are_choices_like_others() -> None:
    """The same indexes without tasks make the same trial."""

    async def step() -> None:
        for _ in range(3):
            await trio.lowlevel.checkpoint()

    picked = simulate(two, step, step, decide=Picks(3))
    recorded = iter(picked.choices)
    assert simulate(two, step, step, decide=lambda site, options: next(recorded).answer) == picked


def test_a_step_touches_the_shared_names_up_to_the_next_await() -> None:
    """A closure's variable that is written, one that is read, a list; not modules, not functions, not what comes later."""
    written = read = 0
    items: list[int] = []

    async def work() -> None:
        await trio.lowlevel.checkpoint()
        nonlocal written
        written = read
        await trio.lowlevel.checkpoint()
        items.append(1)

    async def other() -> None:
        for _ in range(3):
            await trio.lowlevel.checkpoint()

    async def program() -> None:
        await two(work, other)

    first, second, third = touching(program, "/main/work:0")
    assert first == set()
    assert len(second) == 2
    assert sum(thing > 0 for thing in second) == 1, "one of the two is only read"
    assert len(third) == 1
    assert all(thing > 0 for thing in third), "a list may change"


def test_both_branches_and_helpers_count() -> None:
    """What a plain function of the program's touches is its caller's; of an ``if`` both ways are expected."""
    left: list[int] = []
    right: list[int] = []

    def helper() -> None:
        left.append(1)

    async def work() -> None:
        await trio.lowlevel.checkpoint()
        if right:
            right.pop()
        else:
            helper()

    async def other() -> None:
        await trio.lowlevel.checkpoint()

    async def program() -> None:
        await two(work, other)

    assert len(touching(program, "/main/work:0")[1]) == 2


def test_a_loop_is_not_left_at_its_end() -> None:
    """The code behind an ``await`` goes round, so its top is touched as well."""
    top: list[int] = []
    bottom: list[int] = []

    async def work() -> None:
        for _ in range(2):
            top.append(1)
            await trio.lowlevel.checkpoint()
            bottom.append(1)

    async def other() -> None:
        await trio.lowlevel.checkpoint()

    async def program() -> None:
        await two(work, other)

    first, second = touching(program, "/main/work:0")[:2]
    assert len(first) == 1
    assert len(second) == 2


def test_comprehensions_are_part_of_the_function_around_them() -> None:
    """On every Python: what they read is touched, and a variable that nothing else shares with the function is not."""
    items = [1]
    wanted = [2]

    async def work() -> None:
        own = [3]
        await trio.lowlevel.checkpoint()
        assert not [item for item in items if {other: item for other in own if other in wanted}]
        await trio.lowlevel.checkpoint()
        own.pop()

    async def other() -> None:
        for _ in range(3):
            await trio.lowlevel.checkpoint()

    async def program() -> None:
        await two(work, other)

    _, second, third = touching(program, "/main/work:0")
    assert len(second) == 2
    assert len(third) == 1, "the name of a method of something that only a local variable names"


def test_a_slice_and_a_method_of_a_parent_are_touched_on_every_python() -> None:
    """They have instructions of their own since Python 3.12."""
    end = 2

    class Parent:
        def change(self) -> None: ...

    class Child(Parent):
        async def sliced(self) -> None:
            own = [1, 2, 3]
            await trio.lowlevel.checkpoint()
            own[:end] = own[1:end]
            await trio.lowlevel.checkpoint()
            super().change()

    async def other() -> None:
        for _ in range(3):
            await trio.lowlevel.checkpoint()

    async def program() -> None:
        await two(Child().sliced, other)

    _, second, third = touching(program, "/main/sliced:0")
    assert len(second) == 2, "the slice, and its end"
    assert len(third) == 1, "the method"


def behaviours(function: Function, trials: int = 60) -> set[int]:
    return {profile(function, seed).behaviour for seed in range(trials)}


def test_independent_tasks_have_one_behaviour() -> None:
    """Where nothing is shared, all orders come to the same."""

    async def work() -> None:
        for _ in range(4):
            await trio.lowlevel.checkpoint()

    async def program() -> None:
        await two(work, work)

    assert len(behaviours(program)) == 1


def test_the_order_of_writes_makes_behaviours_and_that_of_reads_does_not() -> None:
    """Two that write a variable twice each: six orders. Two that read it: one."""
    value = 0

    async def write() -> None:
        nonlocal value
        for _ in range(2):
            await trio.lowlevel.checkpoint()
            value = 1

    async def read() -> None:
        for _ in range(2):
            await trio.lowlevel.checkpoint()
            assert value >= 0

    async def writers() -> None:
        await two(write, write)

    async def readers() -> None:
        await two(read, read)

    assert len(behaviours(writers, 200)) == 6
    assert len(behaviours(readers)) == 1


def test_who_wakes_whom_makes_behaviours() -> None:
    """Whoever sets the event first has woken the waiter, although nothing else is shared."""

    async def program() -> None:
        happened = trio.Event()

        async def ring() -> None:
            await trio.lowlevel.checkpoint()
            happened.set()

        async with trio.open_nursery() as nursery:
            nursery.start_soon(happened.wait)
            nursery.start_soon(ring)
            nursery.start_soon(ring)

    assert len(behaviours(program)) >= 2


def test_a_behaviour_is_the_same_number_in_every_trial() -> None:
    """One schedule, one number; and what it touched is counted for each task."""
    value = 0

    async def write() -> None:
        nonlocal value
        await trio.lowlevel.checkpoint()
        value += 1

    async def program() -> None:
        await two(write, write)

    first, again = profile(program, 5), profile(program, 5)
    assert first == again
    assert {path: count for (path, _), count in first.touched.items() if path != "/main"} == {
        "/main/write:0": 1,
        "/main/write:1": 1,
    }
