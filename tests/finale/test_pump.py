"""From the ledger's order into the journal, then before subscribers' eyes."""

import logging
import signal
import types
from collections.abc import Awaitable, Callable, Generator, Sequence
from functools import partial

import pytest
import trio

import finale
from finale import Event, Progress, Request, RunAccepted, RunComplete, RunContext, RunState, Status
from finale.broker import Broker
from finale.journal import MemoryJournal
from finale.ledger import Ledger
from finale.pump import Pump
from tests.finale.helpers import quiet, stray_cancellation

Action = Callable[[], Awaitable[None]]


class FaultyJournal(MemoryJournal):
    """Claims to be durable, and does ``faults[n]`` instead of the n-th append (the last of them for ever, if ``forever``)."""

    durable = True

    def __init__(self, *faults: Action | None, forever: bool = False) -> None:
        super().__init__()
        self.faults = list(faults)
        self.forever = forever
        self.calls = 0
        self.closed = 0
        self.close_fault: Action | None = None

    async def append(self, events: Sequence[Event]) -> None:
        assert not self.closed
        number, self.calls = self.calls, self.calls + 1
        if self.forever:
            number = min(number, len(self.faults) - 1)
        if number < len(self.faults) and (fault := self.faults[number]) is not None:
            await fault()
        await super().append(events)

    async def aclose(self) -> None:
        self.closed += 1
        if self.close_fault is not None:
            await self.close_fault()


async def fail() -> None:
    await trio.lowlevel.checkpoint()
    raise OSError("disk full")


async def stall() -> None:
    await trio.sleep_forever()


async def raise_a_stray_cancellation() -> None:
    raise await stray_cancellation()


async def fail_in_a_nursery() -> None:
    async with trio.open_nursery() as nursery:
        nursery.start_soon(fail)
        nursery.start_soon(stall)


async def talk(request: Request, ctx: RunContext) -> str:
    await ctx.progress("one")
    await trio.sleep(1)
    return request.prompt


async def test_the_journal_has_all_but_progress_in_order() -> None:
    """I14: acceptance, start and ending of each run, as subscribers saw them; closed once, after the last append."""
    journal = FaultyJournal()
    async with finale.open_workspace(_quick, journal=journal) as workspace:
        reader = workspace.subscribe()
        for number in range(5):
            workspace.submit("p", f"s{number % 2}")
    seen = [event async for event in reader]
    assert await journal.read() == [event for event in seen if not isinstance(event, Progress)]
    assert len(await journal.read()) == 15
    assert journal.closed == 1


async def _quick(request: Request, ctx: RunContext) -> None:
    await ctx.progress("x")


async def test_nothing_is_visible_before_it_is_stored(autojump_clock: trio.testing.MockClock) -> None:
    """A subscriber sees an event when the journal has it; the run itself goes on meanwhile."""
    journal = FaultyJournal(partial(trio.sleep, 5))
    async with finale.open_workspace(talk, journal=journal) as workspace:
        run = workspace.submit("p", "s")
        await trio.sleep(2)
        assert (run.state, run.complete, await journal.read()) == (RunState.SETTLED, None, [])
        async for event in run.events():
            assert trio.current_time() >= 5
            assert isinstance(event, Progress) or event in await journal.read()
        assert (await run.wait()).durable


@pytest.mark.parametrize("fault", [fail, raise_a_stray_cancellation, fail_in_a_nursery, stall])
async def test_a_fault_that_passes_is_not_noticed(fault: Action, autojump_clock: trio.testing.MockClock) -> None:
    """E22, once: the append is tried again, the ending is durable, and requests are accepted."""
    journal = FaultyJournal(fault, None, fault)
    async with finale.open_workspace(talk, journal=journal, logger=quiet()) as workspace:
        for _ in range(2):
            assert (await workspace.submit("p", "s").wait()).durable
    assert len(await journal.read()) == 6


@pytest.mark.parametrize("fault", [fail, raise_a_stray_cancellation, fail_in_a_nursery, stall])
async def test_a_fault_that_stays_hangs_nobody(fault: Action, autojump_clock: trio.testing.MockClock) -> None:
    """E22, always: endings are published as not durable, in bounded time, and then requests are rejected."""
    journal = FaultyJournal(fault, forever=True)
    with trio.fail_after(60):
        async with finale.open_workspace(talk, journal=journal, logger=quiet()) as workspace:
            runs = [workspace.submit("p", "s") for _ in range(3)]
            for run in runs:
                ending = await run.wait()
                assert (ending.status, ending.durable) == (Status.COMPLETED, False)
                with pytest.raises(finale.JournalUnavailable, match="'q'"):
                    workspace.submit("q", "s")
            assert workspace.submit("p", "s", run_id=runs[0].run_id).complete is runs[0].complete
            assert workspace.statistics().accepted == 3
    assert await journal.read() == []
    assert journal.closed == 1


async def test_a_journal_that_stalls_gets_forty_seconds(autojump_clock: trio.testing.MockClock) -> None:
    """E22: four attempts of ten seconds with short pauses; so long does an ending wait for its durability, and no longer."""
    async with finale.open_workspace(_quick, journal=FaultyJournal(stall, forever=True), logger=quiet()) as workspace:
        assert not (await workspace.submit("p", "s").wait()).durable
        assert 40 < trio.current_time() < 41


async def test_everything_of_a_batch_that_was_lost_is_lost(autojump_clock: trio.testing.MockClock) -> None:
    """Its first acceptance is as little durable as its last."""
    async with finale.open_workspace(_quick, journal=FaultyJournal(fail, forever=True), logger=quiet()) as workspace:
        for run in [workspace.submit("p", session) for session in "stu"]:
            with pytest.raises(finale.JournalError, match="is not durable"):
                await run.accepted()


async def test_a_coroutine_that_is_thrown_away_asks_the_journal_for_nothing() -> None:
    """What is left of a trio that crashed is closed where it stands, and must not go on."""

    @types.coroutine
    def nothing_comes() -> Generator[None, None, None]:
        yield

    journal = FaultyJournal(nothing_comes, forever=True)
    left = Pump(Ledger(), Broker(), journal, quiet(), 1)._append(journal, [])
    left.send(None)
    left.close()
    assert journal.calls == 1


async def test_what_was_stored_before_the_failure_stays_durable(autojump_clock: trio.testing.MockClock) -> None:
    """Durability is said of each ending for itself."""
    journal = FaultyJournal(None, None, *[fail] * 4)
    async with finale.open_workspace(talk, journal=journal, logger=quiet()) as workspace:
        first = await workspace.submit("p", "s").wait()
        second = await workspace.submit("p", "s").wait()
    stored = [event for event in await journal.read() if isinstance(event, RunComplete)]
    assert (first.durable, second.durable) == (True, False)
    assert stored == [first]


async def test_without_a_durable_journal_nothing_is_durable() -> None:
    """Neither with none, nor with one in memory."""
    for journal in (None, MemoryJournal()):
        async with finale.open_workspace(_quick, journal=journal) as workspace:
            assert not (await workspace.submit("p", "s").wait()).durable


async def test_a_failure_is_logged(caplog: pytest.LogCaptureFixture, autojump_clock: trio.testing.MockClock) -> None:
    """One warning for each attempt, with the error, and one line when the journal is given up."""
    with caplog.at_level(logging.WARNING, logger="finale"):
        async with finale.open_workspace(_quick, journal=FaultyJournal(fail, forever=True)) as workspace:
            await workspace.submit("p", "s").wait()
    levels = [record.levelname for record in caplog.records]
    assert levels == ["WARNING"] * 4 + ["ERROR"]
    assert [f"attempt {number} of 4: OSError('disk full')" in caplog.messages[number - 1] for number in range(1, 5)] == [True] * 4


@pytest.mark.parametrize("journal", [None, FaultyJournal()])
async def test_what_goes_well_is_not_logged(journal: FaultyJournal | None, caplog: pytest.LogCaptureFixture) -> None:
    """With a journal, and with none that could fail."""
    async with finale.open_workspace(_quick, journal=journal) as workspace:
        await workspace.submit("p", "s").wait()
    assert not caplog.messages


async def test_a_journal_that_does_not_close_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    """Its last words may be missing on the disk."""
    journal = FaultyJournal()
    journal.close_fault = fail
    async with finale.open_workspace(_quick, journal=journal):
        pass
    assert caplog.messages == ["closing the journal failed: OSError('disk full')"]


async def test_a_logger_that_fails_hurts_nobody(autojump_clock: trio.testing.MockClock) -> None:
    """I1, I12: what reports trouble must not make it worse: the endings come out, and the readers end."""

    class Full(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            raise OSError("no space for the log")

    log = logging.Logger("full")  # noqa: LOG001  # not in the tree of loggers on purpose
    log.addHandler(Full())
    journal = FaultyJournal(fail, forever=True)
    journal.close_fault = fail
    async with finale.open_workspace(talk, journal=journal, logger=log) as workspace:
        reader = workspace.subscribe()
        run = workspace.submit("p", "s")
        with trio.fail_after(100):
            assert (await run.wait()).durable is False
    with trio.fail_after(1):
        assert [event async for event in reader if isinstance(event, RunComplete)] == [run.complete]


@pytest.mark.parametrize("fault", [fail, stall, raise_a_stray_cancellation])
async def test_a_journal_that_does_not_close_keeps_nobody(fault: Action, autojump_clock: trio.testing.MockClock) -> None:
    """All endings are out by then; the block is left, in bounded time."""
    journal = FaultyJournal()
    journal.close_fault = fault
    with trio.fail_after(20):
        async with finale.open_workspace(_quick, journal=journal, logger=quiet()) as workspace:
            run = workspace.submit("p", "s")
    assert run.complete is not None
    assert run.complete.durable


async def test_endings_reach_the_journal_under_outer_cancellation(autojump_clock: trio.testing.MockClock) -> None:
    """E17: the pump is shielded, so that slow storage gets all that was accepted, and readers see it."""
    journal = FaultyJournal(*[partial(trio.sleep, 0.5)] * 20)
    with trio.move_on_after(0.2) as outer:
        async with finale.open_workspace(talk, journal=journal) as workspace:
            reader = workspace.subscribe()
            runs = [workspace.submit("p", f"s{number % 2}") for number in range(6)]
            await trio.sleep_forever()
    assert outer.cancelled_caught
    stored = [event for event in await journal.read() if isinstance(event, RunComplete)]
    assert {event.run_id for event in stored} == {run.run_id for run in runs}
    assert all(event.status is Status.CANCELLED and event.durable for event in stored)
    assert [event async for event in reader if isinstance(event, RunComplete)] == stored
    assert journal.closed == 1


async def test_a_long_stall_loses_no_ending(autojump_clock: trio.testing.MockClock) -> None:
    """While the journal stalls, hundreds of runs come and go; all of them are accounted for, and accepted before started."""
    journal = FaultyJournal(partial(trio.sleep, 9))
    async with finale.open_workspace(talk, journal=journal, max_active=50, progress_limit=8) as workspace:
        reader = workspace.subscribe()
        runs = [workspace.submit("p", f"s{number}") for number in range(400)]
    assert all(run.complete is not None and run.complete.durable for run in runs)
    events = [event async for event in reader]
    assert sum(isinstance(event, RunComplete) for event in events) == 400
    assert sum(isinstance(event, RunAccepted) for event in events) == 400
    assert (
        sum(event.dropped for event in events if isinstance(event, finale.Gap))
        + sum(isinstance(event, Progress) for event in events)
        == 400
    )


async def test_a_burst_leaves_no_reader_behind_that_keeps_pace() -> None:
    """I11: more at once than is retained; who looks whenever there is something misses nothing."""
    items: list[Event | finale.Gap] = []

    async def read(workspace: finale.Workspace) -> None:
        async for item in workspace.subscribe():
            items.append(item)  # noqa: PERF401  # it is read while it happens

    async with trio.open_nursery() as nursery, finale.open_workspace(_quick, retain=600, on_exit="cancel") as workspace:
        nursery.start_soon(read, workspace)
        await trio.testing.wait_all_tasks_blocked()
        for _ in range(1500):
            workspace.submit("p", "s")
    assert not any(isinstance(item, finale.Gap) for item in items)
    assert sum(isinstance(item, RunComplete) for item in items) == 1500


async def test_a_journal_that_cannot_be_read_tells_its_reader() -> None:
    """The error is the journal's own, and nobody else's trouble."""

    class Unreadable(MemoryJournal):
        async def read(self, after: int = 0) -> list[Event]:
            if self._events:
                raise OSError("no such disk")
            return []

    async with finale.open_workspace(_quick, journal=Unreadable(), retain=1, progress_limit=1) as workspace:
        run = workspace.submit("p", "s")
        await run.wait()
        await workspace.submit("p", "s").wait()
        with pytest.raises(OSError, match="no such disk"):
            await anext(workspace.subscribe(since=0))
        assert (await workspace.submit("p", "s").wait()).status is Status.COMPLETED


async def _interrupt() -> None:
    signal.raise_signal(signal.SIGINT)


def test_ctrl_c_in_the_pump_reaches_the_program_and_loses_nothing() -> None:
    """The interrupt arrives while the journal is being written: the run gets its ending, then KeyboardInterrupt goes on."""
    journal = FaultyJournal(_interrupt)
    runs = []

    async def main() -> None:
        async with finale.open_workspace(talk, journal=journal) as workspace:
            runs.append(workspace.submit("p", "s"))
            await trio.sleep_forever()

    with pytest.raises(KeyboardInterrupt):
        trio.run(main, restrict_keyboard_interrupt_to_checkpoints=False)
    assert runs[0].complete is not None
    assert runs[0].complete.status is Status.CANCELLED


# Stopping the program -------------------------------------------------------------------------------------------------


async def _exit() -> None:
    raise SystemExit(3)


async def _interrupted() -> None:
    raise KeyboardInterrupt


async def _exit_in_a_group() -> None:
    await trio.lowlevel.checkpoint()
    raise BaseExceptionGroup("g", [OSError("disk full"), SystemExit(3), await stray_cancellation()])


async def _exit_in_a_nursery() -> None:
    async with trio.open_nursery() as nursery:
        nursery.start_soon(_exit)
        nursery.start_soon(stall)


@pytest.mark.parametrize("busy", [True, False])
@pytest.mark.parametrize("fault", [_exit, _interrupted, _exit_in_a_group, _exit_in_a_nursery])
def test_a_journal_that_stops_the_program_loses_no_ending(fault: Action, busy: bool) -> None:
    """E22: the journal is given up, all endings are out as not durable, then what means "stop the program" goes on."""
    runs: list[finale.RunHandle] = []
    events: list[Event | finale.Gap] = []
    journal = FaultyJournal(None, fault)

    async def main() -> None:
        async with finale.open_workspace(talk, journal=journal, logger=quiet()) as workspace:
            reader = workspace.subscribe()
            try:
                runs.append(workspace.submit("p", "s"))
                await runs[0].accepted()
                runs.extend(workspace.submit("p", session) for session in "st")
                if busy:
                    await trio.sleep_forever()
            finally:
                with trio.CancelScope(shield=True):
                    await runs[1].wait()
                    with pytest.raises(finale.Rejected):
                        workspace.submit("q", "s")
                    events.extend([event async for event in workspace.subscribe(run_id=runs[2].run_id)])
        events.extend([event async for event in reader])

    with pytest.raises(BaseException) as caught:  # noqa: PT011  # groups and single errors
        trio.run(main, clock=trio.testing.MockClock(autojump_threshold=0))
    stops = (SystemExit, KeyboardInterrupt)
    assert isinstance(caught.value, stops) or caught.group_contains(stops)
    assert [run.complete and (run.complete.status, run.complete.durable) for run in runs] == [(Status.CANCELLED, False)] * 3
    assert runs[2].complete in events
    assert journal.closed == 1
    assert len([event for event in journal._events.values() if isinstance(event, RunComplete)]) == 0


def test_a_journal_that_stops_the_program_while_it_closes() -> None:
    """E22: everything was out; it goes on."""
    runs = []

    async def main() -> None:
        journal = FaultyJournal()
        journal.close_fault = _exit
        async with finale.open_workspace(_quick, journal=journal, logger=quiet()) as workspace:
            runs.append(workspace.submit("p", "s"))

    with pytest.raises(SystemExit):
        trio.run(main)
    assert runs[0].complete is not None
    assert runs[0].complete.durable


# Leaving in a hurry ---------------------------------------------------------------------------------------------------


async def _leave(journal: FaultyJournal, how: str, grace_s: float) -> tuple[list[finale.RunHandle], float]:
    """Runs that were stopped at second 1, and how long after that the workspace was left."""
    runs = []
    with trio.CancelScope() as outer:
        async with finale.open_workspace(
            talk, journal=journal, grace_s=grace_s, logger=quiet(), on_exit="cancel" if how == "on_exit" else "wait"
        ) as workspace:
            runs += [workspace.submit("p", f"s{number % 2}") for number in range(4)]
            await trio.sleep(0.5)
            match how:
                case "close":
                    workspace.close()
                case "outer":
                    outer.cancel()
                    await trio.lowlevel.checkpoint()
    return runs, trio.current_time() - 0.5


@pytest.mark.parametrize("how", ["close", "outer", "on_exit"])
@pytest.mark.parametrize(
    ("fault", "grace_s", "limit_s"), [(stall, 3, 3), (stall, 0, 1), (partial(trio.sleep, 2), 3, 3), (fail, 3, 1)]
)
async def test_delivery_at_exit_is_bounded_by_the_grace(
    how: str, fault: Action, grace_s: float, limit_s: float, autojump_clock: trio.testing.MockClock
) -> None:
    """E17: a journal that does not get on is given up after ``grace_s``, and all endings are out, as what they are."""
    journal = FaultyJournal(None, fault, forever=True)
    journal.faults[0] = fault
    runs, took_s = await _leave(journal, how, grace_s)
    assert took_s <= limit_s
    assert all(run.complete is not None for run in runs)
    stored = [event for event in await journal.read() if isinstance(event, RunComplete)]
    assert all(run.complete in stored for run in runs if run.complete is not None and run.complete.durable)
    assert journal.closed == 1


async def test_no_patience_for_runs_still_leaves_the_journal_a_second(autojump_clock: trio.testing.MockClock) -> None:
    """E17: ``grace_s=0`` is about runs that are deaf; their endings are to be stored."""
    runs, took_s = await _leave(FaultyJournal(partial(trio.sleep, 0.25), forever=True), "close", 0)
    assert [run.complete and run.complete.durable for run in runs] == [True] * 4
    assert took_s < 1


async def test_a_journal_that_is_merely_slow_gets_its_time_when_nobody_hurries(autojump_clock: trio.testing.MockClock) -> None:
    """Runs that have ended by themselves, and a block that was left by itself: durability comes first."""
    journal = FaultyJournal(partial(trio.sleep, 9), forever=True)
    async with finale.open_workspace(talk, journal=journal, grace_s=1) as workspace:
        runs = [workspace.submit("p", f"s{number}") for number in range(3)]
    assert [run.complete and run.complete.durable for run in runs] == [True] * 3
    assert trio.current_time() > 9


async def test_a_cancellation_while_leaving_hurries(autojump_clock: trio.testing.MockClock) -> None:
    """E17: whoever waited patiently may lose patience."""
    journal = FaultyJournal(None, stall, forever=True)
    with trio.move_on_after(5):
        async with finale.open_workspace(talk, journal=journal, grace_s=2, logger=quiet()) as workspace:
            run = workspace.submit("p", "s")
    assert run.complete is not None
    assert (run.complete.status, run.complete.durable, trio.current_time()) == (Status.COMPLETED, False, 7)


async def test_a_cancellation_while_the_journal_closes_hurries(autojump_clock: trio.testing.MockClock) -> None:
    """Its ten seconds are cut to the grace."""
    journal = FaultyJournal()
    journal.close_fault = stall
    with trio.move_on_after(3):
        async with finale.open_workspace(talk, journal=journal, grace_s=2, logger=quiet()) as workspace:
            run = workspace.submit("p", "s")
    assert run.complete is not None
    assert (run.complete.durable, trio.current_time()) == (True, 5)


async def test_a_deaf_run_does_not_use_up_the_time_of_the_journal(autojump_clock: trio.testing.MockClock) -> None:
    """The bound counts from the end of the last task: endings that are told late can still be stored."""

    async def deaf(_request: Request, _ctx: RunContext) -> None:
        with trio.CancelScope(shield=True):
            await trio.sleep(20)

    journal = FaultyJournal(partial(trio.sleep, 1), forever=True)
    with trio.move_on_after(1):
        async with finale.open_workspace(deaf, journal=journal, grace_s=2) as workspace:
            run = workspace.submit("p", "s")
    assert run.complete is not None
    assert (run.complete.abandoned, run.complete.durable) == (True, True)
