"""What it costs to tell many subscribers of each event, beside what one could do on trio by hand.

The yardstick is a memory channel for each subscriber. Beside it stands the least that works like finale does: one list, a
position in it for each subscriber, and one call that wakes all who wait.
"""

import sys
from collections.abc import Awaitable, Callable
from functools import partial
from time import process_time
from typing import Any, Self

import trio
import trio.testing
from side_by_side import arguments, heading, micros, print_table, ratio, rounds_of, verdict

import finale

BURST = 32
ALL = 1 << 60


def on_trio(measure: Callable[..., Awaitable[float]], *args: Any) -> float:
    """What ``measure`` says, run on stock trio and the real clock."""
    return trio.run(measure, *args)


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
        async for _ in subscription:
            count += 1
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
    assert taken == [events + 3] * subscribers, (
        f"events were missed: readers took {sorted(set(taken))} of {events} + 3 of the run"
    )
    return seconds / events


async def channels_fan_out(events: int, subscribers: int, *, wait: bool) -> float:
    """Seconds per event with a memory channel for each subscriber. Without ``wait`` the channels are as long as it takes."""
    pairs = [trio.open_memory_channel[int](BURST if wait else ALL) for _ in range(subscribers)]

    taken = []

    async def read(receiving: trio.MemoryReceiveChannel[int]) -> None:
        count = 0
        async for _ in receiving:
            count += 1
        taken.append(count)

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
    seconds = process_time() - began
    assert taken == [events] * subscribers
    return seconds / events


async def by_hand_fan_out(events: int, subscribers: int) -> float:
    """Seconds per event of one list for all, that is never shortened, and a position in it for each subscriber."""
    log: list[int] = []
    news = trio.lowlevel.ParkingLot()
    ended = False
    taken = []

    class Reader:
        def __init__(self) -> None:
            self.position = 0

        def __aiter__(self) -> Self:
            return self

        async def __anext__(self) -> int:
            while self.position == len(log):
                if ended:
                    raise StopAsyncIteration
                await news.park()
            self.position += 1
            return log[self.position - 1]

    async def read() -> None:
        count = 0
        async for _ in Reader():
            count += 1
        taken.append(count)

    async with trio.open_nursery() as nursery:
        for _ in range(subscribers):
            nursery.start_soon(read)
        await trio.testing.wait_all_tasks_blocked()
        began = process_time()
        for number in range(1, events + 1):
            log.append(number)
            if number % BURST == 0:
                news.unpark_all()
                await trio.lowlevel.checkpoint()
        ended = True
        news.unpark_all()
    seconds = process_time() - began
    assert taken == [events] * subscribers
    return seconds / events


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
        "by hand: one list, a position each": partial(on_trio, by_hand_fan_out, events, subscribers),
        "finale": partial(on_trio, finale_fan_out, events, subscribers),
        "finale, one more subscriber is stuck": partial(on_trio, finale_fan_out, events, subscribers, 1),
    }
    times = rounds_of(contenders, rounds)
    rows = []
    for name in contenders:
        speed = ratio(times, "channels, awaited", name)
        target = verdict(speed, least=40) if name == "finale" else ""
        rows.append([name, f"{micros(times, name):.1f}", f"{1e6 / micros(times, name):,.0f}", f"{speed:.1f}", target])
    slower = ratio(times, "finale, one more subscriber is stuck", "finale")
    rows[-1][-1] = f"{slower:.2f} of the line above, {verdict(slower, most=1.05)}"
    title = f"Fan-out: {events:,} events in bursts of {BURST} to {subscribers} subscribers"
    print_table(title, ["", "µs per event", "events/s", "× channels", "target"], rows)
    still = trio.run(published_before_standstill, events, subscribers)
    print(
        f"With one subscriber stuck, a publisher that awaits channels of {BURST} stands still after {still} events, for ever.\n"
    )


def main() -> int:
    """Print the table."""
    quick = arguments(__doc__).quick
    heading("Fan-out: finale beside channels", quick=quick)
    if quick:
        fan_out(1, 320, 5)
    else:
        fan_out(5, 10_000, 100)
    return 0


if __name__ == "__main__":
    sys.exit(main())
