"""What can be asked of a workspace: it agrees with the events, at every event (I13)."""

from collections import Counter
from functools import partial
from typing import Any

import pytest
import trio
from trio.testing import MockClock, assert_checkpoints, wait_all_tasks_blocked

import finale
from finale import Gap, Request, RunAccepted, RunComplete, RunContext, RunStarted, RunState, Status, Workspace
from finale.journal import MemoryJournal
from tests.finale.helpers import agrees, quiet
from tests.finale.test_pump import FaultyJournal, fail, stall


async def varied(request: Request, ctx: RunContext) -> str:
    """Does what its prompt says."""
    await trio.sleep(1)
    ctx.take_folded()
    match request.prompt:
        case "fail":
            raise ValueError("broken")
        case "early":
            ctx.complete("early")
            await trio.sleep(1)
        case "deaf":
            with trio.CancelScope(shield=True):
                await trio.sleep(8)
    await ctx.progress("done")
    return request.prompt


# Agreement ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("max_active", [None, 1, 2])
@pytest.mark.parametrize("journal", [False, True])
async def test_queries_agree_with_events(max_active: int | None, journal: bool, autojump_clock: MockClock) -> None:
    """I13: status, state, position, session(), runs() and the counts, whenever an event is seen, whatever is going on."""
    seen: Counter[str] = Counter()

    async def watch(workspace: Workspace) -> None:
        async for event in workspace.subscribe():
            assert not isinstance(event, Gap)
            seen[type(event).__name__] += 1
            agrees(workspace)
            run = workspace.run(event.run_id)
            assert run is not None
            view = workspace.session(event.session)
            match event:
                case RunAccepted():
                    assert run.state is not RunState.NEW
                case RunStarted():
                    assert run.state not in (RunState.WAITING, RunState.FOLDED)
                case RunComplete():
                    assert (run.complete, run.status, run.position) == (event, event.status, None)
                    assert run.run_id not in {other.run_id for other in (*workspace.runs(), *view.queue, view.active) if other}
                    assert max_active is not None or view.active is not None or not view.queue or view.busy

    async with (
        trio.open_nursery() as nursery,
        finale.open_workspace(
            varied, max_active=max_active, journal=MemoryJournal() if journal else None, grace_s=2
        ) as workspace,
    ):
        nursery.start_soon(watch, workspace)
        await wait_all_tasks_blocked()
        for prompt in ("p", "fail", "early", "p", "deaf", "p"):
            for session in "st":
                workspace.submit(prompt, session)
                agrees(workspace)
        workspace.submit("p", "u")
        workspace.submit("folded", "u", when_busy="fold")
        await trio.sleep(1.5)
        workspace.submit("now", "t", when_busy="interrupt")
        agrees(workspace)
        workspace.cancel("s")
        agrees(workspace)
        workspace.submit("deaf", "s")
        await trio.sleep(4.5)
        workspace.terminate("s")
        agrees(workspace)
    assert seen["RunComplete"] == seen["RunAccepted"] == workspace.statistics().accepted == 16


async def test_a_session_shows_what_it_does(autojump_clock: MockClock) -> None:
    """Active run, queue in order, busy; a handle shows its place."""
    async with finale.open_workspace(varied) as workspace:
        assert workspace.session("s") == finale.SessionView("s", None, (), busy=False)
        runs = [workspace.submit(str(number), "s", run_id=str(number)) for number in range(4)]
        view = workspace.session("s")
        assert view.active is not None
        assert (view.active.run_id, [run.run_id for run in view.queue], view.busy) == ("0", ["1", "2", "3"], True)
        assert [run.position for run in runs] == [None, 0, 1, 2]
        runs[2].cancel()
        assert [run.position for run in runs] == [None, 0, None, 1]
        assert [run.status for run in runs] == [None, None, Status.CANCELLED, None]
        assert [run.run_id for run in workspace.runs()] == ["0", "1", "3"]
        await trio.sleep(1.5)
        assert [run.position for run in runs] == [None, None, None, 0]
        assert workspace.run("0") is not None
        assert workspace.run("never") is None


async def test_a_status_is_known_before_it_is_published(autojump_clock: MockClock) -> None:
    """``status`` tells of the ledger, ``complete`` of what subscribers could see."""
    async with finale.open_workspace(varied, journal=FaultyJournal(partial(trio.sleep, 3))) as workspace:
        run = workspace.submit("p", "s")
        run.cancel()
        await wait_all_tasks_blocked()
        assert (run.status, run.complete) == (Status.CANCELLED, None)
        assert (await run.wait()).status is run.status


async def test_clearing_a_queue(autojump_clock: MockClock) -> None:
    """E10: what waits is cancelled, and named as such; the active run goes on."""
    async with finale.open_workspace(varied) as workspace:
        runs = [workspace.submit("p", "s") for _ in range(3)]
        assert [workspace.clear_queue("s", "test"), workspace.clear_queue("s"), workspace.clear_queue("never")] == [2, 0, 0]
        assert await runs[0].result() == "p"
    assert [run.complete.cancelled_by for run in runs if run.complete] == [None, "test", "test"]


async def test_terminating(autojump_clock: MockClock) -> None:
    """Settled at once, with the session taken until the task has gone; idempotent; whole sessions and single runs."""
    async with finale.open_workspace(varied) as workspace:
        active, waiting, other = (workspace.submit("deaf", session) for session in "sst")
        await trio.sleep(2)
        assert [workspace.terminate("s", "test"), workspace.terminate("s"), workspace.terminate("never")] == [2, 0, 0]
        endings = [await active.wait(), await waiting.wait()]
        assert [(e.status, e.cancelled_by, e.abandoned) for e in endings] == [
            (Status.CANCELLED, "test", True), (Status.CANCELLED, "test", False)
        ]  # fmt: skip
        assert (trio.current_time(), workspace.session("s").busy, workspace.session("s").active) == (2, True, None)
        assert [other.cancel("first"), other.terminate("second"), other.terminate()] == [True, True, False]
        assert (await other.wait()).cancelled_by == "first"
    assert trio.current_time() == 9


@pytest.mark.parametrize("whole_session", [True, False])
async def test_terminating_reaches_the_clean_up_after_an_early_ending(whole_session: bool, autojump_clock: MockClock) -> None:
    """As a cancel does; nothing is settled by it, so nothing is counted."""
    async with finale.open_workspace(varied) as workspace:
        early = workspace.submit("early", "s")
        await trio.sleep(1.5)
        assert early.status is Status.COMPLETED
        waiting = workspace.submit("p", "s")
        assert (workspace.terminate("s") if whole_session else early.terminate()) == whole_session
        assert (await waiting.wait()).status is (Status.CANCELLED if whole_session else Status.COMPLETED)
        await workspace.wait_idle()
        assert trio.current_time() == (1.5 if whole_session else 2.5)
        assert (await early.wait()).text == "early"


# Waiting for idleness -------------------------------------------------------------------------------------------------


async def test_waiting_for_a_session_or_for_all(autojump_clock: MockClock) -> None:
    """Each waits for what it named, clean-ups included; with nothing to wait for it is a checkpoint."""
    times: dict[str | None, float] = {}

    async def wait(workspace: Workspace, session: str | None) -> None:
        await workspace.wait_idle(session)
        assert not workspace._ledger.busy(session)
        times[session] = trio.current_time()

    async with finale.open_workspace(varied) as workspace, trio.open_nursery() as nursery:
        with assert_checkpoints():
            await workspace.wait_idle()
        with assert_checkpoints():
            await workspace.wait_idle("s")
        for session, prompts in {"s": ["p"], "t": ["p", "early"], "u": ["p", "p"]}.items():
            for prompt in prompts:
                workspace.submit(prompt, session)
        for name in ("s", "t", "u", "never", None):
            nursery.start_soon(wait, workspace, name)
    assert times == {"s": 1, "t": 3, "u": 2, "never": 0, None: 3}


async def test_cancelled_waiters_leave_nothing_behind(autojump_clock: MockClock) -> None:
    """Neither in a session that is never idle nor anywhere else; the others are still woken."""
    woken: list[int] = []

    async def wait(workspace: Workspace, number: int) -> None:
        await workspace.wait_idle("s")
        woken.append(number)

    async with finale.open_workspace(varied) as workspace:
        workspace.submit("p", "s")
        async with trio.open_nursery() as stay:
            async with trio.open_nursery() as leave:
                for number in range(50):
                    leave.start_soon(workspace.wait_idle, f"s{number % 3}" if number % 2 else "s")
                    leave.start_soon(workspace.wait_idle)
                await wait_all_tasks_blocked()
                leave.cancel_scope.cancel()
            assert workspace._idle == {}
            stay.start_soon(wait, workspace, 1)
            await wait_all_tasks_blocked()
            with trio.move_on_after(0.25):
                await workspace.wait_idle("s")
            stay.start_soon(wait, workspace, 2)
    assert sorted(woken) == [1, 2]
    assert workspace._idle == {}


async def test_idle_may_be_over_before_the_waiter_looks(autojump_clock: MockClock) -> None:
    """Woken, it looks again: who submits in the moment of idleness keeps it waiting."""
    runs = 0

    async def again(_request: Request, _ctx: RunContext) -> None:
        nonlocal runs
        runs += 1
        await trio.sleep(1)
        if runs < 3:
            trio.lowlevel.current_trio_token().run_sync_soon(workspace.submit, "p", "s")

    async with finale.open_workspace(again) as workspace:
        workspace.submit("p", "s")
        await trio.sleep(2.5)
        await workspace.wait_idle("s")
        assert (runs, trio.current_time()) == (3, 3)


# Acceptance -----------------------------------------------------------------------------------------------------------


async def test_an_acceptance_is_told_when_it_is_stored(autojump_clock: MockClock) -> None:
    """Any number of callers, before and after, and while the run goes on; it is always a checkpoint."""
    async with finale.open_workspace(varied, journal=FaultyJournal(partial(trio.sleep, 3))) as workspace:
        run = workspace.submit("p", "s")
        async with trio.open_nursery() as nursery:
            for _ in range(3):
                nursery.start_soon(run.accepted)
            with trio.move_on_after(1):
                await run.accepted()
        assert trio.current_time() == 3
        with assert_checkpoints():
            await run.accepted()
        await run.wait()
        await run.accepted()


async def test_without_a_journal_an_acceptance_is_as_durable_as_can_be() -> None:
    """It returns as soon as the event is out."""
    async with finale.open_workspace(varied, on_exit="cancel") as workspace:
        await workspace.submit("p", "s").accepted()


@pytest.mark.parametrize("fault", [fail, stall])
async def test_an_acceptance_that_is_not_stored_says_so(fault: Any, autojump_clock: MockClock) -> None:
    """E22: in bounded time; the run goes on, and has its ending. What was stored before the failure stays accepted."""
    journal = FaultyJournal(None, *[fault] * 4)
    async with finale.open_workspace(varied, journal=journal, logger=quiet()) as workspace:
        first = workspace.submit("p", "s")
        await first.accepted()
        second = workspace.submit("p", "t", run_id="second")
        with trio.fail_after(60), pytest.raises(finale.JournalError, match="run second is not durable"):
            await second.accepted()
        await first.accepted()
        assert (await first.wait()).status is (await second.wait()).status is Status.COMPLETED
        with pytest.raises(finale.JournalError):
            await second.accepted()


async def test_an_acceptance_in_a_closing_workspace(autojump_clock: MockClock) -> None:
    """It is told like all others, also after the workspace has gone."""
    async with finale.open_workspace(varied, journal=MemoryJournal()) as workspace:
        run = workspace.submit("p", "s")
        workspace.close()
        await run.accepted()
    await run.accepted()


# Metadata -------------------------------------------------------------------------------------------------------------


async def test_metadata_that_a_journal_cannot_keep_is_refused() -> None:
    """Before anything is recorded; without a journal it may be anything."""
    async with finale.open_workspace(varied, journal=MemoryJournal(), on_exit="cancel") as workspace:
        with pytest.raises(TypeError, match=r"metadata is .*object.*JSON-able"):
            workspace.submit("p", "s", metadata={"key": object()})
        assert workspace.statistics().accepted == 0
    async with finale.open_workspace(varied, on_exit="cancel") as workspace:
        assert workspace.submit("p", "s", metadata={"key": object()}).state is RunState.ACTIVE
