"""How else one could try many schedules of the programs of ``bench_trials.py``: with Hypothesis; for asyncio, with frontrun.

Hypothesis in the two ways that suggest themselves. Either trio runs, and each batch of its runnable tasks gets an order that
Hypothesis draws (trio's loop offers no more: a batch is a round, so most schedules are out of reach); or a trial runs, and each
of its choices is drawn. ``finale_sim.hypothesis.schedules`` is the third: it draws a source of random numbers, once.

frontrun runs a list of asyncio tasks on a state. So the programs are written anew for it: what asyncio has not (channels that
close, nurseries) became what is closest. Its random search gives up a schedule in which tasks wait for each other in a queue;
the other one, DPOR, watches what each instruction touches, and leaves schedules out that make no difference.
"""

import asyncio
from collections.abc import Awaitable, Callable
from importlib.util import find_spec
from time import process_time
from typing import Any

from side_by_side import bare_trio

from finale_sim import simulate

__all__ = [
    "MISSING",
    "by_dpor",
    "by_hypothesis",
    "by_random_asyncio",
    "drawn_batches",
    "drawn_choices",
    "drawn_schedules",
    "installed",
]

Program = Callable[[], Awaitable[None]]

MISSING = {name: find_spec(name) is None for name in ("hypothesis", "frontrun")}
"""Whether it is not installed."""


def installed() -> list[str]:
    """Names of those that are."""
    return [name for name, missing in MISSING.items() if not missing]


# Hypothesis -------------------------------------------------------------------------------------------------------------


def by_hypothesis(example: Callable[[Any, Program], None], program: Program, count: int) -> Callable[[], float]:
    """A contender: processor seconds for each example, of ``count`` at most. Hypothesis stops when it has tried everything."""
    from hypothesis import HealthCheck, Phase, given, settings  # noqa: PLC0415  # it may be missing
    from hypothesis import strategies as st  # noqa: PLC0415

    ran = 0

    @settings(max_examples=count, database=None, deadline=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
    @given(st.data())
    def test(data: Any) -> None:
        nonlocal ran
        ran += 1
        example(data, program)

    def turn() -> float:
        nonlocal ran
        ran, began = 0, process_time()
        test()
        return (process_time() - began) / ran

    return turn


def drawn_choices(data: Any, program: Program) -> None:
    """A trial whose choices are drawn one by one."""
    from hypothesis import strategies as st  # noqa: PLC0415

    simulate(program, decide=lambda site, options: data.draw(st.integers(0, options - 1)))


def drawn_schedules(data: Any, program: Program) -> None:
    """The bridge of finale_sim."""
    from finale_sim.hypothesis import schedules  # noqa: PLC0415

    data.draw(schedules()).run(program)


class _Drawn:
    """Stands for the random numbers of trio's loop."""

    def __init__(self, data: Any) -> None:
        self._data = data
        self.stopped: BaseException | None = (
            None  # by Hypothesis: raised in the middle of trio's loop it would be a crash of trio's
        )

    def shuffle(self, batch: list[Any]) -> None:
        """Put a batch into an order that is drawn."""
        from hypothesis import strategies as st  # noqa: PLC0415

        if len(batch) > 1 and self.stopped is None:
            try:
                batch[:] = self._data.draw(st.permutations(batch))
            except BaseException as error:  # noqa: BLE001
                self.stopped = error

    def uniform(self, low: float, high: float) -> float:
        """For trio's clock, which starts anywhere."""
        return low


def drawn_batches(data: Any, program: Program) -> None:
    """``trio.run``, with the two private names by which Hypothesis and pytest-trio make trio's order repeatable."""
    from trio._core import _run  # noqa: PLC0415

    theirs = _run._r, _run._ALLOW_DETERMINISTIC_SCHEDULING  # noqa: SLF001
    drawn = _Drawn(data)
    _run._r, _run._ALLOW_DETERMINISTIC_SCHEDULING = drawn, True  # type: ignore[assignment]  # noqa: SLF001
    try:
        bare_trio(program)
    finally:
        _run._r, _run._ALLOW_DETERMINISTIC_SCHEDULING = theirs  # type: ignore[misc]  # noqa: SLF001
    if drawn.stopped is not None:
        raise drawn.stopped


# The programs, for asyncio ----------------------------------------------------------------------------------------------


class _State:
    """What the tasks of all three programs share."""

    def __init__(self) -> None:
        self.queue = asyncio.Queue[int](1)
        self.queues = [asyncio.Queue[int](1) for _ in range(16)]
        self.lock, self.limit = asyncio.Lock(), asyncio.Semaphore(4)


async def _step(_: _State) -> None:
    await asyncio.sleep(0)


async def _produce(state: _State) -> None:
    for item in range(4):
        await state.queue.put(item)
        await asyncio.sleep(0.1)


async def _consume(state: _State) -> None:
    for _ in range(8):
        await state.queue.get()
        async with state.lock:
            await asyncio.sleep(0)


async def _give_up(_: _State) -> None:
    await _wait_for_ever(0.25)


async def _wait_for_ever(limit_s: float) -> None:
    try:
        async with asyncio.timeout(limit_s):
            await asyncio.Event().wait()
    except TimeoutError:
        pass


def _pair(number: int) -> list[Callable[[_State], Awaitable[None]]]:
    async def ask(state: _State) -> None:
        async with asyncio.timeout(5), state.limit:
            await asyncio.sleep(0.1)
            await state.queues[number].put(1)

    async def answer(state: _State) -> None:
        await state.queues[number].get()
        await asyncio.sleep(0)
        await _wait_for_ever(10)

    return [ask, answer]


_TASKS: dict[str, list[Callable[[_State], Awaitable[None]]]] = {
    "tiny": [_step, _step],
    "typical": [_produce, _produce, _consume, _give_up],
    "large": [task for number in range(16) for task in _pair(number)],
}


def by_random_asyncio(program: str, count: int) -> tuple[float, int]:
    """The random search: processor seconds for each schedule that it tried, and how many of them came to their end."""
    import frontrun  # noqa: PLC0415

    began = process_time()
    result = asyncio.run(
        frontrun.explore_async_random(
            setup=_State, tasks=_TASKS[program], invariant=lambda state: True, max_attempts=count, max_ops=400, seed=1,
            clock="virtual", timeout_per_run=1.0, total_timeout=2.0,
        )
    )  # fmt: skip
    return (process_time() - began) / result.num_explored, result.num_explored if result.property_holds else 0


def by_dpor(program: str, count: int) -> tuple[float, int]:
    """The other search: the same two figures. The tasks of *tiny* share nothing, so one schedule stands for all."""
    import frontrun  # noqa: PLC0415

    began = process_time()
    result = asyncio.run(
        frontrun.explore(
            setup=_State, workers=_TASKS[program], invariant=lambda state: True, max_executions=count, clock="virtual",
            total_timeout=30.0,
        )
    )  # fmt: skip
    return (process_time() - began) / result.num_explored, result.num_explored
