"""What a caller can see of one run, and do to it."""

import pickle

import pytest
import trio
from trio.testing import MockClock, assert_checkpoints, wait_all_tasks_blocked

import finale
from finale import Gap, Progress, Request, RunAccepted, RunComplete, RunContext, RunStarted, RunState, Status


async def work(request: Request, ctx: RunContext) -> str:
    if request.prompt == "fail":
        raise ValueError("broken")
    for number in range(int(request.metadata.get("progress", 0))):
        await ctx.progress(number)
    await trio.sleep(1)
    return request.prompt


async def test_a_handle_shows_its_run(autojump_clock: MockClock) -> None:
    """Id, session, request, state and ending, as they are now."""
    async with finale.open_workspace(work) as workspace:
        run = workspace.submit("p", "s", run_id="mine", metadata={"a": 1})
        assert (run.run_id, run.session, run.request.metadata, run.state, run.complete) == (
            "mine", "s", {"a": 1}, RunState.ACTIVE, None
        )  # fmt: skip
        assert repr(run) == "<RunHandle mine of session s: active>"
        ending = await run.wait()
        assert (run.state, run.complete) == (RunState.SETTLED, ending)


async def test_the_result_is_the_text_or_raises(autojump_clock: MockClock) -> None:
    """RunFailed and RunCancelled carry the terminal event, say why, and survive pickling."""
    async with finale.open_workspace(work) as workspace:
        assert await workspace.submit("text", "s").result() == "text"
        failed, cancelled = workspace.submit("fail", "s", run_id="f"), workspace.submit("p", "s", run_id="c")
        cancelled.cancel("test")
        with pytest.raises(finale.RunFailed, match="run f failed: ValueError: broken") as caught:
            await failed.result()
        with pytest.raises(finale.RunCancelled, match="run c cancelled: test"):
            await cancelled.result()
        assert caught.value.complete is failed.complete
        assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)  # noqa: S301  # our own bytes


async def test_a_hundred_waiters_half_of_them_cancelled(autojump_clock: MockClock) -> None:
    """I12: the others get the identical event, and the run does not notice."""
    got: list[RunComplete] = []

    async def wait(run: finale.RunHandle) -> None:
        got.append(await run.wait())

    async with finale.open_workspace(work) as workspace:
        run = workspace.submit("p", "s")
        async with trio.open_nursery() as stay:
            async with trio.open_nursery() as leave:
                for _ in range(50):
                    stay.start_soon(wait, run)
                    leave.start_soon(wait, run)
                await wait_all_tasks_blocked()
                leave.cancel_scope.cancel()
            assert got == []
        assert not workspace._broker._waiting
        assert len(got) == 50
        assert {id(ending) for ending in [*got, await run.wait(), run.complete]} == {id(run.complete)}


async def test_waiting_works_before_during_and_after(autojump_clock: MockClock) -> None:
    """Also when the workspace has closed; it is always a checkpoint."""
    async with finale.open_workspace(work) as workspace:
        first, second = workspace.submit("a", "s"), workspace.submit("b", "s")
        assert second.state is RunState.WAITING
        ending = await second.wait()
        assert first.complete is not None
        with assert_checkpoints():
            assert await second.wait() is ending
    with assert_checkpoints():
        assert await second.result() == "b"
    with trio.CancelScope() as scope:
        scope.cancel()
        await second.wait()
    assert scope.cancelled_caught


async def test_cancel_tells_whether_it_did_anything(autojump_clock: MockClock) -> None:
    """Once for a run that has not ended, whatever its state."""
    async with finale.open_workspace(work) as workspace:
        active, waiting, late = (workspace.submit(prompt, "s") for prompt in "abc")
        assert [waiting.cancel(), waiting.cancel()] == [True, False]
        assert [active.cancel(), active.cancel()] == [True, False]
        await late.wait()
        assert not late.cancel()
        assert (await active.wait()).status is (await waiting.wait()).status is Status.CANCELLED
        assert (await late.wait()).status is Status.COMPLETED


async def test_events_are_the_run_from_beginning_to_end(autojump_clock: MockClock) -> None:
    """Whenever asked, and from any number of readers: acceptance, start, progress, ending, and nothing of other runs."""
    async with finale.open_workspace(work) as workspace:
        workspace.submit("other", "t", metadata={"progress": 5})
        run = workspace.submit("p", "s", metadata={"progress": 2})
        early = [event async for event in run.events()]
        late = [event async for event in run.events()]
    afterwards = [event async for event in run.events()]
    assert early == late == afterwards
    assert [type(event) for event in early] == [RunAccepted, RunStarted, Progress, Progress, RunComplete]
    assert early[-1] is run.complete


async def test_events_of_a_run_that_the_log_has_forgotten(autojump_clock: MockClock) -> None:
    """The ending comes from the record, behind a Gap for the rest."""
    async with finale.open_workspace(work, retain=4) as workspace:
        run = workspace.submit("p", "s", metadata={"progress": 3})
        await run.wait()
        for number in range(20):
            workspace.submit("q", f"s{number}")
    assert [event async for event in run.events()] == [Gap(5), run.complete]


async def test_a_waiter_sleeps_until_the_ending() -> None:
    """What a run reports does not wake who waits for its ending, however much it is."""
    steps = 0

    class Count(trio.abc.Instrument):
        def before_task_step(self, task: trio.lowlevel.Task) -> None:
            nonlocal steps
            steps += task.name == "waiter"

    async def chatty(request: Request, ctx: RunContext) -> None:
        for number in range(20):
            await ctx.progress(number)
            await wait_all_tasks_blocked()

    async with finale.open_workspace(chatty) as workspace, trio.open_nursery() as nursery:
        trio.lowlevel.add_instrument(Count())
        nursery.start_soon(workspace.submit("prompt", "s").wait, name="waiter")
    assert steps == 2  # it goes to sleep, and wakes


async def test_what_is_too_old_is_a_gap_without_a_journal(autojump_clock: MockClock) -> None:
    """Nobody else has the run's first events, and its reader is told how many they were."""

    async def work(request: Request, _ctx: RunContext) -> None:
        await trio.sleep(int(request.prompt))

    async with finale.open_workspace(work, retain=2) as workspace:
        long = workspace.submit("100", "s")
        for _ in range(5):
            await workspace.submit("1", "t").wait()
        gap, ending = [event async for event in long.events()]
    assert isinstance(gap, Gap)
    assert (gap.dropped, ending) == (2, long.complete)


async def test_terminating_tells_whether_it_settled_the_run(autojump_clock: MockClock) -> None:
    """Also of one that was cancelled before; not of one that had ended."""

    async def work(_request: Request, _ctx: RunContext) -> None:
        with trio.CancelScope(shield=True):
            await trio.sleep(1)

    async with finale.open_workspace(work) as workspace:
        run = workspace.submit("p", "s")
        assert [run.cancel(), run.cancel(), run.terminate(), run.terminate()] == [True, False, True, False]


async def test_an_acceptance_is_confirmed_while_the_run_waits(autojump_clock: MockClock) -> None:
    """It does not take the run's start, which may be far away."""
    async with finale.open_workspace(work) as workspace:
        workspace.submit("p", "s")
        behind = workspace.submit("p", "s")
        with trio.fail_after(0.5):
            await behind.accepted()
        assert behind.state is RunState.WAITING
