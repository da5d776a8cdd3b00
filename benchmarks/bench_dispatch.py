"""What it costs to dispatch a run with finale, beside the least that one could do on trio by hand.

The least: ``nursery.start_soon``, a memory channel for the endings, one memory channel for each subscriber. It promises
nothing (an error of one run ends all, a slow reader holds up everybody), so it is a yardstick, not a rival. anyio and
aiojobs stand beside it; they come with the dependency group "bench", which ``make`` installs.
"""

import asyncio
import gc
import sys
import tracemalloc
from collections.abc import Awaitable, Callable, Coroutine
from functools import partial
from statistics import median
from time import process_time
from typing import Any

import aiojobs
import anyio
import trio
import trio.testing
from side_by_side import arguments, heading, micros, print_table, ratio, rounds_of, verdict

import finale

BURST = 32
BY_HAND = "by hand: task, scope, event, record"
ALL = 1 << 60


async def nothing(request: finale.Request, ctx: finale.RunContext) -> None:
    """The work of a run that does nothing."""


async def for_ever(request: finale.Request, ctx: finale.RunContext) -> None:
    """The work of a run that stays active."""
    await trio.sleep_forever()


def on_trio(measure: Callable[..., Awaitable[float]], *args: Any) -> float:
    """What ``measure`` says, run on stock trio and the real clock."""
    return trio.run(measure, *args)


def on_asyncio(measure: Callable[..., Coroutine[Any, Any, float]], *args: Any) -> float:
    """The same on asyncio."""
    return asyncio.run(measure(*args))


# Many at once: submit them all, see each ending ---------------------------------------------------------------------------


async def finale_burst(runs: int, max_active: int | None = None) -> float:
    """Seconds per run."""
    began = process_time()
    async with finale.open_workspace(nothing, max_active=max_active) as workspace:
        events = workspace.subscribe()
        for number in range(runs):
            workspace.submit("prompt", f"s{number}")
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


def growth(rounds: int, many: int) -> None:
    """Whether a run costs more when there are many."""
    few = 100

    def often(measure: Callable[..., Awaitable[float]], *args: Any) -> float:
        return median(on_trio(measure, few, *args) for _ in range(20))

    contenders: dict[str, Callable[[], float]] = {
        "few": partial(often, finale_burst, few),
        "many": partial(on_trio, finale_burst, many, few),
        "trio, few": partial(often, trio_burst),
        "trio, many": partial(on_trio, trio_burst, many),
    }
    times = rounds_of(contenders, rounds)
    grown = ratio(times, "many", "few")
    rows = [
        ["finale, 100 active, the others waiting", *(f"{micros(times, name):.1f}" for name in ("few", "many"))],
        ["bare trio, all active", *(f"{micros(times, name):.1f}" for name in ("trio, few", "trio, many"))],
    ]
    rows[0] += [f"{grown:.2f}", verdict(grown, most=1.2)]
    rows[1] += [f"{ratio(times, 'trio, many', 'trio, few'):.2f}", ""]
    print_table("Cost of a run by how many there are", ["", f"µs at {few}", f"µs at {many:,}", "× that at 100", "target"], rows)


# Memory -------------------------------------------------------------------------------------------------------------------


async def bytes_of(start: Callable[[int, trio.Nursery], object], count: int) -> float:
    """Bytes per unit, ``count`` of them being held."""
    async with trio.open_nursery() as nursery:
        gc.collect()
        tracemalloc.start()
        held = start(count, nursery)
        await trio.testing.wait_all_tasks_blocked()
        gc.collect()
        grown = tracemalloc.get_traced_memory()[0]
        tracemalloc.stop()
        nursery.cancel_scope.cancel()
        del held
    return grown / count


def hand_made(count: int, nursery: trio.Nursery) -> object:
    """What a careful hand-written dispatcher keeps for an active run: a task, a scope to cancel it, an event, a record."""

    async def work(scope: trio.CancelScope, ended: trio.Event) -> None:
        with scope:
            await trio.sleep_forever()
        ended.set()

    records = {}
    for number in range(count):
        scope, ended = trio.CancelScope(), trio.Event()
        records[number] = {"id": f"{number:032x}", "scope": scope, "ended": ended, "prompt": "prompt", "state": "active"}
        nursery.start_soon(work, scope, ended)
    return records


async def bytes_of_runs(count: int, *, max_active: int | None) -> float:
    """Bytes per run; those beyond ``max_active`` wait. What the log keeps of their acceptances is bounded, and not counted."""
    async with finale.open_workspace(for_ever, max_active=max_active, retain=1) as workspace:
        gc.collect()
        tracemalloc.start()
        for number in range(count):
            workspace.submit("prompt", f"s{number % 100}" if max_active else f"s{number}")
        await trio.testing.wait_all_tasks_blocked()  # all is published, and what need not be kept is forgotten
        gc.collect()
        grown = tracemalloc.get_traced_memory()[0]
        tracemalloc.stop()
        workspace.close()
    return grown / count


def memory(waiting: int, active: int) -> None:
    """Bytes of waiting and of active runs."""
    wait = trio.run(partial(bytes_of_runs, waiting, max_active=1))
    run = trio.run(partial(bytes_of_runs, active, max_active=None))
    bare = trio.run(bytes_of, hand_made, active)
    rows = [
        ["finale, waiting", f"{waiting:,}", f"{wait:,.0f}", "", verdict(wait, most=700)],
        ["finale, active", f"{active:,}", f"{run:,.0f}", f"{run / bare:.2f}", verdict(run / bare, most=1.2)],
        ["by hand, active: task, scope, event, record", f"{active:,}", f"{bare:,.0f}", "1.00", ""],
    ]
    print_table("Bytes per run", ["", "runs", "bytes each", "× by hand", "target"], rows)


# Fan-out ------------------------------------------------------------------------------------------------------------------


async def finale_fan_out(events: int, subscribers: int, stuck: int = 0) -> float:
    """Seconds per event. Every subscriber sees every event; ``stuck`` more subscribe and never read."""
    taken = []

    async def publish(request: finale.Request, ctx: finale.RunContext) -> None:
        for number in range(1, events + 1):
            ctx.progress_nowait(number)
            if number % BURST == 0:
                await trio.lowlevel.checkpoint()

    async def read(subscription: finale.Subscription) -> None:
        count = 0
        async for event in subscription:
            count += type(event) is finale.Progress
        taken.append(count)

    async with trio.open_nursery() as nursery, finale.open_workspace(publish) as workspace:
        for _ in range(subscribers):
            nursery.start_soon(read, workspace.subscribe())
        never_read = [workspace.subscribe() for _ in range(stuck)]
        await trio.testing.wait_all_tasks_blocked()
        began = process_time()
        workspace.submit("prompt", "s")
    seconds = process_time() - began
    del never_read
    assert taken == [events] * subscribers, f"some readers missed events: they took {sorted(set(taken))} of {events}"
    return seconds / events


async def channels_fan_out(events: int, subscribers: int, *, wait: bool) -> float:
    """Seconds per event with a memory channel for each subscriber. Without ``wait`` the channels are as long as it takes."""
    pairs = [trio.open_memory_channel[int](BURST if wait else ALL) for _ in range(subscribers)]

    async def read(receiving: trio.MemoryReceiveChannel[int]) -> None:
        async for _ in receiving:
            pass

    async with trio.open_nursery() as nursery:
        for _, receiving in pairs:
            nursery.start_soon(read, receiving)
        await trio.testing.wait_all_tasks_blocked()
        began = process_time()
        for number in range(events):
            for sending, _ in pairs:
                if wait:
                    await sending.send(number)
                else:
                    sending.send_nowait(number)
            if number % BURST == 0:
                await trio.lowlevel.checkpoint()
        for sending, _ in pairs:
            sending.close()
    return (process_time() - began) / events


async def published_before_standstill(events: int, subscribers: int) -> int:
    """How many events a publisher gets out to channels of which nobody reads the last."""
    pairs = [trio.open_memory_channel[int](BURST) for _ in range(subscribers)]
    published = 0

    async def read(receiving: trio.MemoryReceiveChannel[int]) -> None:
        async for _ in receiving:
            pass

    async def publish() -> None:
        nonlocal published
        for number in range(events):
            for sending, _ in pairs:
                await sending.send(number)
            published += 1

    async with trio.open_nursery() as nursery:
        for _, receiving in pairs[:-1]:
            nursery.start_soon(read, receiving)
        nursery.start_soon(publish)
        await trio.testing.wait_all_tasks_blocked(0.01)
        nursery.cancel_scope.cancel()
    return published


def fan_out(rounds: int, events: int, subscribers: int) -> None:
    """One publisher, many subscribers."""
    fewer = max(events // 10, BURST)  # a rate needs no more, and the slow ones would take minutes
    contenders: dict[str, Callable[[], float]] = {
        "channels, awaited": partial(trio.run, partial(channels_fan_out, fewer, subscribers, wait=True)),
        "channels, send_nowait": partial(trio.run, partial(channels_fan_out, fewer, subscribers, wait=False)),
        "finale": partial(on_trio, finale_fan_out, events, subscribers),
        "finale, one more subscriber is stuck": partial(on_trio, finale_fan_out, events, subscribers, 1),
    }
    times = rounds_of(contenders, rounds)
    rows = []
    for name in contenders:
        speed = ratio(times, "channels, awaited", name)
        rows.append([name, f"{micros(times, name):.1f}", f"{1e6 / micros(times, name):,.0f}", f"{speed:.1f}", ""])
    rows[2][-1] = verdict(float(rows[2][3]), least=40)
    slower = ratio(times, "finale, one more subscriber is stuck", "finale")
    rows[3][-1] = f"{slower:.2f} of the line above, {verdict(slower, most=1.05)}"
    title = f"Fan-out: {events:,} events in bursts of {BURST} to {subscribers} subscribers"
    print_table(title, ["", "µs per event", "events/s", "× channels", "target"], rows)
    still = trio.run(published_before_standstill, events, subscribers)
    print(
        f"With one subscriber stuck, a publisher that awaits channels of {BURST} stands still after {still} events, for ever.\n"
    )


def main() -> int:
    """Print all tables."""
    quick = arguments(__doc__).quick
    heading("Dispatch: finale beside bare trio", quick=quick, beside=("anyio", "aiojobs"))
    if quick:
        dispatch(2, 200)
        growth(1, 500)
        memory(500, 100)
        fan_out(1, 320, 5)
    else:
        dispatch(7, 10_000)
        growth(3, 100_000)
        memory(100_000, 10_000)
        fan_out(5, 10_000, 100)
    return 0


if __name__ == "__main__":
    sys.exit(main())
