"""Time limits of runs: on the whole, and on silence; against cancels, completions, and coordinators that do not hear."""

import math
from typing import Any

import pytest
import trio
from trio.testing import MockClock

import finale
from finale import Request, RunComplete, RunContext, Status


async def sleeper(request: Request, ctx: RunContext) -> str:
    """Sleeps as long as its prompt says."""
    await trio.sleep(float(request.prompt))
    return request.prompt


async def ending_of(work: Any, prompt: str = "10", **options: Any) -> RunComplete:
    async with finale.open_workspace(work, **options) as workspace:
        return await workspace.submit(prompt, "s").wait()


def is_time_out(ending: RunComplete, says: str) -> bool:
    assert ending.error is not None
    return (ending.status, ending.error.type, ending.error.message) == (Status.FAILED, "finale.errors.RunTimedOut", says)


@pytest.mark.parametrize("options", [{"grace_s": -0.5}, {"grace_s": math.nan}, {"deadline_s": 0}, {"idle_s": 0}])
async def test_patience_that_makes_no_sense_is_refused(options: dict[str, Any]) -> None:
    """The message shows name and value."""
    with pytest.raises(ValueError, match=f"{next(iter(options))} is"):
        await ending_of(sleeper, "0", **options)


@pytest.mark.parametrize("options", [{"grace_s": 0}, {"grace_s": 0.5}, {"deadline_s": 0.5}, {"idle_s": 0.5}])
async def test_little_patience_is_patience(options: dict[str, Any], autojump_clock: MockClock) -> None:
    """Fractions of a second, and no grace at all."""
    assert (await ending_of(sleeper, "0.25", **options)).status is Status.COMPLETED


async def test_a_run_beyond_its_deadline_has_failed(autojump_clock: MockClock) -> None:
    """At that moment, with an error that says so; nobody is named as canceller."""
    ending = await ending_of(sleeper, deadline_s=3)
    assert is_time_out(ending, "the run was active for 3 s, which is the limit")
    assert (ending.cancelled_by, ending.abandoned, trio.current_time()) == (None, False, 3)


async def test_time_goes_on_while_a_cancellation_from_outside_waits_at_shields(autojump_clock: MockClock) -> None:
    """Neither the run nor the block has noticed it; the deadline holds all the same."""

    async def deaf(request: Request, ctx: RunContext) -> None:
        with trio.CancelScope(shield=True):
            await trio.sleep(100)

    with trio.move_on_after(1):
        async with finale.open_workspace(deaf, deadline_s=3, grace_s=1) as workspace:
            run = workspace.submit("p", "s")
            with trio.CancelScope(shield=True):
                await trio.sleep(5)
                assert run.complete is not None
                assert is_time_out(run.complete, "the run was active for 3 s, which is the limit")


async def test_a_silent_run_has_failed(autojump_clock: MockClock) -> None:
    """Silence is measured from the start, then from each report."""
    assert is_time_out(await ending_of(sleeper, idle_s=3), "the run reported nothing for 3 s, which is the limit")
    assert trio.current_time() == 3

    async def talk(_request: Request, ctx: RunContext) -> None:
        for _ in range(5):
            await trio.sleep(2.5)
            await ctx.progress("still here")
        await trio.sleep(2.5)
        ctx.progress_nowait("and now no more")
        await trio.sleep_forever()

    assert is_time_out(await ending_of(talk, idle_s=3), "the run reported nothing for 3 s, which is the limit")
    assert trio.current_time() == 3 + 15 + 3


async def test_whichever_limit_comes_first(autojump_clock: MockClock) -> None:
    """Progress moves the limit on silence, never the deadline."""

    async def talk(_request: Request, ctx: RunContext) -> None:
        while True:
            await trio.sleep(1)
            await ctx.progress("still here")

    assert is_time_out(await ending_of(talk, idle_s=3, deadline_s=7.5), "the run was active for 7.5 s, which is the limit")
    assert is_time_out(await ending_of(sleeper, idle_s=2, deadline_s=7.5), "the run reported nothing for 2 s, which is the limit")
    assert trio.current_time() == 9.5


async def test_waiting_does_not_count(autojump_clock: MockClock) -> None:
    """A run's time begins when it starts."""
    async with finale.open_workspace(sleeper, deadline_s=3) as workspace:
        runs = [workspace.submit("2", "s") for _ in range(4)]
        assert [(await run.wait()).status for run in runs] == [Status.COMPLETED] * 4


async def test_preparation_counts(autojump_clock: MockClock) -> None:
    """It is part of the run."""

    class Prepared:
        async def prepare(self) -> None:
            await trio.sleep_forever()

        run = staticmethod(sleeper)

    assert is_time_out(await ending_of(Prepared(), deadline_s=3), "the run was active for 3 s, which is the limit")


@pytest.mark.parametrize("limits", [{"deadline_s": 1000}, {"idle_s": 1000}, {"deadline_s": 1000, "idle_s": 1000}])
@pytest.mark.parametrize("never_waits", [True, False])
async def test_a_timer_ends_with_its_run(limits: dict[str, float], never_waits: bool, autojump_clock: MockClock) -> None:
    """Also with one that is over before its timer has begun: nothing keeps the workspace open."""

    async def work(request: Request, _ctx: RunContext) -> str:
        if not never_waits:
            await trio.sleep(1)
        return request.prompt

    async with finale.open_workspace(work, **limits) as workspace:
        runs = [workspace.submit(str(number), f"s{number % 2}") for number in range(4)]
        runs.append(workspace.submit("cancelled", "t"))
        runs[-1].cancel()
    assert trio.current_time() == (0 if never_waits else 2)
    assert workspace.statistics().completed == 4


@pytest.mark.parametrize("first", ["cancel", "limit", "end"])
async def test_everything_at_the_same_instant(first: str, autojump_clock: MockClock) -> None:
    """Cancel, limit and completion within one moment: exactly one ending, one that is true, whatever the order."""
    endings = []
    for _ in range(20):  # trio shuffles what is ready
        start = trio.current_time()
        async with finale.open_workspace(sleeper, deadline_s=5 if first != "end" else 5.000001) as workspace:
            run = workspace.submit("5" if first == "end" else "5.000001", "s")
            await trio.sleep_until(start + (5 if first != "limit" else 5.000001))
            cancelled = run.cancel("test")
            ending = await run.wait()
        endings.append(ending.status)
        assert workspace.statistics().accepted == workspace.statistics().delivery.published // 3 == 1
        assert (ending.cancelled_by is not None) <= cancelled
        if ending.status is Status.FAILED:
            assert is_time_out(ending, "the run was active for 5 s, which is the limit")
    possible = {
        "cancel": {Status.CANCELLED, Status.FAILED},
        "limit": {Status.FAILED},
        "end": {Status.COMPLETED, Status.CANCELLED},
    }
    assert set(endings) <= possible[first]


async def test_a_cancel_before_the_limit_stays_a_cancel(autojump_clock: MockClock) -> None:
    """Also when the clean-up goes on beyond the limit; and the other way round."""

    async def work(_request: Request, _ctx: RunContext) -> None:
        try:
            await trio.sleep_forever()
        finally:
            with trio.CancelScope(shield=True):
                await trio.sleep(2)

    async with finale.open_workspace(work, deadline_s=3) as workspace:
        run = workspace.submit("p", "s")
        await trio.sleep(2)
        assert run.cancel("test")
        assert ((await run.wait()).cancelled_by, trio.current_time()) == ("test", 4)
        run = workspace.submit("p", "s")
        await trio.sleep(4)
        assert not run.cancel("too late")
        assert is_time_out(await run.wait(), "the run was active for 3 s, which is the limit")
        assert trio.current_time() == 9


async def test_a_deaf_run_that_took_too_long_is_abandoned(autojump_clock: MockClock) -> None:
    """E15: failed, when its grace is over."""

    async def deaf(_request: Request, _ctx: RunContext) -> None:
        with trio.CancelScope(shield=True):
            await trio.sleep(100)

    async with finale.open_workspace(deaf, deadline_s=3, grace_s=4) as workspace:
        ending = await workspace.submit("p", "s").wait()
        assert is_time_out(ending, "the run was active for 3 s, which is the limit")
        assert (ending.abandoned, trio.current_time()) == (True, 7)
        assert workspace.session("s").busy
    assert trio.current_time() == 100


async def test_a_deaf_run_that_returns_within_its_grace_is_completed(autojump_clock: MockClock) -> None:
    """E14: it was not stopped by the limit."""

    async def deaf(_request: Request, _ctx: RunContext) -> str:
        with trio.CancelScope(shield=True):
            await trio.sleep(5)
        return "late, but there"

    ending = await ending_of(deaf, deadline_s=3, grace_s=4)
    assert (ending.status, ending.text, ending.error) == (Status.COMPLETED, "late, but there", None)


async def test_cleaning_up_after_an_early_ending_is_not_limited(autojump_clock: MockClock) -> None:
    """The run has ended."""

    async def work(_request: Request, ctx: RunContext) -> None:
        ctx.complete("early")
        await trio.sleep(10)

    async with finale.open_workspace(work, deadline_s=3, idle_s=2) as workspace:
        assert await workspace.submit("p", "s").result() == "early"
    assert trio.current_time() == 10


async def test_a_limit_within_the_grace_of_another_run(autojump_clock: MockClock) -> None:
    """I15: each run has its own limits; the queue goes on behind one that failed."""
    async with finale.open_workspace(sleeper, deadline_s=3, max_active=2) as workspace:
        runs = [workspace.submit(prompt, session) for prompt, session in (("9", "s"), ("2", "t"), ("1", "s"), ("2.5", "t"))]
        statuses = [(await run.wait()).status for run in runs]
    assert statuses == [Status.FAILED, Status.COMPLETED, Status.COMPLETED, Status.COMPLETED]
    assert trio.current_time() == 4.5


async def test_what_the_clean_up_raises_after_the_limit_is_told(autojump_clock: MockClock) -> None:
    """In the run's error, behind the limit, with its traceback; it stays a time-out."""

    async def breaks(request: Request, ctx: RunContext) -> None:
        try:
            await trio.sleep_forever()
        finally:
            raise OSError("disk full")

    ending = await ending_of(breaks, deadline_s=3)
    assert is_time_out(ending, "the run was active for 3 s, which is the limit; its clean-up raised OSError: disk full")
    assert ending.error is not None
    assert 'raise OSError("disk full")' in ending.error.traceback


@pytest.mark.parametrize("value", [0, -1, math.nan])
@pytest.mark.parametrize("name", ["deadline_s", "idle_s"])
async def test_a_limit_out_of_range_is_refused(name: str, value: float) -> None:
    """The message shows name and value."""
    with pytest.raises(ValueError, match=f"{name} is"):
        async with finale.open_workspace(sleeper, **{name: value}):
            pytest.fail("opened")
