"""The conformance checks find what they are for, under whatever schedule."""

import pytest
import trio
import trio.testing

import finale
from finale.testing import ConformanceError, check_coordinator


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
