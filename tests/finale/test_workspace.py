"""The workspace as its callers meet it: opening, submitting, leaving in every way, and the numbers that always add up."""

import re
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

import finale
from finale import Attachment, Event, Gap, Request, RunAccepted, RunComplete, RunContext, RunHandle, RunState, Status, Workspace
from finale.journal import MemoryJournal
from finale.ledger import Outbox


async def steady(request: Request, ctx: RunContext) -> str:
    await ctx.progress("working")
    await trio.sleep(1)
    return request.prompt


def adds_up(workspace: Workspace) -> bool:
    counts = workspace.statistics()
    return counts.accepted == counts.completed + counts.failed + counts.cancelled + counts.in_flight


def statuses(runs: list[RunHandle]) -> list[Status | None]:
    return [run.complete.status if run.complete else None for run in runs]


async def exactly_one_each(journal: MemoryJournal, runs: list[RunHandle]) -> bool:
    """I1, read from the journal, and I14: an ending each, that of the handle, and nothing but notifications after it."""
    endings = [event for event in await journal.read() if isinstance(event, RunComplete)]
    return Counter(endings) == Counter([run.complete for run in runs])


# Submitting -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (("", "s"), finale.EmptyPrompt),
        (("p", ""), finale.SessionMissing),
        ((None, "s"), TypeError),
        (("p", None), TypeError),
        ((b"p", "s"), TypeError),
    ],
)
async def test_a_bad_request_raises_and_nothing_is_recorded(arguments: tuple[Any, Any], error: type[Exception]) -> None:
    """E1: no event, no count."""
    async with finale.open_workspace(steady) as workspace:
        reader = workspace.subscribe()
        with pytest.raises(error, match=re.escape(repr(arguments[0 if arguments[1] == "s" else 1]))):
            workspace.submit(*arguments)
    assert workspace.statistics().accepted == 0
    assert [event async for event in reader] == []


@pytest.mark.parametrize("options", [{"run_id": 7}, {"attachments": ["text"]}, {"metadata": 5}, {"attachments": None}])
async def test_options_of_another_type_raise(options: dict[str, Any]) -> None:
    """Before anything is recorded."""
    async with finale.open_workspace(steady) as workspace:
        with pytest.raises(TypeError):
            workspace.submit("p", "s", **options)
        assert workspace.statistics().accepted == 0


async def test_a_request_is_a_copy() -> None:
    """What the caller does to its list and dict afterwards does not reach the run."""
    attachments, metadata = [Attachment("a", "text")], {"key": 1}
    async with finale.open_workspace(steady) as workspace:
        run = workspace.submit("", "s", attachments=attachments, metadata=metadata)
        attachments.clear()
        metadata.clear()
        assert run.request == Request("", "s", run.run_id, (Attachment("a", "text"),), {"key": 1})
        run.cancel()


async def test_the_same_run_id_twice_is_one_run(autojump_clock: MockClock) -> None:
    """Equal requests share the run, before and after its end, and while the workspace closes; another request is rejected."""
    journal = MemoryJournal()
    async with finale.open_workspace(steady, journal=journal) as workspace:
        first = workspace.submit("p", "s", run_id="same")
        second = workspace.submit("p", "s", run_id="same")
        with pytest.raises(finale.DuplicateRun, match="'same'"):
            workspace.submit("q", "s", run_id="same")
        assert await first.wait() is await second.wait()
        workspace.close()
        assert await workspace.submit("p", "s", run_id="same").wait() is first.complete
    assert workspace.statistics().accepted == 1
    assert await exactly_one_each(journal, [first])


async def test_an_id_that_was_made_before_is_not_taken_for_a_repeated_request() -> None:
    """A maker of ids that begins anew when its journal is opened again would get the old run's answer for a new prompt."""
    journal = MemoryJournal()
    for _ in range(2):
        async with finale.open_workspace(steady, journal=journal, new_id=lambda: "r1", on_exit="cancel") as workspace:
            if workspace.run("r1") is None:
                workspace.submit("p", "s")
            else:
                with pytest.raises(finale.DuplicateRun, match="new_id made 'r1'"):
                    workspace.submit("p", "s")
                assert workspace.statistics().accepted == 1


async def test_ids_and_times_come_from_the_arguments() -> None:
    """The clock and the maker of ids are injected."""
    ids, times = iter(["first", "second"]), iter(range(100, 200))
    async with finale.open_workspace(steady, new_id=lambda: next(ids), clock=lambda: next(times)) as workspace:
        reader = workspace.subscribe()
        runs = [workspace.submit("p", "s") for _ in range(2)]
        workspace.close()
    assert [run.run_id for run in runs] == ["first", "second"]
    times_seen = [event.at async for event in reader if not isinstance(event, Gap)]
    assert times_seen == sorted(times_seen)
    assert times_seen[0] == 100


async def test_submitting_from_a_synchronous_callback(autojump_clock: MockClock) -> None:
    """``submit`` needs no task of its own: trio's entry queue will do."""
    async with finale.open_workspace(steady) as workspace:
        trio.lowlevel.current_trio_token().run_sync_soon(workspace.submit, "p", "s")
        await wait_all_tasks_blocked()
        assert workspace.statistics().active == 1
    assert workspace.statistics().completed == 1


@pytest.mark.parametrize("options", [
    {"on_exit": "stay"}, {"max_active": 0}, {"grace_s": -1}, {"grace_s": float("nan")}, {"retain": 0}, {"progress_limit": 0}
])  # fmt: skip
async def test_an_option_out_of_range_is_refused(options: dict[str, Any]) -> None:
    """The message shows name and value."""
    (name,) = options
    with pytest.raises(ValueError, match=f"{name} is"):
        async with finale.open_workspace(steady, **options):
            pytest.fail("opened")


@pytest.mark.parametrize("options", [
    {"max_active": 1}, {"queue_limit": 1}, {"retain": 1}, {"progress_limit": 1}, {"max_active": None}, {"queue_limit": None}
])  # fmt: skip
async def test_an_option_at_the_edge_of_its_range_is_taken(options: dict[str, Any]) -> None:
    """The least that is promised to work does."""
    async with finale.open_workspace(steady, **options):
        pass


# Order and capacity ---------------------------------------------------------------------------------------------------


async def test_sessions_run_side_by_side_and_each_in_order(autojump_clock: MockClock) -> None:
    """I6, I9: three sessions with three runs each of one second take three seconds."""
    async with finale.open_workspace(steady) as workspace:
        reader = workspace.subscribe()
        runs = [workspace.submit(str(number), session) for number in range(3) for session in "abc"]
    assert trio.current_time() == 3
    ended = [event.run_id async for event in reader if isinstance(event, RunComplete)]
    assert len(ended) == 9
    for session in "abc":
        mine = [run.run_id for run in runs if run.session == session]
        assert [run_id for run_id in ended if run_id in mine] == mine


async def test_capacity_limits_all_sessions_together(autojump_clock: MockClock) -> None:
    """``max_active``: never exceeded, never left unused."""
    active: list[str] = []

    async def work(request: Request, _ctx: RunContext) -> None:
        active.append(request.run_id)
        assert len(active) <= 3
        await trio.sleep(1)
        active.remove(request.run_id)

    async with finale.open_workspace(work, max_active=3) as workspace:
        for number in range(12):
            workspace.submit("p", f"s{number % 6}")
    assert workspace.statistics().completed == 12
    assert trio.current_time() == 4


async def test_a_terminal_event_does_not_wait_for_successors(autojump_clock: MockClock) -> None:
    """E3, I8, I13: it is out at the end of its own run, and then the session's next run is active."""
    async with finale.open_workspace(steady) as workspace:
        first, second = workspace.submit("a", "s"), workspace.submit("b", "s")
        await first.wait()
        assert (trio.current_time(), second.state) == (1, RunState.ACTIVE)


# Cancelling a session -------------------------------------------------------------------------------------------------


async def test_a_session_cancel_covers_exactly_what_was_accepted(autojump_clock: MockClock) -> None:
    """I4, I5, E10: active and waiting runs of this session, none accepted later, none of another; the count says how many."""
    async with finale.open_workspace(steady) as workspace:
        assert workspace.cancel("s") == 0
        covered = [workspace.submit("p", "s") for _ in range(3)]
        other = workspace.submit("p", "t")
        await wait_all_tasks_blocked()
        assert [workspace.cancel("s", "test"), workspace.cancel("s")] == [3, 0]
        later = workspace.submit("p", "s")
    assert statuses(covered) == [Status.CANCELLED] * 3
    assert {run.complete.cancelled_by for run in covered if run.complete} == {"test"}
    assert statuses([other, later]) == [Status.COMPLETED] * 2


# Leaving --------------------------------------------------------------------------------------------------------------


async def test_leaving_waits_for_runs(autojump_clock: MockClock) -> None:
    """By default, like a nursery, also for those that are submitted meanwhile by other runs."""
    runs: list[RunHandle] = []

    async def work(request: Request, _ctx: RunContext) -> str:
        await trio.sleep(1)
        if request.prompt != "end":
            runs.append(workspace.submit(request.prompt[1:] or "end", request.session))
        return request.prompt

    async with finale.open_workspace(work) as workspace:
        runs.append(workspace.submit("xxx", "s"))
    assert statuses(runs) == [Status.COMPLETED] * 4
    with pytest.raises(finale.WorkspaceClosing):
        workspace.submit("p", "s")


async def test_leaving_may_cancel_runs(autojump_clock: MockClock) -> None:
    """E16 with ``on_exit="cancel"``: not started, active and waiting ones."""
    async with finale.open_workspace(steady, on_exit="cancel") as workspace:
        runs = [workspace.submit("p", "s"), workspace.submit("p", "s")]
        await wait_all_tasks_blocked()
        runs.append(workspace.submit("p", "t"))
    assert statuses(runs) == [Status.CANCELLED] * 3
    assert {run.complete.cancelled_by for run in runs if run.complete} == {"the workspace closed"}
    assert trio.current_time() == 0


async def test_closing_stops_the_intake_in_the_same_step(autojump_clock: MockClock) -> None:
    """I10, E16: and ends every run, named by the closer; closing twice is closing once."""
    journal = MemoryJournal()
    async with finale.open_workspace(steady, journal=journal) as workspace:
        reader = workspace.subscribe()
        runs = [workspace.submit("p", f"s{number % 2}") for number in range(4)]
        workspace.close("test")
        workspace.close("again")
        with pytest.raises(finale.WorkspaceClosing, match="'late'"):
            workspace.submit("late", "s")
        await runs[0].wait()
    assert statuses(runs) == [Status.CANCELLED] * 4
    assert {run.complete.cancelled_by for run in runs if run.complete} == {"test"}
    assert await exactly_one_each(journal, runs)
    assert sum([isinstance(event, RunComplete) async for event in reader]) == 4


async def test_an_error_in_the_block_comes_out_as_itself(autojump_clock: MockClock) -> None:
    """The same object, without groups around it, with its cause and context; the runs are cancelled."""
    error = ValueError("mine")
    error.__cause__ = cause = KeyError("cause")
    runs: list[RunHandle] = []
    with pytest.raises(ValueError, match="mine") as caught:  # noqa: PT012  # the block is what is tested
        async with finale.open_workspace(steady) as workspace:
            runs.append(workspace.submit("p", "s"))
            runs.append(workspace.submit("p", "s"))
            await trio.sleep(0.5)
            raise error
    assert caught.value is error
    assert error.__cause__ is cause
    assert statuses(runs) == [Status.CANCELLED] * 2


@pytest.mark.parametrize("strict", [
    True, pytest.param(False, marks=pytest.mark.filterwarnings("ignore::trio.TrioDeprecationWarning"))
])  # fmt: skip
@pytest.mark.parametrize("parts", [
    [ValueError("a")], [ValueError("a"), KeyError("b")], [ExceptionGroup("inner", [ValueError("a")])]
])  # fmt: skip
def test_a_group_of_the_user_stays_a_group(parts: list[Exception], strict: bool) -> None:
    """However trio was started: of one error, of two, nested."""

    async def main() -> None:
        async with finale.open_workspace(steady):
            raise ExceptionGroup("mine", parts)

    with pytest.raises(ExceptionGroup) as caught:
        trio.run(main, strict_exception_groups=strict)
    assert repr(caught.value) == repr(ExceptionGroup("mine", parts))  # trio may have copied it


@pytest.mark.parametrize("error", [StopIteration("x"), StopAsyncIteration("x"), KeyboardInterrupt(), SystemExit(3)])
async def test_special_exceptions_leave_the_block_as_themselves(error: BaseException) -> None:
    """Those that generators treat in their own way, and those that stop the program."""
    with pytest.raises(type(error)) as caught:  # noqa: PT012  # the block is what is tested
        async with finale.open_workspace(steady) as workspace:
            run = workspace.submit("p", "s")
            raise error
    assert caught.value is error
    assert statuses([run]) == [Status.CANCELLED]


@pytest.mark.parametrize("steps", range(40))
async def test_outer_cancellation_at_any_step(steps: int, autojump_clock: MockClock) -> None:
    """E17: each accepted run has its one ending, in the journal and before the eyes of subscribers; nothing is left behind."""
    journal = MemoryJournal()
    runs: list[RunHandle] = []

    async def chatty(request: Request, ctx: RunContext) -> str:
        try:
            for number in range(5):
                await ctx.progress(number)
            if request.prompt == "early":
                ctx.complete("early")
                await ctx.progress("late")
        finally:
            with trio.CancelScope(shield=True):
                await trio.lowlevel.checkpoint()
        return request.prompt

    with trio.CancelScope() as outer:
        async with finale.open_workspace(chatty, journal=journal, max_active=2) as workspace:
            reader = workspace.subscribe()
            async with trio.open_nursery() as nursery:
                for number in range(6):
                    runs.append(workspace.submit("early" if number % 2 else "late", f"s{number % 3}"))
                    nursery.start_soon(runs[-1].wait)
                for _ in range(steps):
                    await trio.lowlevel.checkpoint()
                outer.cancel()
    assert await exactly_one_each(journal, runs)
    endings = {event async for event in reader if isinstance(event, RunComplete)}
    assert endings == {run.complete for run in runs}
    counts = workspace.statistics()
    assert (counts.in_flight, counts.active, counts.accepted) == (0, 0, 6)
    assert adds_up(workspace)
    causes = {ending.cancelled_by for ending in endings}
    assert causes <= {None, "the workspace was cancelled"}


async def test_a_deadline_that_was_over_before_opening() -> None:
    """The block is entered like any other; what is submitted there gets its event."""
    with trio.move_on_after(0):
        async with finale.open_workspace(steady) as workspace:
            run = workspace.submit("p", "s")
            await trio.sleep(1)
    assert statuses([run]) == [Status.CANCELLED]


# Re-entrance ----------------------------------------------------------------------------------------------------------


async def _reenter(act: Callable[[Workspace, Request, RunContext], Any], *, grace_s: float = 5.0) -> tuple[RunHandle, Workspace]:
    async def work(request: Request, ctx: RunContext) -> str:
        if request.prompt == "act":
            result = act(workspace, request, ctx)
            if hasattr(result, "__await__"):
                await result
            await trio.sleep(1)
        return request.prompt

    async with finale.open_workspace(work, grace_s=grace_s) as workspace:
        run = workspace.submit("act", "s")
        await run.wait()
    assert adds_up(workspace)
    return run, workspace


async def test_a_coordinator_may_submit(autojump_clock: MockClock) -> None:
    """To its own session, where it waits, and to another, where it starts at once."""
    states = []

    def act(workspace: Workspace, _request: Request, _ctx: RunContext) -> None:
        states.extend(workspace.submit("p", session).state for session in "st")

    run, workspace = await _reenter(act)
    assert states == [RunState.WAITING, RunState.ACTIVE]
    assert statuses([run]) == [Status.COMPLETED]
    assert workspace.statistics().completed == 3


async def test_a_coordinator_may_cancel_itself(autojump_clock: MockClock) -> None:
    """Its next checkpoint raises; the run is cancelled."""
    run, _ = await _reenter(lambda workspace, request, _ctx: workspace.cancel(request.session, "itself"))
    assert run.complete is not None
    assert (run.complete.status, run.complete.cancelled_by) == (Status.CANCELLED, "itself")


async def test_a_coordinator_may_close_its_workspace(autojump_clock: MockClock) -> None:
    """It is cancelled with the others, and nobody hangs."""
    run, _ = await _reenter(lambda workspace, _request, _ctx: workspace.close("from inside"))
    assert run.complete is not None
    assert (run.complete.status, run.complete.cancelled_by) == (Status.CANCELLED, "from inside")


async def test_a_coordinator_may_wait_for_itself_with_a_time_out(autojump_clock: MockClock) -> None:
    """In vain, but harmlessly."""
    waited = []

    async def act(workspace: Workspace, request: Request, _ctx: RunContext) -> None:
        myself = workspace.submit(request.prompt, request.session, run_id=request.run_id)
        with trio.move_on_after(3) as scope:
            await myself.wait()
        waited.append(scope.cancelled_caught)

    run, workspace = await _reenter(act)
    assert (waited, statuses([run]), workspace.statistics().accepted) == ([True], [Status.COMPLETED], 1)


async def test_a_coordinator_may_open_a_workspace_of_its_own(autojump_clock: MockClock) -> None:
    """A cancel of the outer run covers what runs inside it, and both get their events."""
    inner: list[RunHandle] = []

    async def act(_workspace: Workspace, _request: Request, _ctx: RunContext) -> None:
        async with finale.open_workspace(steady) as nested:
            inner.append(nested.submit("p", "s"))
            _workspace.cancel("s")

    run, _ = await _reenter(act)
    assert statuses([run, *inner]) == [Status.CANCELLED] * 2


# Subscribers and numbers ----------------------------------------------------------------------------------------------


async def test_a_session_subscriber_in_the_middle_of_a_run(autojump_clock: MockClock) -> None:
    """It gets what is still to come, with no Gap for what was before its time."""
    async with finale.open_workspace(steady) as workspace:
        run = workspace.submit("p", "s")
        await trio.sleep(0.5)
        reader = workspace.subscribe(session="s")
    assert [event async for event in reader] == [run.complete]


async def test_a_subscriber_that_raises_or_leaves_affects_nobody(autojump_clock: MockClock) -> None:
    """E21: the run, its waiters and other subscribers go on."""

    async def break_down(workspace: Workspace) -> None:
        with pytest.raises(ZeroDivisionError):  # noqa: PT012  # what it does is the point
            async for _ in workspace.subscribe():
                raise ZeroDivisionError

    async with finale.open_workspace(steady) as workspace, trio.open_nursery() as nursery:
        steady_reader = workspace.subscribe()
        nursery.start_soon(break_down, workspace)
        await wait_all_tasks_blocked()
        assert await workspace.submit("p", "s").result() == "p"
    assert len([event async for event in steady_reader]) == 4


async def test_a_thousand_runs_beside_a_stuck_subscriber() -> None:
    """E21, E26: the log stays bounded, all runs end, a lively reader misses nothing, the stuck one is told what it missed."""

    async def work(request: Request, ctx: RunContext) -> str:
        for number in range(3):
            await ctx.progress(number)
        return request.prompt

    lively: list[Event | Gap] = []

    async def read(workspace: Workspace) -> None:
        async for event in workspace.subscribe():
            lively.append(event)  # noqa: PERF401  # others look at it while it grows

    async with (
        trio.open_nursery() as nursery,
        finale.open_workspace(work, retain=600, progress_limit=300, max_active=20) as workspace,
    ):
        nursery.start_soon(read, workspace)
        await wait_all_tasks_blocked()
        stuck, narrow = workspace.subscribe(), workspace.subscribe(session="s1")
        runs = [workspace.submit("p", f"s{number % 50}") for number in range(1000)]
        assert adds_up(workspace)
        for run in runs[::100]:
            await run.wait()
            assert adds_up(workspace)
    assert statuses(runs) == [Status.COMPLETED] * 1000
    assert workspace.statistics().delivery.log <= 900 + 450
    assert not any(isinstance(item, Gap) and item.endings for item in lively)
    assert sum(isinstance(item, RunComplete) for item in lively) == 1000
    for reader, total, endings in ((stuck, 6000, 1000), (narrow, 120, 20)):
        items = [item async for item in reader]
        gaps = [item for item in items if isinstance(item, Gap)]
        assert sum(gap.dropped for gap in gaps) + len(items) - len(gaps) == total
        assert sum(gap.endings for gap in gaps) + sum(isinstance(item, RunComplete) for item in items) == endings


async def test_a_thousand_runs_beside_subscribers_that_leave_or_break_down() -> None:
    """E21: one never reads, one leaves in the middle, one raises. All runs end, others are told all endings, drops are exact."""

    async def work(request: Request, ctx: RunContext) -> str:
        await ctx.progress("half-way")
        return request.prompt

    endings: dict[str, list[RunComplete]] = {"first": [], "last": []}
    broke_down: list[str] = []

    async def read(name: str, workspace: Workspace) -> None:
        async for event in workspace.subscribe():
            if isinstance(event, RunComplete):
                endings[name].append(event)

    async def leave(workspace: Workspace) -> None:
        reader = workspace.subscribe()
        for _ in range(700):
            await anext(reader)

    async def break_down(workspace: Workspace) -> None:
        with suppress(ZeroDivisionError):
            async for event in workspace.subscribe():
                broke_down.append(event.run_id if isinstance(event, Event) else "")
                1 / (900 - len(broke_down))

    async with trio.open_nursery() as nursery, finale.open_workspace(work, retain=9000, max_active=10) as workspace:
        nursery.start_soon(read, "first", workspace)
        nursery.start_soon(leave, workspace)
        nursery.start_soon(break_down, workspace)
        nursery.start_soon(read, "last", workspace)
        await wait_all_tasks_blocked()
        never_reads, small = workspace.subscribe(), workspace.subscribe(session="s7")
        runs = [workspace.submit("p", f"s{number % 100}") for number in range(1000)]
    assert statuses(runs) == [Status.COMPLETED] * 1000
    assert len(broke_down) == 900
    told = {run.run_id: run.complete for run in runs}
    for seen in endings.values():
        assert len(seen) == 1000
        assert {ending.run_id: ending for ending in seen} == told
    for reader, total in ((never_reads, 4000), (small, 40)):
        items = [item async for item in reader]
        dropped = [item.dropped for item in items if isinstance(item, Gap)]
        assert sum(dropped) + len(items) - len(dropped) == total


async def test_what_was_carried_out_is_forgotten(autojump_clock: MockClock) -> None:
    """Nothing is published, started or stopped twice, and no run that was stopped stays in memory for it."""
    async with finale.open_workspace(steady) as workspace:
        for session in "abc":
            workspace.submit("p", session)
            workspace.cancel(session)
        assert workspace._ledger.outbox == Outbox()
        await workspace.wait_idle()
        assert workspace._executor._tasks == {}


async def test_statistics_tell_what_happened(autojump_clock: MockClock) -> None:
    """Each ending is counted once, under its status."""

    async def work(request: Request, ctx: RunContext) -> str:
        if request.prompt == "fail":
            raise ValueError
        return await steady(request, ctx)

    async with finale.open_workspace(work, max_active=2) as workspace:
        prompts = ["p", "fail", "p", "cancel", "p"]
        runs = [workspace.submit(prompt, f"s{number}") for number, prompt in enumerate(prompts)]
        counts = workspace.statistics()
        assert (counts.accepted, counts.in_flight, counts.active) == (5, 5, 2)
        runs[3].cancel()
        assert adds_up(workspace)
    counts = workspace.statistics()
    assert (counts.completed, counts.failed, counts.cancelled, counts.in_flight, counts.active) == (3, 1, 1, 0, 0)


async def test_agreement_when_an_event_is_seen(autojump_clock: MockClock) -> None:
    """I13: at the terminal event the handle has it, and the session's next run is active."""
    async with trio.open_nursery() as nursery, finale.open_workspace(steady) as workspace:
        runs = {run.run_id: run for run in (workspace.submit(prompt, "s") for prompt in "abc")}
        order = list(runs)

        async def watch() -> None:
            async for event in workspace.subscribe():
                if isinstance(event, RunComplete):
                    assert runs[event.run_id].complete is event
                    following = order[order.index(event.run_id) + 1 :]
                    assert [runs[name].state for name in following[:1]] in ([], [RunState.ACTIVE])
                assert not isinstance(event, RunAccepted) or event.request is runs[event.run_id].request

        nursery.start_soon(watch)
