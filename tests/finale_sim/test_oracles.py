"""Each oracle passes sound histories, fails a minimal broken one, and never guesses."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from finale import (
    DuplicateRun,
    EmptyPrompt,
    ErrorInfo,
    Gap,
    Notification,
    QueueFull,
    Request,
    RunAccepted,
    RunStarted,
    RunState,
    SessionBusy,
    SessionMissing,
    Status,
    WorkspaceClosing,
)
from finale.testing import STUBS
from finale_sim.calls import Kept
from finale_sim.canaries import CANARIES
from finale_sim.history import RETURNED, History, What
from finale_sim.oracles import Oracle, Unjudged, judge, oracles
from finale_sim.program import ScenarioProgram
from finale_sim.scenarios import SCENARIOS
from finale_sim.search import RandomWalk
from tests.finale_sim.histories import Past, sound

CANCELLED, FAILED = Status.CANCELLED, Status.FAILED


def later(past: Past, seconds: float = 1) -> Past:
    past.at += seconds
    return past


def two_in_a_row() -> Past:
    return sound("r2", past=sound("r1"))


def queued() -> Past:
    """The second run waits behind the first one and starts when that lets go."""
    past = Past().accept("r1").accept("r2").start("r1")
    later(past).did(What.RETURNED, "r1", detail="a").end("r1", text="a").start("r2")
    return later(past).did(What.RETURNED, "r2", detail="b").end("r2", text="b")


def cancelled_while_waiting() -> Past:
    past = Past().accept("r1").accept("r2").start("r1").stop(run_id="r2").end("r2", CANCELLED, cancelled_by="x")
    return later(past).did(What.RETURNED, "r1", detail="a").end("r1", text="a")


def cancelled_while_active() -> Past:
    past = Past().accept("r1").start("r1", prepares=True)
    later(past).stop()
    return past.did(What.STOPPED, "r1", detail="Cancelled").end("r1", CANCELLED, cancelled_by="x")


def finishes_in_spite_of_a_cancel() -> Past:
    past = Past().accept("r1").start("r1")
    later(past).stop()
    past.cancelled = True
    past.did(What.RETURNED, "r1", detail="a")
    past.cancelled = False
    return past.end("r1", text="a")


def failed() -> Past:
    past = Past().accept("r1").start("r1")
    return past.did(What.RAISED, "r1", detail=ValueError("boom")).end("r1", FAILED, error="boom")


def fails_and_is_covered_later() -> Past:
    """An error that came out of a timeout of its own, long before somebody closed the workspace."""
    past = Past().accept("r1").start("r1").did(What.STOPPED, "r1", detail=TimeoutError("slow"))
    past.end("r1", FAILED, error="slow")
    return later(past).stop(What.CLOSE)


def published_then_raises() -> Past:
    past = Past().accept("r1").start("r1").did(What.PUBLISHED, "r1", detail="a").end("r1", text="a")
    return later(past).did(What.RAISED, "r1", detail=OSError("disk"))


def returns_rubbish() -> Past:
    return Past().accept("r1").start("r1").did(What.RETURNED, "r1", detail=42).end("r1", FAILED, error="42")


def abandoned() -> Past:
    past = Past().accept("r1").start("r1").stop()
    later(past, 5).end("r1", CANCELLED, abandoned=True)
    past.cancelled = True
    return later(past, 9).did(What.RETURNED, "r1", detail="late")


def rejected() -> Past:
    return Past().reject("r1").stop(covered=0)


def closed_early() -> Past:
    return Past().accept("r1").stop(What.CLOSE).end("r1", CANCELLED, cancelled_by="closing")


def stopped_while_it_failed() -> Past:
    """A tool fails in the step in which the run is cancelled: a group of both comes out, of which the SDK keeps the error."""
    past = Past().accept("r1").accept("r2", "s2").start("r1").start("r2", "s2").stop()
    past.did(What.RAISED, "r2", "s2", detail=ExceptionGroup("tools", [OSError("refused")]))
    past.end("r2", FAILED, session="s2", error="tools (1 sub-exception)")
    past.did(What.STOPPED, "r1", detail=BaseExceptionGroup("tools", [OSError("refused"), KeyboardInterrupt()]))
    return past.end("r1", FAILED, error="tools (1 sub-exception)")


SOUND = [
    stopped_while_it_failed,
    Past, sound, two_in_a_row, queued, cancelled_while_waiting, cancelled_while_active, finishes_in_spite_of_a_cancel, failed,
    fails_and_is_covered_later, published_then_raises, returns_rubbish, abandoned, rejected, closed_early,
]  # fmt: skip


@pytest.mark.parametrize("make", SOUND, ids=lambda make: make.__name__)
@pytest.mark.parametrize("oracle", oracles(), ids=lambda oracle: oracle.name)
def test_a_sound_history_passes(oracle: Oracle, make: Callable[[], Past]) -> None:
    """No oracle says anything about what is as it should be."""
    assert list(oracle.check(make().history)) == []


def crashed() -> Past:
    past = sound()
    past.history.crash = "KeyError('r1')"
    return past


def stuck() -> Past:
    past = sound()
    past.history.stuck = "/main waits in trio.Event.wait"
    return past


def other_error() -> Past:
    past = Past().accept("r1").accept("r2", "s2").start("r1").start("r2", "s2")
    past.did(What.RAISED, "r1", detail=ValueError("one")).did(What.RAISED, "r2", "s2", ValueError("two"))
    return past.end("r1", FAILED, error="two").end("r2", FAILED, session="s2", error="two")


def wrong_session() -> Past:
    past = sound("r2", "s2", Past().accept("r1").start("r1").did(What.RETURNED, "r1", detail="a"))
    return past.end("r1", text="a", session="s2")


def late_start() -> Past:
    past = Past().accept("r1").accept("r2").start("r1").did(What.RETURNED, "r1", detail="a").end("r1", text="a")
    later(past).start("r2").did(What.RETURNED, "r2", detail="b")
    return past.end("r2", text="b")


def never_started() -> Past:
    return Past().accept("r1")


def told_late() -> Past:
    past = Past().accept("r1").start("r1").did(What.RETURNED, "r1", detail="a")
    complete = past.ending("r1", text="a")
    past.see(complete)
    later(past).history.note("waiter r1", What.WAITED, "r1", "s1", complete)
    return past


def told_another() -> Past:
    past = Past().accept("r1").start("r1").did(What.RETURNED, "r1", detail="a").see(Past().ending("r1", text="a"))
    past.history.note("waiter r1", What.WAITED, "r1", "s1", past.ending("r9", text="a"))
    return past


def told_wrongly() -> Past:
    past = Past().accept("r1").start("r1").did(What.RETURNED, "r1", detail="a").see(Past().ending("r1", text="a"))
    past.history.note("waiter r1", What.WAITED, "r1", "s1", past.ending("r1", FAILED))
    return past


def cut_off() -> Past:
    past = later(Past().accept("r1").start("r1")).did(What.REPORTED, "r1", detail="x").progress("r1", "x")
    past = later(past).did(What.STOPPED, "r1", detail=OSError())
    return past.see(past.ending("r1", FAILED, error=ErrorInfo("finale.errors.RunTimedOut", "slow")))


def stalled() -> Past:
    return later(Past().accept("r1").start("r1"), 9).did(What.RETURNED, "r1", detail="a").end("r1", text="a")


def announced() -> Past:
    past = Past().accept("r1").start("r1").did(What.RAISED, "r1", detail=ValueError("boom"))
    return past.see(Notification("r1", "s1", 2, 1, 0.0, "error", "boom")).end("r1", FAILED, error="boom")


def blamed() -> Past:
    past = sound().accept("r2").start("r2").did(What.RAISED, "r2", detail=ValueError("boom")).end("r2", FAILED, error="boom")
    return past.see(Notification("r1", "s1", 99, 9, 0.0, "error", "boom"))


def told_half() -> Past:
    past = Past().accept("r1").start("r1").did(What.RETURNED, "r1", detail="a").see(Past().ending("r1", text="a"))
    past.history.note("waiter r1", What.WAITED, "r1", "s1", past.ending("r1", text="half"))
    return past


def stopped_by_nobody() -> Past:
    past = Past().accept("r1").start("r1")
    past.cancelled = True
    return past.did(What.STOPPED, "r1", detail=OSError()).end("r1", CANCELLED)


def never_told() -> Past:
    past = Past().accept("r1").start("r1").did(What.RETURNED, "r1", detail="a")
    return past.see(past.ending("r1", text="a"))


def overtaking() -> Past:
    past = Past().accept("r1").accept("r2")
    for run_id in ("r2", "r1"):
        past.start(run_id).did(What.RETURNED, run_id, detail="a").end(run_id, text="a")
    return past


def held_back() -> Past:
    past = Past().accept("r1").start("r1").did(What.RETURNED, "r1", detail="a")
    return later(past).end("r1", text="a")


def unseen_report() -> Past:
    past = Past().accept("r1").start("r1").did(What.REPORTED, "r1", detail="news")
    return past.did(What.RETURNED, "r1", detail="a").end("r1", text="a")


def outlives_its_workspace() -> Past:
    past = Past().accept("r1").start("r1")
    past.history.note("client", What.LEFT)
    return past.did(What.RETURNED, "r1", detail="a").end("r1", text="a")


def reader(times: int = 0) -> Past:
    """A second subscriber that was told the ending ``times`` times, and read to the end."""
    past = sound()
    for _ in range(times):
        past.history.note("reader", What.EVENT, "r1", "s1", past.history.endings("r1")[0])
    past.history.note("reader", What.END_OF_EVENTS)
    return past


def returned(times: int) -> Past:
    """A process was killed before the ending was seen. The next one tells it; the first witness comes back for it."""
    past = Past().accept("r1").start("r1")
    past.history.note("journal", What.KILLED)
    past.history.witness = "second witness"
    past.history.note("client", What.OPENED)
    ending = past.ending("r1", FAILED)
    past.see(ending, "second witness")
    for _ in range(times):
        past.see(ending, RETURNED)
    past.history.note(RETURNED, What.END_OF_EVENTS)
    return past


def asked(state: RunState, active: str | None) -> Past:
    """The witness asked about run r1 and its session when it saw the ending."""
    past = sound()
    handle = SimpleNamespace(run_id=active) if active else None
    past.history.note("witness", What.ASKED, "r1", "s1", (state, SimpleNamespace(active=handle, queue=())))
    return past


def journal_of(*accepted: str) -> Past:
    """The ending of r1 was told as durable; the journal has these acceptances and nothing else."""
    past = Past().accept("r1").start("r1").did(What.RETURNED, "r1", detail="a")
    past.see(replace(past.ending("r1", text="a"), durable=True))
    stored = tuple(RunAccepted(run_id, "s1", 99, 0, 0.0, Request("p", "s1", run_id)) for run_id in accepted)
    past.history.note("journal", What.STORED, detail=stored)
    return past


A, C, F, S, W = RunState.ACTIVE, RunState.CANCELLING, RunState.FOLDED, RunState.SETTLED, RunState.WAITING


def refused(error: Exception | None, *args: str, past: Past | None = None, **more: object) -> Past:
    return (past or Past()).ask(*args, error=error, **more)


def lost_journal() -> Past:
    past = Past()
    past.history.durable = True
    return past.accept("r1").end("r1", text="x")


def cancelled(by: str | None, **more: Any) -> Past:
    """Ann cancels the session of r1, which waits."""
    past = Past().accept("r1").stopped("cancel", {"r1": W}, {"r1": S}, session="s1", answer=1).stop()
    return past.end("r1", CANCELLED, cancelled_by=by, **more)


def both() -> Past:
    return Past().accept("r1").accept("r2")


def late_ending(word: str = "cancel", *, abandoned: bool = False, at: float = 6) -> Past:
    past = Past().accept("r1").start("r1").stopped(word, {"r1": A}, {"r1": C if word == "cancel" else S}, session="s1", answer=1)
    past.history.note("client", What.CANCEL, session="s1", detail=1)
    ending = replace(past.ending("r1", CANCELLED, cancelled_by="ann", abandoned=abandoned), at=at)
    return past.see(ending)


def assured(error: Exception | None, *, kept: bool, at: float = 0) -> Past:
    """Somebody asked whether r1 is kept. Its acceptance has seq 1."""
    past = Past()
    past.history.durable = True
    past.accept("r1")
    if kept:
        past.history.kept[1] = Kept(0, 0.0)
    past.history.note("asker", What.ASSURING, "r1", "s1")
    later(past, at).history.note("asker", What.ASSURED, "r1", "s1", error)
    return past


def durable(*, says: bool, journal: bool | None, kept: bool) -> Past:
    past = Past().accept("r1")
    past.history.durable = journal
    ending = replace(past.ending("r1", text="a"), durable=says)
    if kept:
        past.history.kept[ending.seq] = Kept(0, 0.0)
    return past.see(ending)


def told(*places: int, gap: Gap | None = None, **where: Any) -> Past:
    """A reader was told what stands at these places of what the witness saw of two runs."""
    past = two_in_a_row()
    events = past.history.events()
    return past.read("reader", *([gap] if gap else []), *(events[place] for place in places), **{"since": 0} | where)


RIGHT = {
    "refused for the first of two reasons": lambda: refused(EmptyPrompt("''"), "", busy=True, when_busy="reject"),
    "refused because it is full": lambda: refused(QueueFull("'s1' is full"), busy=True, waiting=1),
    "the same again": lambda: (
        Past().ask(run_id="r1", became="r1").ask(run_id="r1", became="r1", known=True).accept("r1").end("r1")
    ),
    "perhaps cancelled by now": lambda: refused(WorkspaceClosing("'prompt'"), past=Past().stop(What.OUTSIDE)),
    "perhaps not": lambda: Past().stop(What.OUTSIDE).ask(),
    "cancelled by ann": lambda: cancelled("ann"),
    "overtaken": lambda: (
        Past()
        .accept("r1")
        .stop(What.OUTSIDE)
        .stopped("close", {"r1": W}, {"r1": S})
        .stop(What.CLOSE)
        .end("r1", CANCELLED, cancelled_by="ann")
    ),
    "out of patience": lambda: late_ending(abandoned=True, at=5),
    "terminated": lambda: late_ending("terminate", abandoned=True, at=0),
    "kept": lambda: assured(None, kept=True),
    "not kept": lambda: assured(OSError("lost"), kept=False),
    "durable": lambda: durable(says=True, journal=True, kept=True),
    "not durable": lambda: durable(says=False, journal=True, kept=False),
    "no journal": lambda: durable(says=False, journal=None, kept=False),
    "all of it": lambda: told(0, 1, 2, 3, 4, 5),
    "the rest": lambda: told(3, 4, 5, since=3),
    "a gap": lambda: told(1, 2, 3, 4, 5, gap=Gap(1)),
    "one run": lambda: told(0, 1, 2, run_id="r1"),
    "sent away": lambda: Past().read("reader", since=99, error=ValueError("since is 99"), to_the_end=False),
    "notified once": lambda: speaks_after_its_end(1),
}


@pytest.mark.parametrize("name", RIGHT)
def test_what_is_right_is_not_objected_to(name: str) -> None:
    """What looks at single answers says nothing of these. Some are pieces, in which other oracles miss the rest."""
    close = {"right refusal", "I3 by whom", "I4 stops", "I11 streams", "I14 durability", "I7 data first"}
    judges = [oracle for oracle in oracles(queue_limit=1) if oracle.name in close]
    assert {oracle.name: list(oracle.check(RIGHT[name]().history)) for oracle in judges} == {name: [] for name in close}


def speaks_after_its_end(notes: int) -> Past:
    past = Past().accept("r1").start("r1").did(What.PUBLISHED, "r1", detail="a").did(What.REPORTED, "r1", detail="more")
    past.end("r1", text="a")
    for _ in range(notes):
        past.see(Notification("r1", "s1", 90, 9, 0.0, "contract_violation", "progress after the ending is discarded: 'more'"))
    return past


def left_untold() -> Past:
    past = sound()
    past.history.unsettled = ("r1",)
    past.history.note("client", What.LEFT)
    return past


def accepted_as_another() -> Past:
    return Past().ask("something else", became="r1").accept("r1").end("r1", text="a")


BROKEN: list[tuple[str, str, Callable[[], Past]]] = [
    ("no crash", "the workspace came down: KeyError", crashed),
    ("I1 one terminal", "run r1 was accepted and has no terminal event", never_started),
    ("I1 one terminal", "run r1 has 2 terminal events: completed, completed", lambda: sound().end("r1", text="answer r1")),
    ("I1 one terminal", "run r9 was never accepted and has an event", lambda: sound().end("r9")),
    ("I1 one terminal", "run r9 was never accepted and has an event: Progress", lambda: sound().progress("r9", "x")),
    ("I1 one terminal", "run r9 was rejected and has events", lambda: sound().reject("r9").progress("r9", "x")),
    ("I2 attribution", "belongs to session s1, its ending says s2", wrong_session),
    ("I2 attribution", "its ending says 'theirs'",
     lambda: Past().accept("r1").start("r1").did(What.RETURNED, "r1", detail="mine").end("r1", text="theirs")),
    ("I2 attribution", "run r1 has the error of another run: two", other_error),
    ("I3 truth", "gave 'a', so it is completed; its ending says failed",
     lambda: Past().accept("r1").start("r1").did(What.RETURNED, "r1", detail="a").end("r1", FAILED)),
    ("I3 truth", "raised ValueError('x'), so it is failed; its ending says completed",
     lambda: Past().accept("r1").start("r1").did(What.RAISED, "r1", detail=ValueError("x")).end("r1")),
    ("I3 truth", "gave 42, so it is failed; its ending says completed",
     lambda: Past().accept("r1").start("r1").did(What.RETURNED, "r1", detail=42).end("r1")),
    ("I3 truth", "was stopped by what covers it, so it is cancelled; its ending says failed",
     lambda: Past().accept("r1").start("r1").stop().did(What.STOPPED, "r1", detail=OSError()).end("r1", FAILED)),
    ("I3 truth", "so it is failed; its ending says cancelled",
     lambda: Past().accept("r1").start("r1").did(What.STOPPED, "r1", detail=OSError()).end("r1", CANCELLED)),
    ("I3 truth", "was stopped before it was called, so it is cancelled; its ending says completed",
     lambda: Past().accept("r1").stop().end("r1")),
    ("I3 truth", "took too long, and no notice of its end, so it is failed",
     lambda: Past().accept("r1").start("r1").end("r1", CANCELLED, abandoned=True)),
    ("I1 one terminal", "run r1 has a terminal event, and before it another signal of its end: boom", announced),
    ("I2 attribution", "run r1 is notified of the error of run r2: boom", blamed),
    ("I3 limits", "run r1 was stopped as out of time after 2 s, of which it was silent for at most 1 s at a time", cut_off),
    ("I3 limits", "after 9 s, of which it was silent for at most 9 s at a time, and nothing had stopped it", stalled),
    ("I4 cancel scope", "nothing covers run r1, and it was cancelled by 'nobody'",
     lambda: Past().accept("r1").end("r1", CANCELLED, cancelled_by="nobody")),
    ("I4 cancel scope", "nothing covers run r1", lambda: Past().stop().accept("r1").end("r1", CANCELLED)),
    ("I4 cancel scope", "nothing covers run r1", lambda: Past().accept("r1").stop(session="s2").end("r1", CANCELLED)),
    ("I4 cancel scope", "nothing covers run r1", lambda: Past().accept("r1").stop(run_id="r2").end("r1", CANCELLED)),
    ("I4 cancel scope", "run r1 was cancelled, and its coordinator was called afterwards",
     lambda: Past().accept("r1").stop().start("r1").end("r1", CANCELLED)),
    ("I4 cancel scope", "which never reached its task; it returns at 2 s",
     lambda: later(Past().accept("r1").start("r1").stop(), 2).did(What.RETURNED, "r1", detail="a").end("r1", text="a")),
    ("I4 cancel scope", "was cancelled at 0 s while it prepared, and went on to be called at 1 s",
     lambda: later(Past().accept("r1").did(What.PREPARING, "r1").stop()).did(What.CALLED, "r1").end("r1", CANCELLED)),
    ("I15 isolation", "run r1 was stopped at 0 s, and nothing had been done that covers it", stopped_by_nobody),
    ("I5 idle cancel", "session s1 had never had a run, and a cancel says that it covered 1", lambda: Past().stop()),
    ("I6 single flight", "session s1 has two active runs at 0 s: r1 and r2",
     lambda: Past().accept("r1").accept("r2").start("r1").start("r2")),
    ("I6 single flight", "run r1 of session s1 started after a run that was accepted later", overtaking),
    ("I7 data first", "run r1 had ended, and 'more' came after it", lambda: sound().progress("r1", "more")),
    ("I7 data first", "run r1 reported 'news', which nobody saw", unseen_report),
    ("I8 promptness", "run r1 returns at 0 s, and its ending was seen at 1 s", held_back),
    ("I10 ownership", "run r1 was accepted after the workspace had closed", lambda: sound(past=Past().stop(What.CLOSE))),
    ("I10 ownership", "run r1 returns after the workspace had been left", outlives_its_workspace),
    ("I11 delivery", "reader was not told the endings of r1, and saw a gap of 0", reader),
    ("I11 delivery", "reader was told the ending of run r1 twice", lambda: reader(times=2)),
    ("I11 delivery", "was told the ending of run r1 0 times, where 1 is right, reading on", lambda: returned(0)),
    ("I11 delivery", "was told the ending of run r1 2 times, where 1 is right", lambda: returned(2)),
    ("I13 agreement", "was seen while its state was active", lambda: asked(RunState.ACTIVE, None)),
    ("I13 agreement", "was seen while its session said that it is active", lambda: asked(RunState.SETTLED, "r1")),
    ("I14 history", "the journal has []", journal_of),
    ("I14 history", "whose ending was never told", lambda: journal_of("r7")),
    ("I17 no poison", "run r1 failed, and its coordinator was not even asked: old news",
     lambda: Past().accept("r1").start("r1").end("r1", FAILED, error="old news")),
    ("I9 no stranding", "run r2 could have started at 0 s, and started at 1 s", late_start),
    ("I9 no stranding", "run r1 was neither started nor settled; its session was free from 0 s on", never_started),
    ("I12 waiter ends", "waiter r1 waits for run r1 for ever", never_told),
    ("I12 waiter ends", "waiter r1 waited for run r1 and was told the ending of r9", told_another),
    ("I12 waiter ends", "waiter r1 was told that run r1 is failed; it is completed", told_wrongly),
    ("I12 waiter ends", "waiter r1 was told that run r1 said 'half'; it said 'a'", told_half),
    ("I12 waiter ends", "waiter r1 was told at 1 s what had been known at 0 s", told_late),
    ("I2 attribution", "run r1 failed, and its ending says 'half'", lambda: Past().accept("r1").end("r1", FAILED, "half")),
    ("I2 attribution", "it was submitted as Request(prompt='something else'", accepted_as_another),
    ("I7 data first", "is called at 0 s, and nobody was told before its ending that it had started",
     lambda: Past().accept("r1").did(What.CALLED, "r1").did(What.RETURNED, "r1", detail="a").end("r1", text="a")),
    ("I7 data first", "had ended and reported 'more'; 0 notifications told of it", lambda: speaks_after_its_end(0)),
    ("I7 data first", "had ended and reported 'more'; 2 notifications told of it", lambda: speaks_after_its_end(2)),
    ("I8 promptness", "had been left, and the ending of run r1 had not been published", left_untold),
    ("right refusal", "was to be accepted, and got SessionBusy: no", lambda: refused(SessionBusy("no"))),
    ("right refusal", "was to be SessionBusy, and got accepted", lambda: refused(None, busy=True, when_busy="reject")),
    ("right refusal", "was to be QueueFull, and got SessionBusy: no",
     lambda: refused(SessionBusy("no"), busy=True, waiting=1)),
    ("right refusal", "was to be EmptyPrompt, and got SessionMissing: no", lambda: refused(SessionMissing("no"), " ")),
    ("right refusal", "was to be SessionMissing, and got EmptyPrompt: no", lambda: refused(EmptyPrompt("no"), "", "")),
    ("right refusal", "was to be ValueError, and got accepted", lambda: refused(None, when_busy="later")),
    ("right refusal", "was to be TypeError, and got accepted", lambda: Past().ask(7)),
    ("right refusal", "was to be WorkspaceClosing, and got EmptyPrompt: no",
     lambda: refused(EmptyPrompt("no"), "", past=Past().stop(What.CLOSE))),
    ("right refusal", "was to be JournalUnavailable, and got WorkspaceClosing: no",
     lambda: refused(WorkspaceClosing("no"), past=lost_journal())),
    ("right refusal", "was to be DuplicateRun, and got accepted",
     lambda: Past().ask(run_id="r1", became="r1").ask("other", run_id="r1", known=True)),
    ("right refusal", "was to be accepted, and got DuplicateRun: no",
     lambda: refused(DuplicateRun("no"), run_id="r1", known=True, past=Past().ask(run_id="r1", became="r1"))),  # type: ignore[arg-type]
    ("right refusal", "without a word of 'prompt': busy", lambda: refused(SessionBusy("busy"), busy=True, when_busy="reject")),
    ("right refusal", "was refused, and afterwards run r1 is settled",
     lambda: refused(EmptyPrompt("''"), "", trace="run r1 is settled")),
    ("right refusal", "was to have the id r1, and got r2", lambda: Past().ask(run_id="r1", became="r2")),
    ("I3 by whom", "run r1 was cancelled by 'ann'; its ending says 'bob'", lambda: cancelled("bob")),
    ("I3 by whom", "run r1 was cancelled by no other run; it names 'r2'", lambda: cancelled("ann", superseded_by="r2")),
    ("I3 by whom", "run r1 completed, and names 'ann'", lambda: Past().accept("r1").end("r1", cancelled_by="ann")),
    ("I3 by whom", "was cancelled by 'the workspace was cancelled'; its ending says 'ann'",
     lambda: Past().accept("r1").stop(What.OUTSIDE).end("r1", CANCELLED, cancelled_by="ann")),
    ("I4 stops", "cancel of s1 at 0 s returned 0; it is 1",
     lambda: Past().accept("r1").stopped("cancel", {"r1": W}, {"r1": S}, session="s1", answer=0)),
    ("I4 stops", "terminate of r1 at 0 s returned False; it is 1",
     lambda: Past().accept("r1").stopped("terminate", {"r1": C}, {"r1": S}, run_id="r1", answer=False)),
    ("I4 stops", "cancel of s1 at 0 s returned 1; it is 0",
     lambda: Past().accept("r1").stopped("cancel", {"r1": C}, {"r1": C}, session="s1", answer=1)),
    ("I4 stops", "clear queue of s1 at 0 s returned 2; it is 1",
     lambda: both().stopped("clear queue", {"r1": A, "r2": W}, {"r1": A, "r2": S}, session="s1", answer=2)),
    ("I4 stops", "close of everything at 0 s left run r1 active",
     lambda: Past().accept("r1").stopped("close", {"r1": A}, {"r1": A})),
    ("I4 stops", "terminate of s1 at 0 s left run r1 cancelling",
     lambda: Past().accept("r1").stopped("terminate", {"r1": A}, {"r1": C}, session="s1", answer=0)),
    ("I4 stops", "touched run r2, which was active and is cancelling",
     lambda: both().stopped("cancel", {"r1": W, "r2": A}, {"r1": S, "r2": C}, run_id="r1", answer=True)),
    ("I4 stops", "run r1 was to end by 5 s, cancel came at 0 s; it ended at 6 s", late_ending),
    ("I4 stops", "run r1 was to end by 0 s, terminate came at 0 s; it ended at 6 s", lambda: late_ending("terminate")),
    ("I4 stops", "run r1 was abandoned at 1 s, and had time to unwind until 5 s", lambda: late_ending(abandoned=True, at=1)),
    ("I11 streams", "reader missed 1 events between 1 and 3, and was told of 0", lambda: told(0, 2, 3, 4, 5)),
    ("I11 streams", "reader missed 1 events between 5 and the end, and was told of 0", lambda: told(0, 1, 2, 3, 4)),
    ("I11 streams", "reader missed 0 events between 0 and 1, and was told of 2", lambda: told(0, 1, 2, 3, 4, 5, gap=Gap(2))),
    ("I11 streams", "reader missed 1 endings, and was told of 0", lambda: told(3, 4, 5, gap=Gap(3))),
    ("I11 streams", "reader was told seq 2 when it was at 2 already", lambda: told(0, 1, 1, 2, 3, 4, 5)),
    ("I11 streams", "reader was told seq 4, of run r2 in session s1", lambda: told(3, run_id="r1")),
    ("I11 streams", "reader asked for what is behind 99, which never happened", lambda: told(since=99)),
    ("I11 streams", "reader asked for what is behind -1, which never happened", lambda: told(since=-1)),
    ("I11 streams", "which had happened, and was sent away: no", lambda: told(since=2, error=ValueError("no"))),
    ("I11 streams", "was sent away without a word of 99: no", lambda: told(since=99, error=ValueError("no"))),
    ("I11 streams", "reader followed run r1, and was not told its ending", lambda: told(0, 1, run_id="r1", known=True)),
    ("I11 streams", "reader was told seq 1 at 3 s, which had been known at 2 s",
     lambda: later(sound().read("reader", to_the_end=False, since=0)).see(sound().history.events()[0], "reader")),
    ("I11 streams", "others were told",
     lambda: sound().read("reader", replace(sound().history.endings()[0], text="other"), since=2)),
    ("I14 durability", "says durable=True; the journal had not confirmed it",
     lambda: durable(says=True, journal=True, kept=False)),
    ("I14 durability", "says durable=False; the journal has confirmed it", lambda: durable(says=False, journal=True, kept=True)),
    ("I14 durability", "says durable=True; the journal does not outlive", lambda: durable(says=True, journal=False, kept=True)),
    ("I14 durability", "asker was told that the acceptance of run r1 is kept, which it is not",
     lambda: assured(None, kept=False)),
    ("I14 durability", "had the acceptance of run r1, and asker was told: lost", lambda: assured(OSError("lost"), kept=True)),
    ("I14 durability", "asker was told at 1 s what was so from 0 s on", lambda: assured(None, kept=True, at=1)),
    ("I14 durability", "asks for ever whether the acceptance of run r1 is kept",
     lambda: Past().accept("r1").did(What.ASSURING, "r1")),
    ("not stuck", "nothing can ever happen again, and these still wait:\n/main waits in trio.Event.wait", stuck),
]  # fmt: skip


@pytest.mark.parametrize(("name", "says", "make"), BROKEN, ids=lambda value: value if isinstance(value, str) else "")
def test_a_broken_history_is_told(name: str, says: str, make: Callable[[], Past]) -> None:
    """The oracle whose matter it is says what is wrong, with the names of those concerned."""
    (oracle,) = (oracle for oracle in oracles(idle_s=3, deadline_s=8, queue_limit=1) if oracle.name == name)
    messages = list(oracle.check(make().history))
    assert any(says in message for message in messages), messages


def test_every_oracle_is_seen_to_fail() -> None:
    """No oracle is without a broken history here, and none without a canary."""
    names = {oracle.name for oracle in oracles()}
    assert {name for name, _, _ in BROKEN} == names
    assert {canary.oracle for canary in CANARIES.values()} == names


@pytest.mark.parametrize("stub", ["returns rubbish", "publishes twice", "deaf"])
def test_a_guest_that_breaks_its_contract_is_accused_where_it_is_checked(stub: str) -> None:
    """Each stub that breaks the contract is objected to; in a campaign, where stubs do so on purpose, it is not."""
    (scenario,) = (s for s in SCENARIOS.values() if s.stub == stub)
    for judged, claims in [(True, {"the coordinator keeps its contract"}), (False, set())]:
        program, walk = ScenarioProgram("guest", scenario, STUBS[stub], judge_coordinator=judged), RandomWalk()
        assert {a.breach.claim for a in (program.attempt(walk.next()) for _ in range(30)) if a.breach is not None} == claims


def test_oracles_have_names_and_claims_of_their_own() -> None:
    """What an oracle claims is one sentence; no two have the same name."""
    assert len({oracle.name for oracle in oracles()}) == len(oracles())
    assert all(oracle.claim and "\n" not in oracle.claim for oracle in oracles())


def test_with_a_limit_on_active_runs_a_late_start_is_no_breach() -> None:
    """The turn then depends on the other sessions; never starting is a breach all the same."""
    (limited,) = (oracle for oracle in oracles(2) if oracle.name == "I9 no stranding")
    assert list(limited.check(late_start().history)) == []
    assert list(limited.check(never_started().history))


def test_the_first_oracle_that_finds_something_speaks() -> None:
    """Judging stops at the first breach; its claim is the oracle's name."""
    breach = judge(never_started().history, oracles())
    assert breach is not None
    assert (breach.claim, breach.message) == ("I1 one terminal", "run r1 was accepted and has no terminal event")
    assert judge(sound().history, oracles()) is None


def test_an_oracle_that_crashes_leaves_the_trial_undecided() -> None:
    """It neither passes nor fails the trial, and is named with its error."""

    def crash(history: History) -> Iterator[str]:
        raise KeyError("lost")
        yield ""

    with pytest.raises(Unjudged, match="oracle 'shaky' crashed: KeyError"):
        judge(sound().history, (*oracles(), Oracle("shaky", "nothing", crash)))


def test_judging_changes_nothing() -> None:
    """Oracles are pure: a second judgement says the same, and the history is what it was."""
    history = overtaking().history
    before = list(history.entries)
    assert judge(history, oracles()) == judge(history, oracles())
    assert history.entries == before
    assert any(isinstance(event, RunStarted) for event in history.events())
