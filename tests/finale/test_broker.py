"""Fan-out: what readers get, what they are told they did not get, and what they leave behind."""

import gc
from collections import Counter

import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st
from trio.testing import wait_all_tasks_blocked

from finale.broker import Broker
from finale.events import Event, Gap, Notification, Progress, Request, RunAccepted, RunComplete, RunStarted, Status
from finale.subscription import BATCH, Subscription


class Writer:
    """Makes events as the ledger does, and publishes each at once unless told otherwise."""

    def __init__(self, broker: Broker) -> None:
        self.broker = broker
        self.seq = 0
        self.indexes: Counter[str] = Counter()
        self.events: list[Event] = []

    def stage(self, kind: str, run_id: str, session: str = "s") -> Event:
        self.seq += 1
        head = (run_id, session, self.seq, self.indexes[run_id], 0.0)
        self.indexes[run_id] += 1
        event: Event
        match kind:
            case "accepted":
                event = RunAccepted(*head, Request("p", session, run_id))
            case "started":
                event = RunStarted(*head)
            case "progress":
                event = Progress(*head, self.seq)
            case "note":
                event = Notification(*head, "error", "late")
            case _:
                event = RunComplete(*head, Status.COMPLETED)
        self.events.append(event)
        self.broker.append([event])
        return event

    def put(self, kind: str, run_id: str, session: str = "s") -> Event:
        event = self.stage(kind, run_id, session)
        self.broker.publish(event.seq)
        return event

    def run(self, run_id: str, session: str = "s", progress: int = 0) -> RunComplete:
        for kind in ["accepted", "started", *["progress"] * progress]:
            self.put(kind, run_id, session)
        ending = self.put("complete", run_id, session)
        assert isinstance(ending, RunComplete)
        return ending


def opened(*, progress_limit: int = 4096, retain: int = 16_384) -> tuple[Broker, Writer]:
    broker = Broker(progress_limit=progress_limit, retain=retain)
    return broker, Writer(broker)


async def taken(reader: Subscription) -> list[Event | Gap]:
    """What there is for the reader now."""
    items: list[Event | Gap] = []
    with trio.CancelScope() as scope:
        async with trio.open_nursery() as nursery:

            async def read() -> None:
                async for item in reader:
                    items.append(item)  # noqa: PERF401  # a cancelled comprehension would lose what it has
                nursery.cancel_scope.cancel()

            nursery.start_soon(read)
            await wait_all_tasks_blocked()
            scope.cancel()
    return items


def dropped(items: list[Event | Gap]) -> tuple[int, int]:
    gaps = [item for item in items if isinstance(item, Gap)]
    return sum(gap.dropped for gap in gaps), sum(gap.endings for gap in gaps)


# Reading --------------------------------------------------------------------------------------------------------------


def test_asking_again_tells_what_has_been_published_and_dropped_meanwhile() -> None:
    """Two readers at one place get the same while nothing happens; what the log has gained or forgotten shows at once."""
    broker, writer = opened(progress_limit=2)
    writer.put("accepted", "r")
    first = writer.put("progress", "r")
    assert broker.read(1, BATCH) == broker.read(1, BATCH) == [first]
    second = writer.put("progress", "r")
    assert broker.read(1, BATCH) == [first, second]
    assert broker.read(broker.horizon, BATCH) == []
    hidden = [writer.stage("progress", "r"), writer.stage("progress", "r")]  # the last one sweeps
    assert broker.read(1, BATCH) == []
    broker.publish(hidden[-1].seq)
    assert broker.read(1, BATCH) == hidden
    assert broker.read(1, 1) == hidden[:1]


async def test_readers_do_not_compete() -> None:
    """I11: each of two readers gets every event, in order, whenever it reads."""
    broker, writer = opened()
    early, late = broker.subscribe(), broker.subscribe()
    writer.run("a")
    first = await taken(early)
    writer.run("b")
    assert first + await taken(early) == await taken(late) == writer.events


async def test_what_is_not_published_is_not_seen() -> None:
    """Staged events belong to the pump; a reader gets them in the same order once they are passed."""
    broker, writer = opened()
    reader = broker.subscribe()
    staged = [writer.stage("accepted", name) for name in "abc"]
    assert await taken(reader) == []
    assert (broker.staged(), broker.staged(2)) == (staged, staged[:2])
    broker.publish(2)
    assert await taken(reader) == staged[:2]
    assert broker.staged() == staged[2:]


async def test_an_event_can_be_amended_while_it_is_published() -> None:
    """Readers get the corrected ending and never the original."""
    broker, writer = opened()
    reader = broker.subscribe()
    original = writer.stage("complete", "a")
    amended = RunComplete("a", "s", 1, 0, 0.0, Status.COMPLETED, durable=True)
    broker.publish(1, {1: amended})
    assert await taken(reader) == [amended] != [original]


async def test_a_reader_begins_in_the_middle() -> None:
    """Subscribed while a run goes on, it gets the rest, and no Gap for what was before its time."""
    broker, writer = opened()
    writer.put("accepted", "a")
    writer.put("started", "a")
    staged = writer.stage("progress", "a")  # published later, so still to come
    session = broker.subscribe(session="s", known={"a": 3})
    everything = broker.subscribe()
    broker.publish(staged.seq)
    rest = [staged, writer.put("progress", "a"), writer.put("complete", "a")]
    assert await taken(session) == await taken(everything) == rest


async def test_a_session_reader_sees_its_session_alone() -> None:
    """Other sessions' events are skipped, also where a whole batch of them lies in between, and make no Gap."""
    broker, writer = opened()
    reader = broker.subscribe(session="s")
    for number in range(BATCH):
        writer.run(f"other {number}", "t")
    writer.run("a")
    assert await taken(reader) == writer.events[-3:]


async def test_following_a_run_ends_with_its_terminal_event() -> None:
    """Also if notifications follow it in the same batch; and it has ended for good."""
    broker, writer = opened()
    reader = broker.subscribe(run_id="a", after=0, known={"a": 0})
    writer.run("a", progress=1)
    writer.put("note", "a")
    assert [event async for event in reader] == writer.events[:4]
    assert [event async for event in reader] == []


async def test_a_late_notification_is_no_gap() -> None:
    """A session reader gets it after the ending, whether or not it saw the run's beginning."""
    broker, writer = opened()
    writer.run("before")
    reader = broker.subscribe(session="s")
    writer.run("a", progress=2)
    for name in ("a", "before", "a"):
        writer.put("note", name)
    assert await taken(reader) == writer.events[3:]


async def test_closing_ends_all_readers_after_what_there_is() -> None:
    """Waiting readers, slow ones and new ones come to an end."""
    broker, writer = opened()
    slow, waiting = broker.subscribe(), broker.subscribe(session="t")
    run = broker.subscribe(run_id="never", after=0)
    writer.run("a")
    async with trio.open_nursery() as nursery:
        for reader in (waiting, run):
            nursery.start_soon(_exhaust, reader)
        await wait_all_tasks_blocked()
        broker.close()
    assert [event async for event in slow] == writer.events
    assert [event async for event in broker.subscribe()] == []
    assert not broker._waiting


async def _exhaust(reader: Subscription) -> None:
    assert [event async for event in reader] == []


async def test_leaving_readers_leave_nothing() -> None:
    """A reader that is cancelled or forgotten costs nothing afterwards."""
    broker, writer = opened()
    async with trio.open_nursery() as nursery:
        for key in (None, "s", "t"):
            nursery.start_soon(_exhaust, broker.subscribe(session=key))
        nursery.start_soon(broker.wait, ("run", "a"))
        nursery.start_soon(broker.wait, ("run", "a"))
        await wait_all_tasks_blocked()
        assert len(broker._waiting) == 4
        nursery.cancel_scope.cancel()
    gc.collect()
    assert not broker._waiting
    assert broker.statistics().subscribers == ()
    writer.run("a")


async def test_one_of_two_waiters_may_leave() -> None:
    """The other one is woken all the same."""
    broker, writer = opened()
    woken = []

    async def wait(name: str) -> None:
        await broker.wait(("run", "a"))
        woken.append(name)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(wait, "stays")
        with trio.CancelScope() as leaving:
            async with trio.open_nursery() as inner:
                inner.start_soon(wait, "leaves")
                await wait_all_tasks_blocked()
                leaving.cancel()
        writer.put("accepted", "a")
    assert woken == ["stays"]
    assert not broker._waiting


@pytest.mark.parametrize("wanted", [{}, {"session": "s"}, {"run_id": "a"}])
async def test_a_sleeping_reader_is_woken_by_what_it_waits_for(wanted: dict[str, str]) -> None:
    """At once, by each event, and not at the next opportunity."""
    broker, writer = opened()
    reader = broker.subscribe(**wanted)
    items: list[Event | Gap] = []

    async def read() -> None:
        async for item in reader:
            items.append(item)  # noqa: PERF401  # it is looked at meanwhile

    async with trio.open_nursery() as nursery:
        nursery.start_soon(read)
        for kind in ("accepted", "started", "progress", "complete"):
            await wait_all_tasks_blocked()
            event = writer.put(kind, "a")
            await wait_all_tasks_blocked()
            assert items[-1:] == [event]
        broker.close()


async def test_no_wake_up_is_missed() -> None:
    """Whatever a reader does between two events, it gets the one published meanwhile."""
    broker, writer = opened()
    seen: Counter[Event | Gap] = Counter()

    async def read(reader: Subscription, pauses: int) -> None:
        async for item in reader:
            seen[item] += 1
            for _ in range(pauses):
                await trio.lowlevel.checkpoint()

    async with trio.open_nursery() as nursery:
        for pauses in range(4):
            nursery.start_soon(read, broker.subscribe(session="s"), pauses)
        for number in range(20):
            writer.put("started", f"r{number}")
            for _ in range(number % 5):
                await trio.lowlevel.checkpoint()
        await wait_all_tasks_blocked()
        broker.close()
    assert seen == dict.fromkeys(writer.events, 4)


async def test_a_reader_that_skips_lets_others_run() -> None:
    """Between two batches there is a checkpoint, also when nothing in them is for the reader."""
    broker, writer = opened()
    reader = broker.subscribe(session="s")
    for _ in range(BATCH * 3):
        writer.put("accepted", "x", "t")
    lags = []

    async with trio.open_nursery() as nursery:
        nursery.start_soon(reader.__anext__)
        for _ in range(20):
            lags.append(reader.statistics().lag)
            await trio.lowlevel.checkpoint()
        nursery.cancel_scope.cancel()
    assert len(set(lags)) >= 3  # at random, two batches may lie between two looks


# Dropping -------------------------------------------------------------------------------------------------------------


async def test_progress_is_dropped_first_and_counted_where_it_was() -> None:
    """I7: acceptance and start, a Gap for the oldest progress, the rest, the ending."""
    broker, writer = opened(progress_limit=10)
    readers = [broker.subscribe(), broker.subscribe(session="s"), broker.subscribe(run_id="a", after=0, known={"a": 0})]
    writer.run("a", progress=100)
    for reader in readers:
        items = await taken(reader)
        assert items[:2] == writer.events[:2]
        gap = items[2]
        assert isinstance(gap, Gap)
        assert gap.endings == 0
        assert items[3:] == writer.events[2 + gap.dropped :]
        assert gap.dropped + len(items) - 1 == 103
        assert reader.statistics().dropped == gap.dropped


async def test_staged_progress_is_bounded_too() -> None:
    """A pump that is held up by its journal does not make the log grow."""
    broker, writer = opened(progress_limit=10)
    reader = broker.subscribe()
    writer.put("accepted", "a")
    for _ in range(1000):
        writer.stage("progress", "a")
    assert broker.statistics().progress <= 15
    broker.publish(writer.seq)
    items = await taken(reader)
    assert dropped(items)[0] + len(items) - 1 == 1001


@pytest.mark.parametrize("kind", ["progress", "accepted"])
def test_the_log_grows_by_half_before_it_is_swept(kind: str) -> None:
    """A sweep looks at everything, so there is one for many events; and what it leaves is as much as was promised."""
    broker, writer = opened(progress_limit=10, retain=10)
    lengths = []
    for number in range(100):
        writer.put(kind, f"r{number}")
        lengths.append(broker.statistics().log)
    assert lengths == [*range(1, 16), *[*range(10, 16)] * 20][:100]


@pytest.mark.parametrize("wanted", [{"session": "s"}, {"run_id": "a"}])
async def test_what_was_about_to_be_published_is_still_to_come(wanted: dict[str, str]) -> None:
    """A reader from now on misses what is dropped of it, and is told."""
    broker, writer = opened(progress_limit=4)
    for kind in ("accepted", "started", "progress"):
        writer.put(kind, "a")
    for _ in range(3):
        writer.stage("progress", "a")
    reader = broker.subscribe(**wanted, known={"a": 6})
    for _ in range(10):
        writer.stage("progress", "a")
    broker.publish(writer.seq)
    items = await taken(reader)
    assert dropped(items)[0] + len(items) - 1 == 13


async def test_a_burst_does_not_push_out_what_is_still_fresh() -> None:
    """A reader that keeps pace misses nothing, however many events wait to be published: ``retain`` counts the visible ones."""
    broker, writer = opened(retain=10)
    reader = broker.subscribe()
    staged = [writer.stage("accepted", f"r{number}") for number in range(200)]
    items: list[Event | Gap] = []
    for through in range(5, 201, 5):
        broker.publish(through)
        items += await taken(reader)
    assert items == staged


@pytest.mark.parametrize("session", [None, "s"])
async def test_a_reader_beyond_retention_is_told_of_the_endings_it_missed(session: str | None) -> None:
    """One Gap counts all that was dropped, and how many of it were endings; the rest follows."""
    broker, writer = opened(retain=6)
    reader = broker.subscribe(session=session)
    for number in range(10):
        writer.run(f"r{number}", progress=2)
    items = await taken(reader)
    events = [item for item in items if not isinstance(item, Gap)]
    missed = [event for event in writer.events if event not in events]
    assert dropped(items) == (len(missed), sum(isinstance(event, RunComplete) for event in missed))
    assert dropped(items)[1] > 0
    assert events == writer.events[-len(events) :]


async def test_a_quiet_session_misses_nothing() -> None:
    """What other sessions' events push out of the log is no Gap for a reader whose own session was idle."""
    broker, writer = opened(retain=6)
    reader = broker.subscribe(session="s")
    for number in range(50):
        writer.run(f"r{number}", "t")
    writer.run("a", "s")
    assert await taken(reader) == writer.events[-3:]


async def test_a_session_whose_endings_are_gone_is_told_without_being_asked() -> None:
    """Also if nothing else ever happens in that session: the Gap does not wait for another event, nor for the closing."""
    broker, writer = opened(retain=6)
    reader = broker.subscribe(session="s")
    writer.run("a", "s", progress=3)
    writer.put("note", "a", "s")
    for number in range(50):
        writer.run(f"r{number}", "t")
    assert await taken(reader) == [Gap(7, 1)]


async def test_the_ending_of_a_followed_run_is_repaired_from_the_record() -> None:
    """The log has forgotten it, the record has not: a Gap for what lies before, then the ending itself."""
    broker, writer = opened(retain=6)
    ending = writer.run("a", progress=3)
    early = broker.subscribe(run_id="a", after=0, known={"a": 0}, ending=lambda: ending)
    for number in range(50):
        writer.run(f"r{number}", "t")
    late = broker.subscribe(run_id="a", after=0, known={"a": 0}, ending=lambda: ending)
    assert [item async for item in early] == [item async for item in late] == [Gap(5), ending]


async def test_what_is_not_published_is_never_forgotten() -> None:
    """The journal still needs it, and so do all readers."""
    broker, writer = opened(retain=2)
    reader = broker.subscribe()
    staged = [writer.stage("accepted", f"r{number}") for number in range(100)]
    assert broker.staged() == staged
    broker.publish(100)
    assert dropped(await taken(reader)) == (98, 0)


kinds = st.sampled_from(["accepted", "started", "progress", "progress", "complete", "note", "read", "publish"])


@given(
    st.lists(st.tuples(kinds, st.sampled_from("st")), max_size=120),
    st.integers(1, 5),
    st.integers(1, 5),
    st.integers(0, 40),
)
def test_what_was_read_and_what_was_dropped_is_everything(
    commands: list[tuple[str, str]], progress_limit: int, retain: int, enough: int
) -> None:
    """For any traffic and any pace: events and Gaps of each reader add up to the events since it came, endings included."""

    async def main() -> None:
        broker, writer = opened(progress_limit=progress_limit, retain=retain)
        readers = {session: broker.subscribe(session=session) for session in (None, "s", "t")}
        got: dict[str | None, list[Event | Gap]] = {session: [] for session in readers}
        number = Counter({"s": 0, "t": 0})
        phase = {"s": "over", "t": "over"}
        for step, (command, session) in enumerate(commands):
            run_id = f"{session}{number[session]}"
            if command == "read":
                for key in (None, session) if step > enough else ():
                    got[key] += await taken(readers[key])
            elif command == "publish":
                broker.publish(writer.seq)
            elif phase[session] == "over" and command == "note" and number[session]:
                writer.stage("note", run_id, session)
            elif phase[session] == "over":
                number[session] += 1
                phase[session] = "on"
                writer.stage("accepted", f"{session}{number[session]}", session)
            elif command not in ("accepted", "note"):
                writer.stage(command, run_id, session)
                phase[session] = "over" if command == "complete" else "on"
        for session in "st":  # as the workspace does: a gap in a run is told at the latest with its ending
            if phase[session] == "on":
                writer.stage("complete", f"{session}{number[session]}", session)
        broker.publish(writer.seq)
        broker.close()
        for key, reader in readers.items():
            got[key] += [item async for item in reader]
            wanted = [event for event in writer.events if key in (None, event.session)]
            seen = [item for item in got[key] if not isinstance(item, Gap)]
            missed = [event for event in wanted if event not in seen]
            assert seen == [event for event in wanted if event in seen]
            assert dropped(got[key]) == (len(missed), sum(isinstance(event, RunComplete) for event in missed))
            assert reader.statistics().dropped == len(missed)

    trio.run(main)


# Statistics -----------------------------------------------------------------------------------------------------------


async def test_statistics_show_depth_lag_and_drops() -> None:
    """Readers appear in the order in which they came."""
    broker, writer = opened(progress_limit=2)
    stuck, reading = broker.subscribe(), broker.subscribe()
    writer.run("a", progress=1)
    await reading.__anext__()
    statistics = broker.statistics()
    assert (statistics.published, statistics.log, statistics.progress) == (4, 4, 1)
    assert [(r.seq, r.lag, r.dropped) for r in statistics.subscribers] == [(0, 4, 0), (4, 3, 0)]
    assert stuck.statistics() == statistics.subscribers[0]


async def test_lag_is_never_negative() -> None:
    """A reader may stand before events that are not published yet."""
    broker, writer = opened()
    writer.stage("accepted", "a")
    assert broker.subscribe(run_id="b", after=5).statistics().lag == 0


async def test_lag_is_how_far_a_reader_is_behind_at_most() -> None:
    """What is another session's counts until it is passed, and so does what was dropped; behind its run's ending nothing does."""
    broker, writer = opened(progress_limit=1)
    readers = [broker.subscribe(session="s"), broker.subscribe(run_id="a")]
    writer.run("a", progress=5)
    for _ in range(3):
        writer.put("accepted", "x", "t")
    assert [reader.statistics().lag for reader in readers] == [broker.horizon] * 2
    assert len(await taken(readers[1])) == 5
    assert readers[1].statistics().lag == 0
    first = await readers[0].__anext__()
    assert isinstance(first, RunAccepted)
    assert readers[0].statistics().lag == 4  # a Gap among them; what is not for this session was passed on the way


async def test_a_stuck_reader_costs_no_memory() -> None:
    """The log stays within its bounds while somebody does not read."""
    broker, writer = opened(progress_limit=20, retain=20)
    stuck = broker.subscribe(session="s")
    for number in range(1000):
        writer.run(f"r{number}", progress=3)
    assert broker.statistics().log <= 60
    assert len(stuck._expected) + len(stuck._ready) < 50
