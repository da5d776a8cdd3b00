"""The conformance checks find what they are for, under whatever schedule."""

from typing import Any

import pytest
import trio
import trio.testing

import finale
from finale.testing import ConformanceError, check_coordinator, check_subscriber


async def deaf(request: finale.Request, ctx: finale.RunContext) -> None:
    with trio.CancelScope(shield=True):
        await trio.sleep(30)


async def polite(request: finale.Request, ctx: finale.RunContext) -> str:
    await trio.sleep(30)
    return request.prompt


async def at_once(request: finale.Request, ctx: finale.RunContext) -> str:
    return request.prompt


async def spins_a_while(request: finale.Request, ctx: finale.RunContext) -> None:
    for _ in range(1000):
        await trio.lowlevel.checkpoint()


@pytest.mark.parametrize("attempt", range(30))
def test_a_deaf_coordinator_is_found_each_time(attempt: int) -> None:
    """The cancel comes when its run is under way, and not before its task has begun: trio's order of tasks is random."""
    with pytest.raises(ConformanceError, match="was cancelled and did not unwind within its grace"):
        trio.run(check_coordinator, deaf, clock=trio.testing.MockClock(autojump_threshold=0))


@pytest.mark.parametrize("coordinator", [polite, at_once, spins_a_while])
def test_a_good_coordinator_passes(coordinator: finale.coordinator.CoordinatorFunction) -> None:
    """Whether it waits, ends at once, or never waits for anything."""
    trio.run(check_coordinator, coordinator, clock=trio.testing.MockClock(autojump_threshold=0))


async def reads_all(events: finale.Subscription) -> None:
    async for item in events:
        if isinstance(item, finale.Event):
            await trio.sleep(0.01)


async def knows_no_gaps(events: finale.Subscription) -> None:
    async for item in events:
        print(item.seq)  # type: ignore[union-attr]


async def knows_progress_only(events: finale.Subscription) -> None:
    async for item in events:
        if not isinstance(item, finale.Gap) and not item.payload["step"] < 3:  # type: ignore[attr-defined]
            return


async def leaves_early(events: finale.Subscription) -> None:
    async for item in events:
        if isinstance(item, finale.RunComplete):
            return


async def leaves_after_a_gap(events: finale.Subscription) -> None:
    async for item in events:
        if isinstance(item, finale.Gap):
            return


async def swallows(events: finale.Subscription) -> None:
    try:
        await reads_all(events)
    except trio.Cancelled:
        return


async def hears_no_cancel(events: finale.Subscription) -> None:
    with trio.move_on_after(100, shield=True):
        await reads_all(events)
    await trio.lowlevel.checkpoint()


async def goes_on_for_ever(events: finale.Subscription) -> None:
    await reads_all(events)
    await trio.sleep_forever()


def test_a_good_subscriber_passes() -> None:
    """It reads whatever comes, at its own pace."""
    trio.run(check_subscriber, reads_all, clock=trio.testing.MockClock(autojump_threshold=0))


@pytest.mark.parametrize(
    ("subscriber", "says"),
    [
        (knows_no_gaps, "closed, and raised AttributeError.*'seq'"),
        (knows_progress_only, "read the events of a run, and raised AttributeError.*'payload'"),
        (leaves_early, "returned before the end"),
        (leaves_after_a_gap, "and there was more to read: "),
        (swallows, "returned in spite of its cancel"),
        (hears_no_cancel, "was cancelled, and had not returned 60 s later"),
        (goes_on_for_ever, "had closed, and the subscriber had not returned 60 s later"),
    ],
)
def test_a_bad_subscriber_is_told_so(subscriber: Any, says: str) -> None:
    """The message says what it was to do, and what it did."""
    with pytest.raises(ConformanceError, match=says):
        trio.run(check_subscriber, subscriber, clock=trio.testing.MockClock(autojump_threshold=0))
