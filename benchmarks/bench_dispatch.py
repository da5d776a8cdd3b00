"""What it costs to dispatch a run with finale, beside the least that one could do on trio by hand.

The least: ``nursery.start_soon``, and a memory channel for the endings. It promises nothing (an error of one run ends all, and
nobody can cancel one), so it is a yardstick, not a rival. anyio and
aiojobs stand beside it; they come with the dependency group "bench", which ``make`` installs.
"""

import asyncio
import gc
import sys
from collections.abc import Awaitable, Callable, Coroutine
from functools import partial
from statistics import median
from time import process_time
from typing import Any

import aiojobs
import anyio
import trio
from side_by_side import arguments, heading, micros, print_table, ratio, rounds_of, verdict

import finale

BY_HAND = "by hand: task, scope, event, record"
ALL = 1 << 60


async def nothing(request: finale.Request, ctx: finale.RunContext) -> None:
    """The work of a run that does nothing."""


def on_trio(measure: Callable[..., Awaitable[float]], *args: Any) -> float:
    """What ``measure`` says, run on stock trio and the real clock."""
    return trio.run(measure, *args)


def on_asyncio(measure: Callable[..., Coroutine[Any, Any, float]], *args: Any) -> float:
    """The same on asyncio."""
    return asyncio.run(measure(*args))


# Many at once: submit them all, see each ending ---------------------------------------------------------------------------


async def finale_burst(runs: int, *, sessions: int | None = None, max_active: int | None = None) -> float:
    """Seconds per run, from opening the workspace to having left it. Each has a session of its own, or shares ``sessions``."""
    began = process_time()
    async with finale.open_workspace(nothing, max_active=max_active) as workspace:
        events = workspace.subscribe()
        for number in range(runs):
            workspace.submit("prompt", f"s{number % (sessions or runs)}")
        seen = 0
        async for event in events:
            seen += type(event) is finale.RunComplete
            if seen == runs:
                break
    return (process_time() - began) / runs


async def trio_burst(runs: int) -> float:
    """Seconds per task."""
    began = process_time()
    async with trio.open_nursery() as nursery:
        sending, receiving = trio.open_memory_channel[int](ALL)

        async def work(number: int) -> None:
            sending.send_nowait(number)

        for number in range(runs):
            nursery.start_soon(work, number)
        for _ in range(runs):
            await receiving.receive()
    return (process_time() - began) / runs


async def by_hand_burst(runs: int) -> float:
    """Seconds per run of what one writes when a run can be cancelled and waited for: a scope, an event and a record each."""
    began = process_time()
    records: dict[int, dict[str, Any]] = {}
    async with trio.open_nursery() as nursery:
        sending, receiving = trio.open_memory_channel[int](ALL)

        async def work(number: int, scope: trio.CancelScope, ended: trio.Event) -> None:
            try:
                with scope:
                    await trio.lowlevel.checkpoint_if_cancelled()
            finally:
                records[number]["state"] = "ended"
                ended.set()
                sending.send_nowait(number)

        for number in range(runs):
            scope, ended = trio.CancelScope(), trio.Event()
            records[number] = {"id": f"{number:032x}", "scope": scope, "ended": ended, "prompt": "prompt", "state": "active"}
            nursery.start_soon(work, number, scope, ended)
        for _ in range(runs):
            await receiving.receive()
    return (process_time() - began) / runs


async def anyio_burst(runs: int) -> float:
    """Seconds per task of anyio, on the event loop that it finds."""
    began = process_time()
    async with anyio.create_task_group() as group:
        sending, receiving = anyio.create_memory_object_stream[int](ALL)

        async def work(number: int) -> None:
            sending.send_nowait(number)

        for number in range(runs):
            group.start_soon(work, number)
        for _ in range(runs):
            await receiving.receive()
        sending.close()
        receiving.close()
    return (process_time() - began) / runs


async def aiojobs_burst(runs: int) -> float:
    """Seconds per job of aiojobs, which runs on asyncio."""
    began = process_time()
    endings: asyncio.Queue[int] = asyncio.Queue()

    async def work(number: int) -> None:
        endings.put_nowait(number)

    async with aiojobs.Scheduler(limit=None) as scheduler:
        for number in range(runs):
            await scheduler.spawn(work(number))
        for _ in range(runs):
            await endings.get()
    return (process_time() - began) / runs


# One at a time ------------------------------------------------------------------------------------------------------------


async def finale_single(runs: int) -> float:
    """Median seconds from submitting a run to having its ending in hand."""
    times = []
    async with finale.open_workspace(nothing) as workspace:
        for _ in range(runs):
            began = process_time()
            await workspace.submit("prompt", "s").wait()
            times.append(process_time() - began)
    return median(times)


async def trio_single(runs: int) -> float:
    """Median seconds from starting a task to having its message in hand."""
    times = []
    async with trio.open_nursery() as nursery:
        sending, receiving = trio.open_memory_channel[None](1)

        async def work() -> None:
            sending.send_nowait(None)

        for _ in range(runs):
            began = process_time()
            nursery.start_soon(work)
            await receiving.receive()
            times.append(process_time() - began)
    return median(times)


async def by_hand_single(runs: int) -> float:
    """Median seconds from starting a task with a scope, an event and a record to the event."""
    times = []
    records: dict[int, dict[str, Any]] = {}
    async with trio.open_nursery() as nursery:

        async def work(number: int, scope: trio.CancelScope, ended: trio.Event) -> None:
            try:
                with scope:
                    await trio.lowlevel.checkpoint_if_cancelled()
            finally:
                records[number]["state"] = "ended"
                ended.set()

        for number in range(runs):
            began = process_time()
            scope, ended = trio.CancelScope(), trio.Event()
            records[number] = {"id": f"{number:032x}", "scope": scope, "ended": ended, "prompt": "prompt", "state": "active"}
            nursery.start_soon(work, number, scope, ended)
            await ended.wait()
            times.append(process_time() - began)
    return median(times)


async def anyio_single(runs: int) -> float:
    """Median seconds from starting a task of anyio to having its message in hand."""
    times = []
    async with anyio.create_task_group() as group:
        sending, receiving = anyio.create_memory_object_stream[None](1)

        async def work() -> None:
            sending.send_nowait(None)

        for _ in range(runs):
            began = process_time()
            group.start_soon(work)
            await receiving.receive()
            times.append(process_time() - began)
        sending.close()
        receiving.close()
    return median(times)


async def aiojobs_single(runs: int) -> float:
    """Median seconds from spawning a job of aiojobs to the end of waiting for it."""
    times = []

    async def work() -> None:
        pass

    async with aiojobs.Scheduler(limit=None) as scheduler:
        for _ in range(runs):
            began = process_time()
            job = await scheduler.spawn(work())
            await job.wait()
            times.append(process_time() - began)
    return median(times)


def dispatch(rounds: int, runs: int) -> None:
    """Throughput and latency."""
    burst = {
        "bare trio": partial(on_trio, trio_burst, runs),
        BY_HAND: partial(on_trio, by_hand_burst, runs),
        "finale": partial(on_trio, finale_burst, runs),
        "anyio on trio": partial(on_trio, anyio_burst, runs),
        "anyio on asyncio": partial(on_asyncio, anyio_burst, runs),
        "aiojobs, on asyncio": partial(on_asyncio, aiojobs_burst, runs),
    }
    times = rounds_of(burst, rounds)
    rows = []
    for name in burst:
        speed = ratio(times, "bare trio", name)
        target = verdict(speed, least=0.6) if name == "finale" else ""
        rows.append([name, f"{micros(times, name):.1f}", f"{1e6 / micros(times, name):,.0f}", f"{speed:.2f}", target])
    print_table(
        f"Submit {runs:,} runs that do nothing, see each ending", ["", "µs per run", "runs/s", "× bare trio", "target"], rows
    )

    runs = max(runs // 5, 10)
    single = {
        "bare trio": partial(on_trio, trio_single, runs),
        BY_HAND: partial(on_trio, by_hand_single, runs),
        "finale": partial(on_trio, finale_single, runs),
        "anyio on trio": partial(on_trio, anyio_single, runs),
        "anyio on asyncio": partial(on_asyncio, anyio_single, runs),
        "aiojobs, on asyncio": partial(on_asyncio, aiojobs_single, runs),
    }
    times = rounds_of(single, rounds)
    rows = []
    for name in single:
        slower = ratio(times, name, "bare trio")
        target = verdict(slower, most=2.5) if name == "finale" else ""
        rows.append([name, f"{micros(times, name):.1f}", f"{slower:.2f}", target])
    print_table("One at a time: submit, wait for the ending", ["", "µs, p50", "× bare trio", "target"], rows)


def uncollected(turn: Callable[[], float]) -> float:
    """``turn`` without Python's garbage collector, which looks at all that is alive again and again, whoever made it."""
    gc.disable()
    try:
        return turn()
    finally:
        gc.enable()


def growth(rounds: int, many: int) -> None:
    """Whether a run costs more when there are many."""
    few = 100
    names: dict[str, Callable[[int], Awaitable[float]]] = {
        f"finale, {many // 10:,} sessions with ten runs each": lambda runs: finale_burst(runs, sessions=runs // 10),
        f"finale, {few} active, the others waiting": lambda runs: finale_burst(runs, max_active=few),
        "bare trio, all active": trio_burst,
    }

    def often(measure: Callable[[int], Awaitable[float]]) -> float:
        return median(on_trio(measure, few) for _ in range(20))

    turns: dict[str, Callable[[], float]] = {}
    for name, measure in names.items():
        turns |= {f"{name}, {few}": partial(often, measure), f"{name}, {many}": partial(on_trio, measure, many)}
    turns |= {f"{name}, uncollected": partial(uncollected, turn) for name, turn in turns.items()}
    times = rounds_of(turns, rounds)
    rows = []
    for name in names:
        grown = ratio(times, f"{name}, {many}", f"{name}, {few}")
        bare = ratio(times, f"{name}, {many}, uncollected", f"{name}, {few}, uncollected")
        target = [verdict(grown, most=1.2), verdict(bare, most=1.2)] if name.startswith("finale") else ["", ""]
        cost = [f"{micros(times, f'{name}, {runs}'):.1f}" for runs in (few, many)]
        rows.append([name, *cost, f"{grown:.2f}", target[0], f"{bare:.2f}", target[1]])
    head = ["", f"µs at {few}", f"µs at {many:,}", "× that at 100", "target", "× without the collector", "target"]
    print_table("Cost of a run by how many there are, in one workspace, end to end", head, rows)


def main() -> int:
    """Print all tables."""
    quick = arguments(__doc__).quick
    heading("Dispatch: finale beside bare trio", quick=quick, beside=("anyio", "aiojobs"))
    if quick:
        dispatch(2, 200)
        growth(1, 500)
    else:
        dispatch(7, 10_000)
        growth(3, 100_000)
    return 0


if __name__ == "__main__":
    sys.exit(main())
