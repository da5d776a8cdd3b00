"""Callers that are within their rights and mean no good: objects that change, destructors that come back, calls from the rim.

Whatever they do, a run that was accepted has one ending, one that was rejected left no trace, and nobody else notices.
"""

import asyncio
import gc
import json
import sys
import threading
import weakref
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from decimal import Decimal
from functools import partial
from itertools import pairwise
from typing import Any

import pytest
import trio

import finale
from finale import Attachment, Event, Gap, Request, RunAccepted, RunComplete, RunContext, Status, Workspace
from finale.events import encode
from finale.journal import MemoryJournal
from finale.testing import ConformanceError, check_journal
from tests.finale.helpers import agrees, quiet


class JsonJournal(MemoryJournal):
    """Fails as a file of JSON would."""

    async def append(self, events: Sequence[Event]) -> None:
        json.dumps([encode(event) for event in events])
        await super().append(events)


async def echo(request: Request, ctx: RunContext) -> str:
    return request.prompt


async def sleeper(request: Request, ctx: RunContext) -> str:
    await trio.sleep_forever()
    raise AssertionError


async def told(events: finale.Subscription) -> None:
    """What a whole life of a workspace shows: no hole, nothing twice, and as many endings as acceptances."""
    seen = [event async for event in events]
    assert not any(isinstance(event, Gap) for event in seen)
    seqs = [event.seq for event in seen if isinstance(event, Event)]
    assert seqs == list(range(1, len(seqs) + 1))
    accepted = Counter(event.run_id for event in seen if isinstance(event, RunAccepted))
    assert accepted == Counter(event.run_id for event in seen if isinstance(event, RunComplete))
    assert set(accepted.values()) <= {1}


# What a client brings along ----------------------------------------------------------------------------------------------


class Shifty(str):
    """Text whose hash is another one each time, and which equals nothing."""

    __slots__ = ()
    hashes = 0

    def __hash__(self) -> int:
        Shifty.hashes += 1
        return Shifty.hashes

    def __eq__(self, other: object) -> bool:
        return False


async def test_names_are_taken_as_plain_text() -> None:
    """I1: a session or an id that is a key today and none tomorrow must not lose its run."""
    async with finale.open_workspace(echo) as workspace:
        events = workspace.subscribe()
        first, second = (workspace.submit(Shifty("p"), Shifty("s"), run_id=Shifty("r")) for _ in range(2))
        assert first.request is second.request
        assert {type(text) for text in (first.run_id, first.session, first.request.prompt)} == {str}
        behind = workspace.submit("behind", "s")
        assert workspace.cancel(Shifty("s")) == 0, "the one cancel that nobody can help: it names nothing"
        assert [await run.result() for run in (first, behind)] == ["p", "behind"]
    await told(events)


@pytest.mark.parametrize(
    "attachment",
    [
        Attachment("name", object()),  # type: ignore[arg-type]
        Attachment("name", bytearray(b"x")),  # type: ignore[arg-type]
        Attachment(b"name", "x"),  # type: ignore[arg-type]
        Attachment("name", "x", None),  # type: ignore[arg-type]
    ],
)
async def test_an_attachment_that_no_journal_can_keep_is_refused(attachment: Attachment) -> None:
    """I15: it would have cost everybody the journal."""
    async with finale.open_workspace(echo, journal=JsonJournal()) as workspace:
        with pytest.raises(TypeError, match=r"an attachment's .* it must be of type"):
            workspace.submit("p", "s", attachments=[attachment])
        await workspace.submit("p", "s").accepted()


async def test_metadata_that_changes_later_changes_nothing() -> None:
    """I15: neither the client nor the coordinator reaches what the journal is about to be given, or what an id stands for."""

    class Names(list[Any]):
        """What JSON takes for a list."""

    async def scribbler(request: Request, ctx: RunContext) -> str:
        request.metadata["deep"][0]["key"].append(object())
        for other in ctx.take_folded():
            other.metadata["names"].append(object())
        return "done"

    async with finale.open_workspace(scribbler, journal=JsonJournal(), logger=quiet()) as workspace:
        metadata: dict[str, Any] = {"deep": ({"key": ["value"]},), "names": Names("ab")}
        run = workspace.submit("p", "s", run_id="r", metadata=metadata)
        guest = workspace.submit("q", "s", metadata=metadata, when_busy="fold")
        metadata["deep"][0]["key"].append(object())
        metadata["names"].append(object())
        await run.accepted()
        await run.result()
        assert (await guest.wait()).folded_into == "r"
        again = {"deep": ({"key": ["value"]},), "names": ["a", "b"]}
        assert workspace.submit("p", "s", run_id="r", metadata=again).request is run.request
        await workspace.submit("p", "s").accepted()


async def test_metadata_without_a_journal_may_hold_anything() -> None:
    """Also itself, and things that exist once."""
    got: list[Any] = []

    async def work(request: Request, ctx: RunContext) -> None:
        got.append(request.metadata)

    thing, circle = object(), []  # type: tuple[object, list[Any]]
    circle.append(circle)
    async with finale.open_workspace(work) as workspace:
        workspace.submit("p", "s", metadata={"thing": thing, "circle": circle})
    assert got[0]["thing"] is thing
    assert got[0]["circle"] is not circle
    assert got[0]["circle"][0] is got[0]["circle"]


CANCELS: dict[str, Callable[[Workspace, finale.RunHandle, Any], object]] = {
    "cancel": lambda workspace, run, by: workspace.cancel("s", by),
    "terminate": lambda workspace, run, by: workspace.terminate("s", by),
    "clear_queue": lambda workspace, run, by: workspace.clear_queue("s", by),
    "close": lambda workspace, run, by: workspace.close(by),
    "run.cancel": lambda workspace, run, by: run.cancel(by),
    "run.terminate": lambda workspace, run, by: run.terminate(by),
}


@pytest.mark.parametrize("name", CANCELS)
@pytest.mark.parametrize("by", [None, object()])
async def test_who_cancels_is_named_with_text(name: str, by: object) -> None:
    """I3, I15: with None a clean-up error made the run fail, with anything else the journal was lost for all."""
    async with finale.open_workspace(sleeper, on_exit="cancel") as workspace:
        run = workspace.submit("p", "s")
        with pytest.raises(TypeError, match=r"by is .* it must be of type str"):
            CANCELS[name](workspace, run, by)
        assert run.state is finale.RunState.ACTIVE


class Mute:
    """Nothing can be said of it."""

    def __repr__(self) -> str:
        raise ZeroDivisionError


async def test_what_has_no_repr_breaks_a_contract_all_the_same() -> None:
    """E19: the violation is told, and not the error of somebody's ``__repr__`` instead of it."""

    async def late(request: Request, ctx: RunContext) -> Any:
        if request.prompt == "late":
            ctx.complete("first")
            ctx.progress_nowait(Mute())
        return Mute() if request.prompt == "wrong" else None

    async with finale.open_workspace(late) as workspace:
        events = workspace.subscribe()
        workspace.submit("late", "s")
        wrong = await workspace.submit("wrong", "s").wait()
        with pytest.raises(TypeError, match="prompt is <a Mute without a repr>, a Mute"):
            workspace.submit(Mute(), "s")  # type: ignore[arg-type]
    assert wrong.error is not None
    assert wrong.error.type == "finale.errors.ContractViolation"
    assert wrong.error.message.endswith("<a Mute without a repr>")
    notes = [event async for event in events if isinstance(event, finale.Notification)]
    assert [note.kind for note in notes] == ["contract_violation"]


# Errors ------------------------------------------------------------------------------------------------------------------


class Odd(type):
    """Classes of errors that cannot be named."""

    def __getattribute__(cls, name: str) -> Any:
        if name == "__qualname__":
            raise SystemExit
        return super().__getattribute__(name)


class Unnamed(Exception, metaclass=Odd):  # it is the point of it
    """Its class has no name."""


class Deadly(Exception):  # the same
    """Whoever reads it leaves the program."""

    def __str__(self) -> str:
        raise SystemExit


@pytest.mark.parametrize("error", [Unnamed, Deadly])
async def test_an_error_that_strikes_when_it_is_looked_at(error: type[Exception]) -> None:
    """E6: it fails its run, and the workspace goes on."""

    async def work(request: Request, ctx: RunContext) -> str:
        raise error

    async with finale.open_workspace(work) as workspace:
        for _ in range(2):
            assert (await workspace.submit("p", "s").wait()).status is Status.FAILED


@pytest.mark.parametrize("depth", [10, 480, 960, 5_000])
@pytest.mark.parametrize("cancelled", [False, True])
async def test_groups_nested_beyond_all_recursion(depth: int, cancelled: bool) -> None:
    """E18: somebody else's supervisor may wrap each restart once more. The run ends; the workspace goes on."""

    async def work(request: Request, ctx: RunContext) -> str:
        error: Exception = ValueError("at the bottom")
        for _ in range(depth):
            error = ExceptionGroup("again", [error])
        with suppress(trio.Cancelled):
            await trio.sleep(60 if cancelled else 0)
        raise error

    async with finale.open_workspace(work) as workspace:
        run = workspace.submit("p", "s")
        await trio.testing.wait_all_tasks_blocked()
        if cancelled:
            run.cancel()
        complete = await run.wait()
        assert complete.status is Status.FAILED
        assert complete.error is not None
        assert complete.error.type in ("ExceptionGroup", "RecursionError")  # trio splits groups by recursion, too
        agrees(workspace)


# Calls that come at the wrong moment -------------------------------------------------------------------------------------


async def test_a_call_from_the_rim_of_the_stack_happens_or_does_not() -> None:
    """I1: no RecursionError strikes between an acceptance and its place in the queue, or between a state and its event."""

    def below(depth: int, call: Callable[[], object]) -> object:
        return below(depth - 1, call) if depth else call()

    async with finale.open_workspace(sleeper) as workspace:
        events = workspace.subscribe()
        rejected, calls = set(), [lambda: workspace.cancel("s"), lambda: workspace.terminate("s")]  # type: set[str], list[Any]
        for depth in range(sys.getrecursionlimit() - 200, sys.getrecursionlimit()):
            for number in range(3):
                name = f"{depth} {number}"
                try:
                    below(depth, partial(workspace.submit, "p", "s", run_id=name))
                except RecursionError:
                    rejected.add(name)
            for call in calls:
                try:
                    below(depth, call)
                except RecursionError:
                    agrees(workspace)
        assert 0 < len(rejected) < 600
        assert not any(workspace.run(name) for name in rejected)
        workspace.close()
        with trio.fail_after(5):
            await workspace.wait_idle()
    await told(events)


class Returner:
    """Calls back when it is collected, whoever is at work then."""

    def __init__(self, call: Callable[[], object]) -> None:
        self.call = call
        self.me = self  # so that only the collector finds it

    def __del__(self) -> None:
        self.call()


@pytest.mark.parametrize("name", ["cancel", "terminate", "submit"])
async def test_a_destructor_cannot_come_back_in(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """I1: in the middle of a step a session is half a session; a cancel there settled runs twice."""
    refused: list[BaseException | None] = []
    monkeypatch.setattr(sys, "unraisablehook", lambda what: refused.append(what.exc_value))
    try:
        for allocations in range(1, 40, 3):
            async with finale.open_workspace(echo) as workspace:
                events = workspace.subscribe()
                calls: dict[str, Callable[[], object]] = {
                    "cancel": partial(workspace.cancel, "s"),
                    "terminate": partial(workspace.terminate, "s"),
                    "submit": partial(workspace.submit, "again", "s"),
                }
                for _ in range(2):
                    workspace.submit("p", "s")
                gc.collect()
                Returner(calls[name])
                gc.set_threshold(allocations)
                workspace.submit("p", "s", when_busy="interrupt")
                gc.set_threshold(700)
                agrees(workspace)
            await told(events)
    finally:
        gc.set_threshold(700)
        gc.collect()
    assert any(isinstance(error, RuntimeError) and "in the middle of another command" in str(error) for error in refused)


async def test_what_is_dropped_from_the_log_may_call_back() -> None:
    """I11: a payload that submits when it is forgotten, which is in the middle of a step, gets a refusal, not a second copy."""
    refused: list[str] = []

    class Payload:
        pass

    def forgotten() -> None:
        try:
            workspace.submit("q", "other")
        except (RuntimeError, finale.WorkspaceClosing) as error:
            refused.append(str(error))

    async def work(request: Request, ctx: RunContext) -> None:
        for _ in range(60 if request.session == "s" else 0):
            payload = Payload()
            weakref.finalize(payload, forgotten).atexit = False
            ctx.progress_nowait(payload)

    async with finale.open_workspace(work, progress_limit=4) as workspace:
        events = workspace.subscribe()
        await workspace.submit("p", "s").wait()
    seqs = [event.seq async for event in events if isinstance(event, Event)]
    assert all(first < second for first, second in pairwise(seqs))
    assert refused
    assert "submit() was called in the middle of another command" in refused[0]


async def test_a_clock_that_fails_ends_no_run_differently() -> None:
    """I1: each run was stranded by it, and the workspace crashed. What has happened is told with the time known last."""
    times = iter(range(3))

    def clock() -> float:
        return next(times)

    async with finale.open_workspace(echo, clock=clock, logger=quiet()) as workspace:
        events = workspace.subscribe()
        assert await workspace.submit("p", "s").result() == "p"
        assert (await workspace.submit("q", "s").wait()).at == 2
    await told(events)


async def test_a_clock_that_tells_no_time_rejects() -> None:
    """No journal could keep what it says, so the first event would have cost everybody the journal."""
    with pytest.raises(TypeError, match="the clock gave 'noon', a str"):
        async with finale.open_workspace(echo, clock=lambda: "noon") as workspace:  # type: ignore[arg-type,return-value]
            workspace.submit("p", "s")
    assert workspace.statistics().accepted == 0


# Elsewhere ---------------------------------------------------------------------------------------------------------------


async def test_waiting_in_the_trio_of_another_thread_is_refused() -> None:
    """I15: it made the workspace crash, whose trio cannot wake what sleeps in another one's."""
    refused: list[str] = []
    async with finale.open_workspace(sleeper) as workspace:
        run = workspace.submit("p", "s")
        waits: list[Callable[[], Any]] = [
            run.wait, run.result, workspace.wait_idle, workspace.subscribe().__anext__, run.events().__anext__
        ]  # fmt: skip

        async def elsewhere() -> None:
            for wait in waits:
                try:
                    while True:
                        await wait()
                except finale.WrongThread as error:
                    refused.append(str(error))

        await trio.to_thread.run_sync(trio.run, elsewhere)
        assert len(refused) == len(waits)
        assert all("go through trio.from_thread.run(function" in message for message in refused)
        workspace.close()
        assert (await run.wait()).status is Status.CANCELLED
    waiter = threading.Thread(target=lambda: refused.append(trio.run(run.wait).run_id))
    waiter.start()
    await trio.to_thread.run_sync(waiter.join)
    assert refused[-1] == run.run_id, "what has ended is known everywhere"


# A process that comes again ----------------------------------------------------------------------------------------------


class Mortal(MemoryJournal):
    """Keeps nothing of what is appended once its process is dead."""

    dead = False

    async def append(self, events: Sequence[Event]) -> None:
        if not self.dead:
            await super().append(events)


async def talker(request: Request, ctx: RunContext) -> None:
    for word in range(9):
        ctx.progress_nowait(word)
    await trio.sleep_forever()


@pytest.mark.parametrize("following", [{}, {"session": "s"}, {"run_id": "r"}])
async def test_whoever_returns_after_a_crash_is_told_the_ending(following: dict[str, Any]) -> None:
    """I11, I12: a client that had seen more than the journal never heard how its run ended: the seq came again."""
    journal = Mortal()
    async with finale.open_workspace(talker, journal=journal, on_exit="cancel") as workspace:
        workspace.submit("p", "s", run_id="r")
        events = workspace.subscribe(since=0)
        seen = [await anext(events) for _ in range(11)]
        journal.dead = True
    assert isinstance(seen[-1], finale.Progress)
    async with finale.open_workspace(talker, journal=journal, on_exit="cancel") as workspace:
        returned = workspace.subscribe(since=seen[-1].seq, **following)
        await workspace.submit("q", "s").accepted()
    (ending, *rest) = [event async for event in returned if not isinstance(event, finale.Progress)]
    assert isinstance(ending, RunComplete)
    assert (ending.run_id, ending.status) == ("r", Status.FAILED)
    assert len(rest) == (0 if "run_id" in following else 3)


@pytest.mark.parametrize("since", [0, 1, 5])
@pytest.mark.parametrize("session", [None, "s"])
async def test_between_two_openings_nothing_is_missing(since: int, session: str | None) -> None:
    """I11: their numbers are far apart, and no gap stands for that; nor does a reader lag by it."""
    journal = MemoryJournal()
    for _ in range(3):
        async with finale.open_workspace(echo, journal=journal) as workspace:
            await workspace.submit("p", "s").wait()
            await workspace.submit("p", "s").wait()
            level = workspace.subscribe(since=workspace.statistics().delivery.published - 6)
            assert [reader.lag for reader in workspace.statistics().delivery.subscribers] == [6]
            for _ in range(6):
                await anext(level)
            reader = workspace.subscribe(since=since, session=session)
            told_now = [await anext(reader) for _ in range(6 - since)]
        assert not any(isinstance(event, Gap) for event in [*told_now, *[event async for event in reader]])
    assert [event.seq for event in await journal.read()] == [n * 10**9 + m for n in range(3) for m in range(1, 7)]


async def test_a_gap_is_counted_across_openings() -> None:
    """Of what this process has dropped; nobody knows what died with the other."""
    journal = MemoryJournal()
    async with finale.open_workspace(echo, journal=journal) as workspace:
        await workspace.submit("p", "s").wait()
    async with finale.open_workspace(talker, journal=journal, progress_limit=1, on_exit="cancel") as workspace:
        workspace.submit("p", "s")
        reader = workspace.subscribe(since=3)
        await trio.testing.wait_all_tasks_blocked()
    gaps = [event for event in [event async for event in reader] if isinstance(event, Gap)]
    assert [gap.dropped for gap in gaps] == [8]


@pytest.mark.parametrize("wrong", ["disorder", "twice", "foreign"])
async def test_a_journal_that_tells_something_else_is_not_opened(wrong: str) -> None:
    """I14: it would have gone on with numbers that are taken."""
    journal = MemoryJournal()
    async with finale.open_workspace(echo, journal=journal) as workspace:
        await workspace.submit("p", "s").wait()
    first, second, third = await journal.read()
    tales: dict[str, list[Any]] = {
        "disorder": [first, third, second],
        "twice": [first, second, second, third],
        "foreign": [encode(first)],
    }

    class Liar(MemoryJournal):
        async def read(self, after: int = 0) -> list[Event]:
            return tales[wrong]

    with pytest.raises(finale.JournalError, match=r"cannot be read back: .*(comes before it|is no event; decode\(\))"):
        async with finale.open_workspace(echo, journal=Liar()):
            pytest.fail("it opened")


async def test_a_journal_may_be_read_but_once() -> None:
    """I14: what a generator tells is kept; numbers began at 1 again, over those that were taken."""

    class Once(MemoryJournal):
        async def read(self, after: int = 0) -> Any:
            return iter(await super().read(after))

    journal = Once()
    for _ in range(2):
        async with finale.open_workspace(echo, journal=journal) as workspace:
            await workspace.submit("p", "s").wait()
    assert len(list(await journal.read())) == 6


async def test_a_journal_in_memory_notices_a_second_writer() -> None:
    """I14: two workspaces give the same numbers to different events, and one overwrote the other's runs."""
    journal = MemoryJournal()
    async with (
        finale.open_workspace(echo, journal=journal) as first,
        finale.open_workspace(echo, journal=journal, logger=quiet()) as second,
    ):
        assert await first.submit("p", "s", run_id="mine").result() == "p"
        await first.wait_idle()
        with pytest.raises(finale.JournalError, match="not durable"):
            await second.submit("p", "s").accepted()
    assert {event.run_id for event in await journal.read()} == {"mine"}


# The rest ----------------------------------------------------------------------------------------------------------------


async def test_a_reader_that_is_cancelled_leaves_the_subscription_free() -> None:
    """Whoever reads next gets all that there is."""
    async with finale.open_workspace(sleeper, on_exit="cancel") as workspace:
        events = workspace.subscribe()
        with trio.move_on_after(0.01):
            await anext(events)
        workspace.submit("p", "s")
    await told(events)


@pytest.mark.parametrize("option", ["grace_s", "deadline_s", "idle_s"])
async def test_seconds_may_be_of_any_kind_of_number(option: str) -> None:
    """I15: a Decimal crashed the workspace when it was used first, at the first cancel; now it is one from the start."""
    options: dict[str, Any] = {option: Decimal("0.01")}
    async with finale.open_workspace(sleeper, on_exit="cancel", **options) as workspace:
        run = workspace.submit("p", "s")
        await trio.testing.wait_all_tasks_blocked(0.02)
        run.cancel()
        assert (await run.wait()).status is (Status.CANCELLED if option == "grace_s" else Status.FAILED)
    with pytest.raises(OverflowError):
        async with finale.open_workspace(sleeper, **{option: 10**400}):  # type: ignore[arg-type]
            pytest.fail("it opened")


async def test_a_journal_that_chokes_on_text_is_found() -> None:
    """I15: a lone surrogate in one client's prompt would cost everybody the journal; ``check_journal`` says so before."""

    class Utf8(MemoryJournal):
        async def append(self, events: Sequence[Event]) -> None:
            json.dumps([encode(event) for event in events], ensure_ascii=False).encode()
            await super().append(events)

    for make in (MemoryJournal, JsonJournal):
        journal = make()
        await check_journal(partial(opened, journal))
    with pytest.raises(ConformanceError, match="store whatever text a workspace may be given, and raised UnicodeEncodeError"):
        await check_journal(lambda: opened(Utf8()))


async def opened(journal: MemoryJournal) -> MemoryJournal:
    return journal


async def test_a_coordinator_that_leaves_things_open_fails() -> None:
    """E19: scopes that are never left, or left crosswise, are its own failure, and nobody else's."""

    async def work(request: Request, ctx: RunContext) -> None:
        outer, inner = trio.CancelScope(), trio.CancelScope()
        outer.__enter__()
        if request.prompt == "crosswise":
            inner.__enter__()
            outer.__exit__(None, None, None)

    async with finale.open_workspace(work) as workspace:
        for prompt in ("open", "crosswise"):
            complete = await workspace.submit(prompt, "s").wait()
            assert complete.status is Status.FAILED
            assert complete.error is not None
            assert "Cancel scope stack corrupted" in complete.error.message


async def test_a_coordinator_that_awaits_a_loop_of_another_library_fails() -> None:
    """E6: trio does not know what it waits for."""

    async def work(request: Request, ctx: RunContext) -> None:
        await asyncio.sleep(0)

    async with finale.open_workspace(work) as workspace:
        complete = await workspace.submit("p", "s").wait()
        assert complete.error is not None
        assert complete.error.type == "TypeError"


async def test_a_coordinator_that_cancels_everybody_cancels_everybody() -> None:
    """E17: the nursery of runs is in its reach; each run is told to be cancelled, once."""

    async def work(request: Request, ctx: RunContext) -> None:
        if request.prompt == "last":
            nursery = trio.lowlevel.current_task().parent_nursery
            assert nursery is not None
            nursery.cancel_scope.cancel()
        await trio.sleep_forever()

    async with finale.open_workspace(work) as workspace:
        events = workspace.subscribe()
        runs = [workspace.submit(prompt, prompt) for prompt in ("a", "b", "last")]
        runs.append(workspace.submit("waits", "a"))
        await trio.sleep(60)
    await told(events)
    assert {run.status for run in runs} == {Status.CANCELLED}


def test_calls_from_the_host_of_a_guest() -> None:
    """In guest mode the host's callbacks run in the workspace's thread, between trio's steps. They are callers like any other."""
    got: list[Any] = []

    async def host() -> None:
        loop, ready, done = asyncio.get_running_loop(), asyncio.Event(), asyncio.Event()

        async def guest() -> None:
            async with finale.open_workspace(sleeper) as workspace:
                got.extend((workspace, workspace.subscribe()))
                ready.set()
                with root:
                    await trio.sleep_forever()

        trio.lowlevel.start_guest_run(
            guest,
            run_sync_soon_threadsafe=loop.call_soon_threadsafe,
            done_callback=lambda _: done.set(),
            host_uses_signal_set_wakeup_fd=True,
        )
        await ready.wait()
        workspace: Workspace = got[0]
        runs = [workspace.submit(f"{number}", "s") for number in range(3)]
        assert runs[1].cancel()
        assert workspace.cancel("s") == 2
        while workspace.statistics().in_flight:  # noqa: ASYNC110  # trio's own waits are not for the host
            await asyncio.sleep(0)
        runs.append(workspace.submit("again", "s"))
        workspace.close()
        while runs[-1].complete is None:  # noqa: ASYNC110
            await asyncio.sleep(0)
        got.append([run.status for run in runs])
        root.cancel()
        await done.wait()

    root = trio.CancelScope()
    asyncio.run(host())
    assert got[2] == [Status.CANCELLED] * 4
