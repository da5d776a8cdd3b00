"""Where a subscriber begins: now, behind a seq, in the journal, in the log, and at an ending."""

import logging
from collections.abc import Sequence
from typing import Any

import pytest
import trio
from hypothesis import given, settings
from hypothesis import strategies as st
from trio.testing import MockClock, assert_checkpoints, wait_all_tasks_blocked

import finale
from finale import Event, Gap, Progress, Request, RunAccepted, RunComplete, RunContext, Status
from finale.broker import Broker
from finale.journal import MemoryJournal
from tests.finale.test_broker import Writer, taken


async def talk(request: Request, ctx: RunContext) -> str:
    for number in range(int(request.metadata.get("progress", 2))):
        await ctx.progress(number)
        await trio.sleep(0.25)
    return request.prompt


class Stored:
    """What a journal answers that has everything the writer wrote, but progress."""

    def __init__(self, writer: Writer) -> None:
        self.writer = writer
        self.asked: list[int] = []

    async def read(self, after: int) -> Sequence[Event]:
        self.asked.append(after)
        await trio.lowlevel.checkpoint()
        horizon = self.writer.broker.horizon
        return [e for e in self.writer.events if after < e.seq <= horizon and not isinstance(e, Progress)]


# Behind a seq ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("since", range(12))
@pytest.mark.parametrize("journal", [False, True])
async def test_since_continues_exactly_where_it_says(since: int, journal: bool, autojump_clock: MockClock) -> None:
    """No gap and no repeat, for readers of everything, of a session and of a run, in the middle of runs, while more happens."""
    kept = MemoryJournal() if journal else None
    whole: list[Event | Gap] = []
    async with trio.open_nursery() as nursery, finale.open_workspace(talk, journal=kept) as workspace:

        async def read(into: list[Any], **which: Any) -> None:
            async for event in workspace.subscribe(**which):
                into.append(event)  # noqa: PERF401  # others look at it while it grows

        nursery.start_soon(read, whole)
        await wait_all_tasks_blocked()
        runs = [workspace.submit("p", session, run_id=f"{session}{number}") for session in "st" for number in range(2)]
        await trio.sleep(0.3)
        got: dict[str, list[Any]] = {"everything": [], "session": [], "run": []}
        nursery.start_soon(lambda: read(got["everything"], since=since))
        nursery.start_soon(lambda: read(got["session"], since=since, session="s"))
        nursery.start_soon(lambda: read(got["run"], since=since, run_id="s0"))
        workspace.submit("more", "s")
    assert len(runs) == 4
    behind = [event for event in whole if isinstance(event, Event) and event.seq > since]
    assert got["everything"] == behind
    assert got["session"] == [event for event in behind if event.session == "s"]
    assert got["run"] == [event for event in behind if event.run_id == "s0"]


async def test_since_the_last_event_is_from_now_on(autojump_clock: MockClock) -> None:
    """Also at the very end: nothing is told twice."""
    async with finale.open_workspace(talk, journal=MemoryJournal()) as workspace:
        ending = await workspace.submit("p", "s").wait()
        reader = workspace.subscribe(since=ending.seq)
    assert [event async for event in reader] == []


async def test_what_is_older_than_the_log_comes_from_the_journal() -> None:
    """All of it but progress, then what the log has, progress included; the gaps are counted exactly."""
    broker = Broker(retain=6, progress_limit=6)
    writer = Writer(broker)
    for number in range(10):
        writer.run(f"r{number}", progress=1)
    log = broker.read(0, 1000)
    assert log[0].seq > 15
    assert any(isinstance(event, Progress) for event in log)
    items = await taken(broker.subscribe(after=5, past=Stored(writer).read))
    seen = [item for item in items if isinstance(item, Event)]
    lost = [e for e in writer.events[5:] if isinstance(e, Progress) and e not in log]
    assert seen == [e for e in writer.events[5:] if e not in lost]
    assert sum(item.dropped for item in items if isinstance(item, Gap)) == len(lost)
    assert not any(item.endings for item in items if isinstance(item, Gap))


async def test_the_log_moves_on_while_the_journal_is_read() -> None:
    """What it forgets meanwhile is asked of the journal again, and nothing is told twice or not at all."""
    broker = Broker(retain=4, progress_limit=4)
    writer = Writer(broker)
    for number in range(8):
        writer.run(f"r{number}")
    stored = Stored(writer)

    async def read(after: int) -> Sequence[Event]:
        answer = await stored.read(after)
        if len(stored.asked) < 4:
            for number in range(8):
                writer.run(f"r{len(stored.asked)}-{number}")
        return answer

    items = await taken(broker.subscribe(after=0, past=read))
    assert items == writer.events
    assert stored.asked[:4] == sorted(stored.asked[:4])


async def test_log_and_journal_join_without_a_seam() -> None:
    """I14: wherever a reader begins, behind the log, at its edge or in it, it gets all there is."""
    broker = Broker(retain=4)
    writer = Writer(broker)
    for number in range(8):
        writer.run(f"r{number}")
    for after in range(writer.seq + 1):
        assert await taken(broker.subscribe(after=after, past=Stored(writer).read)) == writer.events[after:]


async def test_who_falls_behind_after_having_caught_up_sees_a_gap() -> None:
    """The journal is for the way back; then a reader is one like the others, and a slow one does not keep the disk busy."""
    broker = Broker(retain=4)
    writer = Writer(broker)
    stored = Stored(writer)
    for number in range(8):
        writer.run(f"r{number}")
    reader = broker.subscribe(after=0, past=stored.read)
    assert await taken(reader) == writer.events
    asked, seen = len(stored.asked), len(writer.events)
    for number in range(8, 16):
        writer.run(f"r{number}")
    items = await taken(reader)
    assert isinstance(items[0], Gap)
    assert items[0].dropped + len(items) - 1 == len(writer.events) - seen
    assert len(stored.asked) == asked


async def test_what_the_log_still_has_is_not_asked_of_the_journal() -> None:
    """A journal may be slow."""
    broker = Broker()
    writer = Writer(broker)
    writer.run("a")
    stored = Stored(writer)
    assert await taken(broker.subscribe(after=0, past=stored.read)) == writer.events
    assert await taken(broker.subscribe(after=3, past=stored.read)) == []
    assert stored.asked == []


@pytest.mark.parametrize("since", [-1, -5])
async def test_a_seq_that_no_event_has_is_refused(since: int) -> None:
    """Counting from there would tell of events that never were."""
    async with finale.open_workspace(talk) as workspace:
        with pytest.raises(ValueError, match=f"since is {since}; "):
            workspace.subscribe(since=since)


async def test_a_journal_that_cannot_be_read_once_it_is_closed_hurts_no_reader(autojump_clock: MockClock) -> None:
    """It may have let go of its files; a Gap stands for what only the journal had."""

    class Closable(MemoryJournal):
        closed = False

        async def read(self, after: int = 0) -> list[Event]:
            assert not self.closed
            return await super().read(after)

        async def aclose(self) -> None:
            self.closed = True

    async with finale.open_workspace(talk, retain=2, progress_limit=2, journal=Closable()) as workspace:
        readers = [workspace.subscribe(since=0), workspace.submit("p", "s").events()]
        for _ in range(5):
            await workspace.submit("q", "s").wait()
    for reader in readers:
        items = [item async for item in reader]
        assert isinstance(items[0], Gap)
        assert isinstance(items[-1], RunComplete)


async def test_without_a_journal_a_gap_stands_for_what_is_too_old() -> None:
    """Exactly for a reader of everything."""
    broker = Broker(retain=4)
    writer = Writer(broker)
    for number in range(20):
        writer.run(f"r{number}")
    first = broker.read(0, 1)[0].seq
    items = await taken(broker.subscribe(after=2))
    lost = [event for event in writer.events if event.seq < first and isinstance(event, RunComplete)]
    assert items[0] == Gap(first - 3, endings=len(lost))
    assert items[1:] == writer.events[first - 1 :]


@pytest.mark.parametrize("retain", [3, 4, 5, 6])
async def test_a_session_of_which_nothing_is_left_is_a_gap_as_well(retain: int) -> None:
    """Nothing that comes later could tell of it, so it is told at once: no more events are missing than that, nor endings."""
    broker = Broker(retain=retain)
    writer = Writer(broker)
    for number in range(20):
        writer.run(f"r{number}", session="old" if number < 2 else "new")
    first = broker.read(0, 1)[0].seq
    readers = [broker.subscribe(session=session, after=after) for session, after in
               [("old", 0), ("new", 0), ("old", first - 2), ("old", first - 1)]]  # fmt: skip
    broker.close()
    lost = sum(isinstance(event, RunComplete) for event in writer.events if event.seq < first)
    assert [await taken(reader) for reader in readers] == [
        [Gap(first - 1, endings=lost)],
        [Gap(first - 1, endings=lost), *writer.events[first - 1 :]],
        [Gap(1, endings=1)],
        [],
    ]


@pytest.mark.parametrize("session", [None, "s"])
async def test_what_a_closed_journal_does_not_tell_is_a_gap(session: str | None) -> None:
    """It is asked when the reader looks, and by then it may have let go of its files."""

    async def nothing(after: int) -> Sequence[Event]:
        await trio.lowlevel.checkpoint()
        return ()

    broker = Broker(retain=4)
    writer = Writer(broker)
    reader = broker.subscribe(session=session, after=0, past=nothing)
    for number in range(20):
        writer.run(f"r{number}")
    first = broker.read(0, 1)[0].seq
    broker.close()
    lost = sum(isinstance(event, RunComplete) for event in writer.events if event.seq < first)
    assert await taken(reader) == [Gap(first - 1, endings=lost), *writer.events[first - 1 :]]


async def test_a_cancelled_reading_of_the_journal_can_be_taken_up_again() -> None:
    """The next look asks again; an error of the journal reaches the reader, and nobody else."""
    broker = Broker(retain=4)
    writer = Writer(broker)
    for number in range(20):
        writer.run(f"r{number}")
    stored, answers = Stored(writer), [OSError("disk"), None]

    async def read(after: int) -> Sequence[Event]:
        if not stored.asked:
            stored.asked.append(after)
            await trio.sleep_forever()
        if (answer := answers.pop(0) if answers else None) is not None:
            raise answer
        return await stored.read(after)

    reader = broker.subscribe(after=0, past=read)
    with trio.CancelScope() as scope:
        scope.cancel()
        await reader.__anext__()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(reader.__anext__)
        await wait_all_tasks_blocked()
        nursery.cancel_scope.cancel()
    with pytest.raises(OSError, match="disk"):
        await reader.__anext__()
    assert await taken(reader) == writer.events


async def test_what_is_forgotten_before_the_first_look_is_no_loss_with_a_journal() -> None:
    """The subscriber was slow, but the journal has it."""
    broker = Broker(retain=4)
    writer = Writer(broker)
    stored = Stored(writer)
    readers = [broker.subscribe(after=0, past=stored.read), broker.subscribe(session="s", after=0, past=stored.read)]
    for number in range(20):
        writer.run(f"r{number}")
    for reader in readers:
        assert await taken(reader) == writer.events


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 3), st.sampled_from("abc"), st.integers(0, 4)), min_size=1, max_size=25),
    st.integers(0, 40),
    st.integers(1, 8),
    st.integers(1, 4),
)
def test_since_against_arithmetic(steps: list[tuple[int, str, int]], since: int, retain: int, progress_limit: int) -> None:
    """Whatever was dropped: everything of the log and the journal once, in order, and gaps that add up to the rest."""

    async def main() -> None:
        broker = Broker(retain=retain, progress_limit=progress_limit)
        writer = Writer(broker)
        stored = Stored(writer)
        for number, (_, session, progress) in enumerate(steps):
            writer.run(f"r{number}", session, progress=progress)
        start = min(since, broker.horizon)
        everything = broker.subscribe(after=start, past=stored.read)
        mine = broker.subscribe(session="a", after=start, past=stored.read)
        items, narrow = await taken(everything), await taken(mine)
        behind = writer.events[start:]
        seen = [item for item in items if isinstance(item, Event)]
        assert [e for e in seen if not isinstance(e, Progress)] == [e for e in behind if not isinstance(e, Progress)]
        assert [e.seq for e in seen] == sorted({e.seq for e in seen})
        assert sum(item.dropped for item in items if isinstance(item, Gap)) == len(behind) - len(seen)
        assert [item for item in narrow if isinstance(item, Event)] == [e for e in seen if e.session == "a"]
        missing = sum(e.session == "a" for e in behind) - sum(isinstance(item, Event) for item in narrow)
        told = sum(item.dropped for item in narrow if isinstance(item, Gap))
        assert told >= missing
        assert missing or len(seen) != len(behind) or told == 0

    trio.run(main)


# One run --------------------------------------------------------------------------------------------------------------


async def test_a_subscriber_to_a_run_that_has_ended_is_told_its_ending(autojump_clock: MockClock) -> None:
    """Nobody waits for an event that was; whoever says that it knows the ending is not told again."""
    async with finale.open_workspace(talk) as workspace:
        ending = await workspace.submit("p", "s", run_id="r").wait()
        with trio.fail_after(1):
            assert [event async for event in workspace.subscribe(run_id="r")] == [ending]
            assert [event async for event in workspace.subscribe(run_id="r", session="s")] == [ending]
            assert [event async for event in workspace.subscribe(run_id="r", session="t")] == []
            assert [event async for event in workspace.subscribe(run_id="r", since=ending.seq - 1)] == [ending]
            assert [event async for event in workspace.subscribe(run_id="r", since=ending.seq)] == []
            with pytest.raises(ValueError, match=f"since is {ending.seq + 1}, and no event behind {ending.seq} has happened"):
                workspace.subscribe(run_id="r", since=ending.seq + 1)


async def test_a_run_can_be_subscribed_to_before_it_is_accepted(autojump_clock: MockClock) -> None:
    """The caller knows the id; the reader gets the run from its beginning."""
    async with finale.open_workspace(talk) as workspace:
        reader = workspace.subscribe(run_id="r")
        workspace.submit("p", "s", run_id="other")
        workspace.submit("p", "t", run_id="r")
        events = [event async for event in reader]
    assert [event.run_id for event in events if isinstance(event, Event)] == ["r"] * 5
    assert isinstance(events[0], RunAccepted)


async def test_a_sleeper_beyond_all_retention_still_gets_the_ending_of_its_run(autojump_clock: MockClock) -> None:
    """I11: the log has forgotten it, and the ids; the record has not."""
    async with finale.open_workspace(talk, retain=2, progress_limit=2) as workspace:
        run = workspace.submit("p", "s", run_id="r")
        readers = [workspace.subscribe(run_id="r"), workspace.subscribe(run_id="r", since=0)]
        await run.wait()
        for number in range(30):
            workspace.submit("q", f"s{number}")
        await trio.sleep(10)
        assert workspace.run("r") is None
        with trio.fail_after(1):
            for reader in readers:
                events = [event async for event in reader]
                assert events[-1] is run.complete
                assert sum(isinstance(event, RunComplete) for event in events) == 1


@pytest.mark.parametrize("since", [None, 0])
async def test_a_run_that_came_and_was_forgotten_before_its_subscriber_looked_ends_for_it(
    since: int | None, autojump_clock: MockClock
) -> None:
    """I11, I12: it was subscribed to before it was accepted, so only the log ever had its ending for this reader."""
    async with finale.open_workspace(talk, retain=1) as workspace:
        reader = workspace.subscribe(run_id="r", since=since)
        ending = await workspace.submit("p", "s", run_id="r").wait()
        for _ in range(5):
            await workspace.submit("q", "t").wait()
        assert workspace.run("r") is None
        with trio.fail_after(1):
            events = [event async for event in reader]
    assert events[-1] is ending
    assert sum(isinstance(event, Event) for event in events) + sum(e.dropped for e in events if isinstance(e, Gap)) == 5


async def test_an_ending_that_the_log_had_forgotten_outlives_its_record(autojump_clock: MockClock) -> None:
    """I12: who asked while the run was remembered is told, whenever it looks."""
    async with finale.open_workspace(talk, retain=4) as workspace:
        ending = await workspace.submit("p", "s", run_id="r").wait()
        for number in range(8):
            await workspace.submit("q", "t").wait()
            if number == 2:
                reader = workspace.subscribe(run_id="r")
        assert workspace.run("r") is None
        with trio.fail_after(1):
            assert [event async for event in reader] == [ending]


async def test_of_two_runs_with_one_id_a_late_reader_is_told_the_first_ending(autojump_clock: MockClock) -> None:
    """I2: the id was used again after the first was forgotten; whoever subscribed before is told of the run it asked for."""
    async with finale.open_workspace(talk, retain=1, progress_limit=1) as workspace:
        reader = workspace.subscribe(run_id="r")
        endings = []
        for _ in range(2):
            endings.append(await workspace.submit("p", "s", run_id="r").wait())
            for _ in range(5):
                await workspace.submit("q", "t").wait()
            assert workspace.run("r") is None
        with trio.fail_after(1):
            items = [item async for item in reader]
    assert [item for item in items if isinstance(item, RunComplete)] == endings[:1]


# Reopening ------------------------------------------------------------------------------------------------------------


async def test_since_reaches_back_into_what_an_earlier_workspace_wrote(autojump_clock: MockClock) -> None:
    """I14: the journal's events, then those of this workspace."""
    journal = MemoryJournal()
    async with finale.open_workspace(talk, journal=journal) as workspace:
        await workspace.submit("p", "s", run_id="first", metadata={"progress": 0}).wait()
    before = await journal.read()
    async with finale.open_workspace(talk, journal=journal) as workspace:
        again = workspace.submit("p", "s", run_id="first", metadata={"progress": 0})
        assert (await again.wait()).status is Status.COMPLETED
        await workspace.submit("p", "s", run_id="second", metadata={"progress": 0}).wait()
        reader = workspace.subscribe(since=0)
    assert [event async for event in reader] == await journal.read()
    assert (await journal.read())[:3] == before


async def test_since_reaches_back_before_anything_new_has_happened(autojump_clock: MockClock) -> None:
    """I14: a workspace that was opened again and has nothing of its own tells all that the journal has."""
    journal = MemoryJournal()
    async with finale.open_workspace(talk, journal=journal) as workspace:
        await workspace.submit("p", "s", metadata={"progress": 0}).wait()
    before = await journal.read()
    async with finale.open_workspace(talk, journal=journal) as workspace:
        events = []
        with trio.move_on_after(1):
            async for event in workspace.subscribe(since=0):
                events.append(event)  # noqa: PERF401  # a cancelled comprehension would lose what it has
        assert events == [*before]


@pytest.mark.parametrize("ended", [True, False])
async def test_the_events_of_a_remembered_run_reach_back_as_far(ended: bool, autojump_clock: MockClock) -> None:
    """A run's events come from the journal that an earlier workspace wrote, and its run is counted."""
    journal = MemoryJournal()
    async with finale.open_workspace(talk, journal=journal) as workspace:
        workspace.submit("other", "t", metadata={"progress": 0})
        await workspace.submit("p", "s", run_id="r", metadata={"progress": 0}).wait()
    if not ended:
        stored = [event for event in await journal.read() if (event.run_id, type(event)) != ("r", RunComplete)]
        journal = MemoryJournal()
        await journal.append(stored)
    async with finale.open_workspace(talk, journal=journal) as workspace:
        run = workspace.run("r")
        assert run is not None
        assert workspace.statistics().accepted == 2
        events = [event async for event in run.events()]
        assert events == [event for event in await journal.read() if event.run_id == "r"]
        assert len(events) == 3
        assert [event async for event in workspace.subscribe(run_id="r", since=events[-1].seq)] == []
    with trio.fail_after(1):
        assert [event async for event in run.events()][-1] == events[-1]


@pytest.mark.parametrize("wanted", [{"session": "s"}, {"run_id": "r"}, {"session": "s", "run_id": "r"}])
async def test_from_now_on_in_the_middle_of_a_run_others_are_no_gap(wanted: dict[str, str]) -> None:
    """I11: what a run reported before its subscriber came, and what the log dropped of other sessions, was never its to see."""
    begun, over = trio.Event(), trio.Event()

    async def run(request: Request, ctx: RunContext) -> None:
        for number in range(3 if request.session == "s" else 30):
            await ctx.progress(number)
        begun.set()
        await over.wait()

    async with finale.open_workspace(run, progress_limit=1) as workspace:
        workspace.submit("p", "s", run_id="r")
        await begun.wait()
        await wait_all_tasks_blocked()
        reader = workspace.subscribe(**wanted)
        begun = trio.Event()
        workspace.submit("p", "other")
        await begun.wait()
        over.set()
    assert [type(event) async for event in reader] == [RunComplete]


async def test_a_burst_of_drops_is_one_line_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    """A reader that falls behind is reported once for all the gaps that it then sees in a row."""

    async def chatty(request: Request, ctx: RunContext) -> None:
        for n in range(40):
            ctx.progress_nowait(n)

    async with finale.open_workspace(chatty, progress_limit=4) as workspace:
        reader = workspace.subscribe()
        for _ in range(3):
            await workspace.submit("p", "s").wait()
    gaps = [event async for event in reader if isinstance(event, Gap)]
    lines = [record.getMessage() for record in caplog.records if "fell behind" in record.getMessage()]
    assert len(gaps) > 1
    assert lines == [f"subscriber 1 fell behind and missed {gaps[0].dropped} events; it sees a Gap"]


async def test_a_second_burst_is_a_second_line(caplog: pytest.LogCaptureFixture) -> None:
    """A reader that was level with the log in between has fallen behind again."""
    broker = Broker(progress_limit=1)
    writer, reader = Writer(broker), broker.subscribe()
    for number in range(2):
        writer.run(f"r{number}", progress=5)
        await taken(reader)
    lines = [record.getMessage() for record in caplog.records]
    assert lines == ["subscriber 1 fell behind and missed 4 events; it sees a Gap"] * 2


async def test_taking_an_event_that_is_there_lets_others_run_first() -> None:
    """The loop of a reader that has much to read is fair, and can be cancelled without losing an event."""
    broker = Broker()
    writer, reader = Writer(broker), broker.subscribe()
    first = writer.put("accepted", "r")
    with assert_checkpoints():
        assert await anext(reader) is first


async def test_a_logger_that_fails_is_not_the_subscribers_trouble() -> None:
    """It gets its Gap, and goes on."""

    class Full(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            raise OSError("no space for the log")

    log = logging.Logger("full")  # noqa: LOG001  # not in the tree of loggers on purpose
    log.addHandler(Full())
    broker = Broker(progress_limit=1, log=log)
    writer, reader = Writer(broker), broker.subscribe()
    ending = writer.run("a", progress=5)
    items = await taken(reader)
    assert any(isinstance(item, Gap) for item in items)
    assert items[-1] is ending
