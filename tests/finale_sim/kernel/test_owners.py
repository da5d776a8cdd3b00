"""Who waits for what is read off a real loop; a part of a program that is stuck for good is found, and no other."""

import weakref
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
import trio

from finale_sim.kernel import Context, Ending, Trial, circle, current_trial, simulate
from finale_sim.kernel.stuck.reach import Reach
from finale_sim.kernel.stuck.waits import JOIN
from tests.finale_sim.kernel.support import every_trial


async def _hold(first: trio.Lock, second: trio.Lock) -> None:
    async with first:
        await trio.sleep(1)
        async with second:
            pass


async def _crossed() -> None:
    one, two = trio.Lock(), trio.Lock()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(_hold, one, two)
        nursery.start_soon(_hold, two, one)


async def _beat() -> None:
    while True:  # noqa: ASYNC110  # a heartbeat is what it is
        await trio.sleep(1)


async def _beside(other: Callable[..., Awaitable[Any]], *args: Any) -> None:
    async with trio.open_nursery() as nursery:
        nursery.start_soon(other, *args)
        nursery.start_soon(_crossed)


def _long(program: Callable[..., Awaitable[Any]], *args: Any) -> Trial:
    trial = simulate(program, *args, max_steps=400)
    assert trial.ending is Ending.STEP_LIMIT
    return trial


def test_philosophers_sit_in_a_circle() -> None:
    """In each schedule that deadlocks, all three are in it, and main isn't."""

    async def dining() -> None:
        forks = [trio.Lock() for _ in range(3)]

        async def philosopher(seat: int) -> None:
            async with forks[seat], forks[(seat + 1) % 3]:
                pass

        async with trio.open_nursery() as nursery:
            for seat in range(3):
                nursery.start_soon(philosopher, seat)

    stuck = [trial for trial in every_trial(dining) if trial.ending is Ending.DEADLOCKED]
    assert stuck
    for trial in stuck:
        assert {wait.waiter for wait in circle(trial.waits)} == {f"/main/philosopher:{n}" for n in range(3)}
        assert trial.waits[0].target == JOIN
        assert str(trial).count("in a circle: ") == 1


def test_an_owner_that_waits_for_its_child_that_waits_for_the_lock() -> None:
    """Nurseries are edges like locks."""

    async def program() -> None:
        lock = trio.Lock()
        async with lock, trio.open_nursery() as nursery:
            nursery.start_soon(lock.acquire)

    text = str(simulate(program))
    assert f"in a circle: /main holds Lock 1 and waits for {JOIN}; /main/acquire:0 waits for Lock 1" in text


def test_borrowers_of_a_limiter_are_named() -> None:
    """Who has the tokens is known."""

    async def worker(first: trio.CapacityLimiter, second: trio.CapacityLimiter) -> None:
        async with first:
            await trio.sleep(1)
            async with second:
                pass

    async def program() -> None:
        one, two = trio.CapacityLimiter(1), trio.CapacityLimiter(1)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(worker, one, two)
            nursery.start_soon(worker, two, one)

    trial = simulate(program)
    assert [(wait.target, wait.held_by) for wait in circle(trial.waits)] == [
        ("CapacityLimiter 1", ("/main/worker:1",)),
        ("CapacityLimiter 2", ("/main/worker:0",)),
    ]


@pytest.mark.parametrize("notified", [False, True])
def test_a_condition_is_waited_for_until_it_is_notified_and_then_its_lock(notified: bool) -> None:
    """Trio moves a notified task to the queue of the lock."""

    async def waiter(condition: trio.Condition) -> None:
        async with condition:
            await condition.wait()

    async def program() -> None:
        condition = trio.Condition()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(waiter, condition)
            await trio.sleep(1)
            async with condition:
                if notified:
                    condition.notify()
                await trio.sleep_forever()

    (wait,) = simulate(program).waits
    expected = ("Lock 1", ("/main",)) if notified else ("Condition 1", ())
    assert (wait.waiter, wait.target, wait.held_by) == ("/main/waiter:0", *expected)


async def _event_of(keep: str) -> None:
    event = trio.Event()

    async def waiter(event: trio.Event) -> None:
        await event.wait()

    async def other(*kept: object) -> None:  # it only has it
        await trio.sleep_forever()

    kept: dict[str, object] = {
        "nowhere": None,
        "argument": event,
        "list": [[event]],
        "method": event.set,
        "weak": weakref.ref(event),
    }
    async with trio.open_nursery() as nursery:
        nursery.start_soon(waiter, event)
        nursery.start_soon(other, kept[keep])
        del event, kept
        await trio.sleep_forever()


@pytest.mark.parametrize("keep", ["argument", "list", "method", "weak"])
def test_an_event_within_reach_is_no_orphan(keep: str) -> None:
    """Whoever has it in a variable, a container, a bound method or a weak reference could set it."""
    (wait,) = [wait for wait in simulate(_event_of, keep).waits if wait.target == "Event 1"]
    assert wait.known_to == ("/main/other:0",)


def test_an_event_that_nobody_has_is_an_orphan() -> None:
    """The report says that nobody can reach it, main's deleted variable included."""

    async def waiter(event: trio.Event) -> None:
        await event.wait()

    async def program() -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(waiter, trio.Event())
            await trio.sleep_forever()

    trial = simulate(program)
    assert [wait.known_to for wait in trial.waits] == [()]
    assert str(trial).endswith("/main/waiter:0 waits for Event 1, and no living task but those that wait for it can reach it")


def test_crossed_locks_beside_a_heartbeat_are_found() -> None:
    """The heartbeat goes on for ever, but main can never return: the stuck ones are named, the heartbeat isn't."""
    trial = _long(_beside, _beat)
    crossed = "/main/_crossed:0"
    assert [task.path for task in trial.deadlock] == ["/main", crossed, f"{crossed}/_hold:0", f"{crossed}/_hold:1"]
    assert "in a circle: /main/_crossed:0/_hold:0 holds Lock 2 and waits for Lock 1" in str(trial)


async def _timed(deadline_s: float, shield: bool) -> None:
    async with trio.open_nursery() as nursery:
        nursery.start_soon(_beat)
        with trio.move_on_after(deadline_s), trio.CancelScope(shield=shield):
            await _crossed()


async def _kept(what: str) -> None:
    async def keeper(thing: object) -> None:  # it only has it
        await _beat()

    async with trio.open_nursery() as nursery:
        match what:
            case "scope":
                nursery.start_soon(keeper, nursery.cancel_scope)
            case "method":
                nursery.start_soon(keeper, [nursery.cancel_scope.cancel])
            case "nursery":
                nursery.start_soon(keeper, nursery)
            case "nothing":
                nursery.start_soon(keeper, what)
        nursery.start_soon(_crossed)


async def _main_goes_on() -> None:
    async with trio.open_nursery() as nursery:
        nursery.start_soon(_crossed)
        await _beat()


async def _system_tasks() -> None:
    trio.lowlevel.spawn_system_task(_crossed)
    await _beat()


async def _only_lately() -> None:
    async with trio.open_nursery() as nursery:
        nursery.start_soon(_beat)
        await trio.sleep(300)
        await _crossed()


@pytest.mark.parametrize(
    "program",
    [
        (_beat,),
        (_timed, 1e9, False),
        (_kept, "scope"),
        (_kept, "method"),
        (_kept, "nursery"),
        (_main_goes_on,),
        (_system_tasks,),
        (_only_lately,),
    ],
    ids=str,
)
def test_who_could_still_be_helped_is_not_accused(program: tuple[Any, ...]) -> None:
    """A deadline, a scope that somebody alive can reach, a main task that goes on, or too short a time prove nothing."""
    assert _long(*program).deadlock == ()


@pytest.mark.parametrize(
    "program", [(_timed, float("inf"), False), (_timed, 1e9, True), (_kept, "nothing")], ids=["never", "late", "kept"]
)
def test_the_same_without_help_is(program: tuple[Any, ...]) -> None:
    """No deadline, one that a shield keeps away, and a neighbour with nothing in its hands."""
    assert len(_long(*program).deadlock) >= 3


def test_the_books_of_the_kernel_are_no_hands_of_the_program() -> None:
    """A walk from a task ends at the trial's own books: they know every task, so everybody would reach everything."""

    async def keeps(books: Context | None) -> None:
        await trio.sleep_forever()
        assert books is not None  # so it keeps it

    async def program() -> None:
        books = current_trial()
        assert books is not None
        async with trio.open_nursery() as nursery:
            nursery.start_soon(keeps, books)
            await trio.testing.wait_all_tasks_blocked()
            (task,) = nursery.child_tasks
            reach = Reach(task)
            assert books in reach
            assert not any(inside in reach for inside in (books.lanes, books.choices, books.injected))
            nursery.cancel_scope.cancel()

    trial = simulate(program)
    assert trial.ending is Ending.RETURNED, trial.error
