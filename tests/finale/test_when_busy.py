"""What becomes of a prompt whose session is busy, with real tasks: folded, interrupting, rejected, limited."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

import finale
from finale import Request, RunComplete, RunContext, RunHandle, RunState, Status, Workspace
from finale.journal import MemoryJournal


class Host:
    """Takes in what is folded after one second, then does what it was told; guests with a turn of their own just return."""

    def __init__(self, then: Callable[[RunContext], Any]) -> None:
        self.then = then
        self.taken: list[str] = []

    async def run(self, request: Request, ctx: RunContext) -> str:
        if request.prompt != "host":
            return f"own turn: {request.prompt}"
        await trio.sleep(1)
        self.taken += [folded.prompt for folded in ctx.take_folded()]
        result = self.then(ctx)
        if hasattr(result, "__await__"):
            result = await result
        return f"host with {', '.join(self.taken)}" if result is None else result


async def play(
    then: Callable[[RunContext], Any], act: Callable[[Workspace, RunHandle, RunHandle], object] | None = None
) -> list[RunComplete]:
    """The endings of a host and its guest; ``act`` happens half a second after the guest was taken along."""
    async with finale.open_workspace(Host(then), grace_s=5) as workspace:
        host = workspace.submit("host", "s", run_id="host")
        guest = workspace.submit("guest", "s", run_id="guest", when_busy="fold")
        await trio.sleep(1.5)
        if act is not None:
            act(workspace, host, guest)
        endings = [await host.wait(), await guest.wait()]
    counts = workspace.statistics()
    assert (counts.accepted, counts.in_flight, counts.active) == (2, 0, 0)
    return endings


def told(ending: RunComplete) -> tuple[Status, str | None, str | None, bool, str | None]:
    return ending.status, ending.text, ending.cancelled_by, ending.abandoned, ending.folded_into


def fail(_ctx: RunContext) -> None:
    raise ValueError("broken")


async def forever(_ctx: RunContext) -> None:
    await trio.sleep_forever()


async def slowly(_ctx: RunContext) -> None:
    await trio.sleep(3)


async def deaf(_ctx: RunContext) -> str:
    with trio.CancelScope(shield=True):
        await trio.sleep(20)
    return "late"


# Folding --------------------------------------------------------------------------------------------------------------


async def test_a_folded_prompt_gets_the_answer_of_its_host(autojump_clock: MockClock) -> None:
    """E24, and nothing but acceptance and ending happens to it."""
    async with finale.open_workspace(Host(lambda _ctx: None)) as workspace:
        workspace.submit("host", "s", run_id="host")
        guest = workspace.submit("guest", "s", when_busy="fold")
        assert (guest.state, guest.position) == (RunState.WAITING, 0)
        events = [type(event).__name__ async for event in guest.events()]
        ending = await guest.wait()
    assert events == ["RunAccepted", "RunComplete"]
    assert told(ending) == (Status.COMPLETED, "host with guest", None, False, "host")


async def test_a_host_that_fails_fails_its_guest(autojump_clock: MockClock) -> None:
    """With the same error."""
    host, guest = await play(fail)
    assert (host.status, guest.status, guest.folded_into) == (Status.FAILED, Status.FAILED, "host")
    assert guest.error == host.error


async def test_a_host_that_completes_early_completes_its_guest(autojump_clock: MockClock) -> None:
    """At that moment; a failing clean-up is the host's business."""

    async def early(ctx: RunContext) -> None:
        ctx.complete("early")
        await trio.sleep(1)
        raise ValueError("clean-up")

    _, guest = await play(early)
    assert told(guest) == (Status.COMPLETED, "early", None, False, "host")


@pytest.mark.parametrize("whole", [True, False])
async def test_a_cancelled_host_takes_its_guest_along(whole: bool, autojump_clock: MockClock) -> None:
    """Whether the session was cancelled or the host alone."""
    counts: list[int] = []

    def act(workspace: Workspace, host: RunHandle, guest: RunHandle) -> None:
        assert guest.state is RunState.FOLDED
        counts.append(workspace.cancel("s", "test") if whole else host.cancel("test"))
        assert not guest.cancel("again")

    host, guest = await play(forever, act)
    assert told(host) == (Status.CANCELLED, None, "test", False, None)
    assert told(guest) == (Status.CANCELLED, None, "test", False, "host")
    assert counts == [2 if whole else True]


async def test_an_abandoned_host_abandons_its_guest(autojump_clock: MockClock) -> None:
    """E15 with E24: within the grace, though the task goes on."""
    host, guest = await play(deaf, lambda workspace, _host, _guest: workspace.cancel("s", "test"))
    assert told(guest) == (Status.CANCELLED, None, "test", True, "host")
    assert guest.at == host.at
    assert trio.current_time() == 21


async def test_terminating_a_host_settles_both_at_once(autojump_clock: MockClock) -> None:
    """And the count says so."""
    counts: list[int] = []
    endings = await play(deaf, lambda workspace, _host, _guest: counts.append(workspace.terminate("s", "test")))
    assert [ending.abandoned for ending in endings] == [True, True]
    assert counts == [2]


async def test_a_guest_cancelled_alone_leaves_its_host_alone(autojump_clock: MockClock) -> None:
    """It is settled at once; the host goes on."""
    host, guest = await play(slowly, lambda _workspace, _host, guest: guest.cancel("test"))
    assert told(guest) == (Status.CANCELLED, None, "test", False, "host")
    assert host.text == "host with guest"


async def test_a_host_beyond_its_deadline_fails_its_guest(autojump_clock: MockClock) -> None:
    """Both took too long."""
    async with finale.open_workspace(Host(forever), deadline_s=4) as workspace:
        workspace.submit("host", "s")
        ending = await workspace.submit("guest", "s", when_busy="fold").wait()
    assert ending.error is not None
    assert (ending.status, ending.error.type) == (Status.FAILED, "finale.errors.RunTimedOut")


async def test_closing_and_outer_cancellation_reach_guests(autojump_clock: MockClock) -> None:
    """E16, E17 with E24."""
    endings = await play(forever, lambda workspace, _host, _guest: workspace.close("closing"))
    assert {ending.cancelled_by for ending in endings} == {"closing"}
    with trio.move_on_after(2):
        async with finale.open_workspace(Host(forever)) as workspace:
            runs = [workspace.submit("host", "s"), workspace.submit("guest", "s", when_busy="fold")]
    assert {run.complete.cancelled_by for run in runs if run.complete} == {"the workspace was cancelled"}


async def test_what_comes_too_late_to_be_taken_gets_a_turn_of_its_own(autojump_clock: MockClock) -> None:
    """Nothing is stranded, and nothing is lost."""
    async with finale.open_workspace(Host(slowly)) as workspace:
        workspace.submit("host", "s")
        await trio.sleep(2)
        late = workspace.submit("late", "s", when_busy="fold")
        idle = workspace.submit("idle", "t", when_busy="fold")
        assert [await late.result(), await idle.result()] == ["own turn: late", "own turn: idle"]
        assert late.complete is not None
        assert late.complete.folded_into is None


async def test_a_host_that_is_being_cancelled_takes_nothing_along(autojump_clock: MockClock) -> None:
    """I4: what was submitted after the cancel is not touched by it."""
    contexts: list[RunContext] = []

    async def work(request: Request, ctx: RunContext) -> str:
        if request.prompt == "host":
            contexts.append(ctx)
            try:
                await trio.sleep_forever()
            finally:
                with trio.CancelScope(shield=True):
                    await trio.sleep(2)
                assert ctx.take_folded() == []
        return request.prompt

    async with finale.open_workspace(work) as workspace:
        host = workspace.submit("host", "s")
        await trio.sleep(1)
        workspace.cancel("s")
        later = workspace.submit("later", "s", when_busy="fold")
        assert await later.result() == "later"
        assert (await host.wait()).status is Status.CANCELLED
        assert contexts[0].take_folded() == []


# Interrupting ---------------------------------------------------------------------------------------------------------


async def steady(request: Request, _ctx: RunContext) -> str:
    await trio.sleep(1)
    return request.prompt


async def test_an_interruption_takes_the_turn(autojump_clock: MockClock) -> None:
    """E25: at once, before all that waited, and other sessions are not touched."""
    async with finale.open_workspace(steady, queue_limit=2) as workspace:
        before = [workspace.submit("p", "s") for _ in range(3)]
        bystander = workspace.submit("p", "t")
        await trio.sleep(0.5)
        instead = workspace.submit("now", "s", run_id="now", when_busy="interrupt")
        behind = workspace.submit("later", "s")
        assert [await instead.result(), trio.current_time()] == ["now", 1.5]
        assert [await behind.result(), await bystander.result()] == ["later", "p"]
    assert {(run.complete.cancelled_by, run.complete.superseded_by) for run in before if run.complete} == {("run now", "now")}


async def test_interruptions_in_a_row_leave_the_last(autojump_clock: MockClock) -> None:
    """In one step; each names the one that took its place."""
    async with finale.open_workspace(steady) as workspace:
        runs = [workspace.submit("p", "s", run_id=str(number), when_busy="interrupt") for number in range(5)]
        assert await runs[-1].result() == "p"
    assert [run.complete and run.complete.superseded_by for run in runs] == ["1", "2", "3", "4", None]


async def test_an_interruption_of_a_deaf_run_waits_for_its_task(autojump_clock: MockClock) -> None:
    """I6: the old run is settled after its grace, the new one starts when the session is free."""

    async def work(request: Request, _ctx: RunContext) -> str:
        with trio.CancelScope(shield=request.prompt == "deaf"):
            await trio.sleep(10)
        return request.prompt

    async with finale.open_workspace(work, grace_s=2) as workspace:
        old = workspace.submit("deaf", "s")
        await wait_all_tasks_blocked()
        new = workspace.submit("new", "s", run_id="new", when_busy="interrupt")
        ending = await old.wait()
        assert (ending.abandoned, ending.superseded_by, trio.current_time(), new.state) == (True, "new", 2, RunState.WAITING)
        assert (await new.result(), trio.current_time()) == ("new", 20)


# Rejecting ------------------------------------------------------------------------------------------------------------


async def test_a_session_that_cleans_up_is_busy(autojump_clock: MockClock) -> None:
    """After an early ending, until the task has ended; ``wait_idle`` waits for the same."""

    async def work(_request: Request, ctx: RunContext) -> None:
        ctx.complete("early")
        await trio.sleep(3)

    async with finale.open_workspace(work) as workspace:
        await workspace.submit("p", "s").wait()
        with pytest.raises(finale.SessionBusy, match="'s'"):
            workspace.submit("q", "s", when_busy="reject")
        await workspace.wait_idle("s")
        assert trio.current_time() == 3
        assert await workspace.submit("q", "s", when_busy="reject").result() == "early"
    assert workspace.statistics().accepted == 2


async def test_a_limited_queue(autojump_clock: MockClock) -> None:
    """The active run does not count; a place is free again as soon as one waits less."""
    async with finale.open_workspace(steady, queue_limit=2) as workspace:
        runs = [workspace.submit("p", "s") for _ in range(3)]
        with pytest.raises(finale.QueueFull, match="2 runs wait in session 's'"):
            workspace.submit("q", "s")
        runs[1].cancel()
        workspace.submit("q", "s")
        with pytest.raises(finale.QueueFull):
            workspace.submit("q", "s", when_busy="fold")
        await trio.sleep(1.5)
        workspace.submit("q", "s")
    assert workspace.statistics().accepted == 5


REASONS: dict[type[finale.Rejected], dict[str, Any]] = {
    finale.DuplicateRun: {"run_id": "first"},
    finale.WorkspaceClosing: {},
    finale.JournalUnavailable: {},
    finale.SessionMissing: {"session": " "},
    finale.EmptyPrompt: {"prompt": ""},
    finale.SessionBusy: {"when_busy": "reject"},
    finale.QueueFull: {},
}


class FullDisk(MemoryJournal):
    async def append(self, events: Sequence[finale.Event]) -> None:
        raise OSError("disk full")


@pytest.mark.parametrize("error", REASONS, ids=lambda error: error.__name__)
async def test_of_several_reasons_the_first_is_given(error: type[finale.Rejected], autojump_clock: MockClock) -> None:
    """When all that come behind it in the list of ``submit`` hold as well, it is this one."""
    holding = list(REASONS)[list(REASONS).index(error) :]
    asked: dict[str, Any] = {"prompt": "another", "session": "s"}
    for reason in holding:
        asked |= REASONS[reason]
    journal = FullDisk() if finale.JournalUnavailable in holding else None
    async with finale.open_workspace(sleeper, journal=journal, queue_limit=1, on_exit="cancel") as workspace:
        workspace.submit("one", "s", run_id="first")
        workspace.submit("two", "s")
        await trio.sleep(60)
        if finale.WorkspaceClosing in holding:
            workspace.close()
        with pytest.raises(finale.Rejected) as raised:
            workspace.submit(**asked)
    assert type(raised.value) is error


async def sleeper(request: Request, ctx: RunContext) -> None:
    await trio.sleep_forever()
