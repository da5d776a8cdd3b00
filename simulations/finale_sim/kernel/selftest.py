"""Does this trio behave under our hands? Asked once, before the first trial, by trying it out.

Private names may keep their spelling and change their meaning, so nothing here looks at names or versions: each check runs a
small program and knows exactly what must come out. Together they take a few milliseconds.
"""

from collections.abc import Callable
from typing import Any

import trio
import trio.testing

from finale_sim.choices import Decide, Site, happy_path
from finale_sim.kernel.conditions import STANDARD
from finale_sim.kernel.errors import RealIO, unsupported
from finale_sim.kernel.processes import run_trial
from finale_sim.kernel.seam import in_trio
from finale_sim.kernel.trial import Ending, Trial

__all__ = ["check_kernel"]

_ENOUGH_STEPS = 200
_ENOUGH_TRIALS = 50


def check_kernel() -> None:
    """Run every check.

    Raises:
        KernelUnsupported: a check failed; the message says which.
    """
    for name, check in _CHECKS.items():
        try:
            found, wanted = check()
        except Exception as error:  # whatever it is, this trio is not for us
            raise unsupported(f"the self-test '{name}' failed with {error!r}") from error
        if found != wanted:
            raise unsupported(f"the self-test '{name}' found {found!r} where {wanted!r} is right")


def _trial(program: Callable[[], Any], decide: Decide = happy_path) -> Trial:
    return run_trial(program, (), decide, STANDARD, _ENOUGH_STEPS, False)


def _all_values(program: Callable[[], Any]) -> list[Any]:
    """The value of every possible trial, depth first."""
    values: list[Any] = []
    script: list[int] = []
    while len(values) < _ENOUGH_TRIALS:
        asked: list[tuple[int, int]] = []

        def decide(site: Site, options: int, asked: list[tuple[int, int]] = asked, script: list[int] = script) -> int:
            asked.append((script[len(asked)] if len(asked) < len(script) else 0, options))
            return asked[-1][0]

        values.append(_trial(program, decide).value)
        while asked and asked[-1][0] == asked[-1][1] - 1:
            asked.pop()
        if not asked:
            break
        script = [index for index, _ in asked]
        script[-1] += 1
    return values


def _interleavings() -> tuple[object, object]:
    async def worker(name: str, log: list[str]) -> None:
        log.append(name)
        await trio.lowlevel.checkpoint()
        log.append(name)

    async def program() -> str:
        log: list[str] = []
        async with trio.open_nursery() as nursery:
            nursery.start_soon(worker, "a", log)
            nursery.start_soon(worker, "b", log)
        return "".join(log)

    return sorted(_all_values(program)), ["aabb", "abab", "abba", "baab", "baba", "bbaa"]


def _time() -> tuple[object, object]:
    async def program() -> tuple[float, bool, float]:
        await trio.sleep(2)
        with trio.move_on_after(1) as scope:
            await trio.sleep(5)
        return trio.current_time(), scope.cancelled_caught, trio.current_effective_deadline()

    trial = _trial(program)
    return (trial.value, trial.now_s), ((3.0, True, float("inf")), 3.0)


def _idleness() -> tuple[object, object]:
    async def program() -> list[str]:
        log: list[str] = []
        async with trio.open_nursery() as nursery:
            nursery.start_soon(sleeper, log)
            await trio.testing.wait_all_tasks_blocked()
            log.append(f"idle at {trio.current_time()}")
        return log

    async def sleeper(log: list[str]) -> None:
        await trio.lowlevel.checkpoint()
        log.append("asleep")
        await trio.sleep(1)

    return _trial(program).value, ["asleep", "idle at 0.0"]


def _deadlock() -> tuple[object, object]:
    async def program() -> None:
        await trio.Event().wait()

    trial = _trial(program)
    shown = [(task.path, task.waiting_on, len(task.stack)) for task in trial.deadlock]
    return (trial.ending, shown), (Ending.DEADLOCKED, [("/main", "trio.Event.wait", 1)])


def _ties() -> tuple[object, object]:
    async def program() -> str:
        lock = trio.Lock()
        result: list[str] = []
        async with trio.open_nursery() as nursery:
            await lock.acquire()
            nursery.start_soon(late, lock, result)
            await trio.sleep(1)
            lock.release()
        return result[0] if result else "timed out"

    async def late(lock: trio.Lock, result: list[str]) -> None:
        with trio.move_on_at(1):
            await lock.acquire()
            result.append("acquired")

    return set(_all_values(program)), {"acquired", "timed out"}


def _order_of_cancellation() -> tuple[object, object]:
    order: list[int] = []

    async def block(number: int) -> None:
        def abort(_: object) -> trio.lowlevel.Abort:
            order.append(number)
            return trio.lowlevel.Abort.SUCCEEDED

        await trio.lowlevel.wait_task_rescheduled(abort)

    async def program() -> None:
        async with trio.open_nursery() as nursery:
            for number in range(12):
                nursery.start_soon(block, number)
            await trio.testing.wait_all_tasks_blocked()
            nursery.cancel_scope.cancel()

    _trial(program)
    return order, list(range(12))


def _callbacks() -> tuple[object, object]:
    closed: list[str] = []

    async def generator() -> Any:
        try:
            yield 1
        finally:
            closed.append("generator")

    async def program() -> Any:
        values = generator()
        await anext(values)
        closed.append(await trio.to_thread.run_sync(lambda: "thread"))
        trio.lowlevel.current_trio_token().run_sync_soon(closed.append, "callback")
        await trio.testing.wait_all_tasks_blocked()
        return values  # kept alive, so that the end of the run has to close it

    _trial(program)
    return closed, ["thread", "callback", "generator"]


def _refusal() -> tuple[object, object]:
    async def program() -> None:
        await trio.lowlevel.wait_readable(0)

    return type(_trial(program).error), RealIO


def _nothing_left() -> tuple[object, object]:
    return in_trio(), False


_CHECKS: dict[str, Callable[[], tuple[object, object]]] = {
    "interleavings of 2 tasks with 2 steps": _interleavings,
    "virtual time and cancellation": _time,
    "wait_all_tasks_blocked": _idleness,
    "a deadlock is seen": _deadlock,
    "timers of one instant": _ties,
    "order of cancellation": _order_of_cancellation,
    "threads, callbacks and async generators": _callbacks,
    "real I/O is refused": _refusal,
    "nothing is left behind": _nothing_left,
}
