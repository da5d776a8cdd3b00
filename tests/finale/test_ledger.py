"""The ledger: each command by example, then any sequence of commands against a tiny model."""

from collections import Counter, defaultdict
from dataclasses import replace
from itertools import takewhile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from finale.admission import WhenBusy
from finale.errors import (
    DuplicateRun,
    EmptyPrompt,
    JournalError,
    JournalUnavailable,
    QueueFull,
    Rejected,
    SessionBusy,
    SessionMissing,
    WorkspaceClosing,
)
from finale.events import (
    OPENING,
    Attachment,
    ErrorInfo,
    Event,
    Notification,
    Progress,
    Request,
    RunAccepted,
    RunComplete,
    RunStarted,
    Status,
)
from finale.ledger import Ending, Ledger, RunRecord
from finale.runs import RunState

DONE = Ending(Status.COMPLETED, "done")
BROKEN = Ending(Status.FAILED, error=ErrorInfo("ValueError", "broken"))


SLOW = ErrorInfo("finale.errors.RunTimedOut", "too slow")
STOPPED = Ending(Status.CANCELLED)


def request(run_id: str = "r", session: str = "s", prompt: str = "go") -> Request:
    return Request(prompt, session, run_id)


def submit(ledger: Ledger, run_id: str, session: str = "s", when_busy: WhenBusy = "enqueue") -> RunRecord:
    return ledger.submit(request(run_id, session), when_busy, 0.0)


def names(ledger: Ledger) -> list[str]:
    """What the outbox holds, in short."""
    return [f"{type(event).__name__} {event.run_id}" for event in ledger.outbox.events]


def endings(ledger: Ledger) -> dict[str, RunComplete]:
    return {event.run_id: event for event in ledger.outbox.events if isinstance(event, RunComplete)}


# Submitting -----------------------------------------------------------------------------------------------------------


def test_a_request_to_an_idle_session_starts_in_the_same_step() -> None:
    """There is no state between accepted and active in which a cancel could be lost."""
    ledger = Ledger()
    record = submit(ledger, "a")
    assert record.state is RunState.ACTIVE
    assert ledger.outbox.started == [record]
    assert [(type(event), event.seq, event.index) for event in ledger.outbox.events] == [(RunAccepted, 1, 0), (RunStarted, 2, 1)]


@pytest.mark.parametrize(
    ("wrong", "refusal", "says"),
    [
        (request(prompt=""), EmptyPrompt, "prompt is ''"),
        (request(prompt=" \n\t"), EmptyPrompt, "say what is to be done"),
        (Request("", "s", "r", (Attachment("a", b"bytes"),)), EmptyPrompt, "no attachment holds text"),
        (Request("", "s", "r", (Attachment("a", "  "),)), EmptyPrompt, "no attachment holds text"),
        (request(session=""), SessionMissing, "session is ''"),
        (request(session=" "), SessionMissing, "session is ' '"),
    ],
)
def test_a_bad_request_leaves_no_trace(wrong: Request, refusal: type[Rejected], says: str) -> None:
    """E1: it raises, nothing is recorded, and its run id stays free."""
    ledger = Ledger()
    with pytest.raises(refusal, match=says):
        ledger.submit(wrong, "enqueue", 0.0)
    assert (ledger.accepted, ledger.in_flight, ledger.busy(), names(ledger), ledger.record("r")) == (0, 0, False, [], None)
    assert submit(ledger, "r").accepted_seq == 1


def test_text_may_come_in_an_attachment() -> None:
    """A prompt without text is accepted if an attachment has some."""
    given = Request("", "s", "r", (Attachment("b", b"x"), Attachment("a", "text")))
    assert Ledger().submit(given, "enqueue", 0.0).state is RunState.ACTIVE


def test_closing_and_a_dead_journal_reject() -> None:
    """Each with its own exception, and with nothing recorded."""
    ledger = Ledger()
    ledger.journal_lost_from = 1
    with pytest.raises(JournalUnavailable, match="'go'"):
        submit(ledger, "a")
    ledger.close("test", 0.0)
    with pytest.raises(WorkspaceClosing, match="'go'"):
        submit(ledger, "a")
    assert names(ledger) == []


def test_the_same_request_twice_is_one_run() -> None:
    """An equal request with a known id gives the first run back: waiting, settled, and when the workspace is closing."""
    ledger = Ledger()
    record = submit(ledger, "a")
    assert submit(ledger, "a") is record
    ledger.ended(record, DONE, 0.0)
    ledger.close("test", 0.0)
    assert submit(ledger, "a") is record
    assert ledger.accepted == 1


def test_a_taken_id_rejects_another_request() -> None:
    """The message shows the id and what it belongs to."""
    ledger = Ledger()
    submit(ledger, "a")
    with pytest.raises(DuplicateRun, match="'a' belongs to another request \\('go'\\)"):
        ledger.submit(request("a", prompt="another"), "enqueue", 0.0)


# Order and capacity ---------------------------------------------------------------------------------------------------


def test_a_session_runs_in_the_order_of_acceptance() -> None:
    """I6, I9: one at a time, and the next starts in the step in which the task of the one before has ended."""
    ledger = Ledger()
    records = [submit(ledger, name) for name in "abc"]
    for index, record in enumerate(records):
        assert [r.state for r in records[index:]] == [RunState.ACTIVE] + [RunState.WAITING] * (2 - index)
        ledger.ended(record, DONE, 0.0)
    assert ledger.outbox.started == records
    assert not ledger.busy()


def test_capacity_goes_to_the_head_that_was_accepted_first() -> None:
    """Rule 2, over sessions: c of session y was accepted before d of session x."""
    ledger = Ledger(max_active=1)
    a, b, c, d = (submit(ledger, *pair) for pair in (("a", "x"), ("b", "z"), ("c", "y"), ("d", "x")))
    for record in (a, b, c, d):
        ledger.ended(record, DONE, 0.0)
    assert ledger.outbox.started == [a, b, c, d]


def test_cancelled_heads_take_no_capacity() -> None:
    """A session whose waiting runs were cancelled is passed over, and so is one whose head has changed."""
    ledger = Ledger(max_active=1)
    a, _b, c, d = (submit(ledger, *pair) for pair in (("a", "x"), ("b", "y"), ("c", "z"), ("d", "z")))
    ledger.cancel("y", "test", 0.0)
    ledger.cancel_run(c, "test", 0.0)
    later = submit(ledger, "e", "y")
    for record in (a, d, later):
        ledger.ended(record, DONE, 0.0)
    assert ledger.outbox.started == [a, d, later]


def test_a_session_is_taken_until_its_task_has_ended() -> None:
    """Rule 4: after an early ending the next run waits for the clean-up."""
    ledger = Ledger()
    first, second = submit(ledger, "a"), submit(ledger, "b")
    ledger.complete(first, "early", 0.0)
    assert (second.state, ledger.turns.active, ledger.turns.live("s")) == (RunState.WAITING, 1, [second])
    ledger.ended(first, Ending(Status.COMPLETED, "late"), 0.0)
    assert second.state is RunState.ACTIVE
    assert endings(ledger)["a"].text == "early"


def test_a_record_does_not_hold_its_successors() -> None:
    """Who keeps the handle of a run in a session that is never idle does not keep all later runs in memory."""
    ledger = Ledger()
    records = [submit(ledger, name) for name in "abc"]
    ledger.cancel_run(records[1], "test", 0.0)
    ledger.ended(records[0], DONE, 0.0)
    assert [record.follower for record in records] == [None, None, None]


def test_a_settled_host_does_not_hold_its_guests() -> None:
    """Nor does who keeps the handle of a run that took others along, round after round."""
    ledger, host, guest = folded()
    ledger.ended(host, DONE, 0.0)
    assert guest.state is RunState.SETTLED
    assert host.folded is None


def test_a_record_shows_itself_and_not_the_queue() -> None:
    """The neighbours are linked: shown along, a long queue would be one line without end."""
    ledger = Ledger()
    runs = [submit(ledger, f"run-{number}") for number in range(500)]
    shown = repr(runs[250])
    assert "'run-250'" in shown
    assert "'run-249'" not in shown
    assert "'run-251'" not in shown


# Endings --------------------------------------------------------------------------------------------------------------


def test_what_comes_after_the_ending_is_a_notification() -> None:
    """E7, E8: the first ending stands; a second one, an error and late progress are told, progress only once."""
    ledger = Ledger()
    record = submit(ledger, "a")
    ledger.progress(record, "in time", 0.0)
    ledger.complete(record, "first", 0.0)
    ledger.complete(record, "second", 0.0)
    ledger.progress(record, "late", 0.0)
    ledger.progress(record, "later", 0.0)
    ledger.ended(record, BROKEN, 0.0)
    assert endings(ledger)["a"].text == "first"
    notes = [(e.kind, e.message) for e in ledger.outbox.events if isinstance(e, Notification)]
    assert notes == [
        ("contract_violation", "a second ending was discarded: 'second'"),
        ("contract_violation", "progress after the ending is discarded: 'late'"),
        ("error", "ValueError: broken"),
    ]
    assert [event.index for event in ledger.outbox.events] == list(range(7))
    assert [e.payload for e in ledger.outbox.events if isinstance(e, Progress)] == ["in time"]


def test_an_ending_without_error_after_the_ending_is_silent() -> None:
    """To return after ``complete()`` is what a coordinator is expected to do."""
    ledger = Ledger()
    record = submit(ledger, "a")
    ledger.complete(record, "first", 0.0)
    ledger.ended(record, DONE, 0.0)
    assert names(ledger)[-1] == "RunComplete a"


def test_only_a_cancelled_run_that_has_not_ended_is_abandoned() -> None:
    """E15: abandoned=True; before a cancel and after the ending it changes nothing."""
    ledger = Ledger()
    record = submit(ledger, "a")
    ledger.abandon(record, 0.0)
    assert record.state is RunState.ACTIVE
    ledger.cancel_run(record, "test", 0.0)
    ledger.abandon(record, 7.0)
    ledger.abandon(record, 8.0)
    ending = endings(ledger)["a"]
    assert (ending.status, ending.abandoned, ending.cancelled_by, ending.at) == (Status.CANCELLED, True, "test", 7.0)
    assert ledger.busy()
    ledger.ended(record, Ending(Status.CANCELLED), 9.0)
    assert not ledger.busy()
    assert ledger.endings == {Status.CANCELLED: 1}


def test_only_a_cancelled_ending_names_a_canceller() -> None:
    """E14: a run that was covered and completed all the same does not say by whom it was cancelled."""
    ledger = Ledger()
    record = submit(ledger, "a")
    ledger.cancel_run(record, "test", 0.0)
    ledger.ended(record, DONE, 0.0)
    assert (endings(ledger)["a"].status, endings(ledger)["a"].cancelled_by) == (Status.COMPLETED, None)


# Cancelling -----------------------------------------------------------------------------------------------------------


def test_a_cancel_covers_what_was_accepted_and_nothing_later() -> None:
    """I4: waiting runs are settled, the active one is to be stopped, the next submission is not touched."""
    ledger = Ledger()
    active, waiting = submit(ledger, "a"), submit(ledger, "b")
    assert ledger.cancel("s", "test", 0.0) == 2
    later = submit(ledger, "c")
    assert (active.state, waiting.state, later.state) == (RunState.CANCELLING, RunState.SETTLED, RunState.WAITING)
    assert ledger.outbox.stopped == [active]
    assert endings(ledger)["b"].cancelled_by == "test"
    ledger.ended(active, Ending(Status.CANCELLED), 0.0)
    assert later.state is RunState.ACTIVE


def test_a_second_cancel_covers_nothing_new() -> None:
    """Idempotent: it counts 0, and the first canceller stays named."""
    ledger = Ledger()
    active = submit(ledger, "a")
    assert ledger.cancel("s", "first", 0.0) == 1
    assert ledger.cancel("s", "second", 0.0) == 0
    assert not ledger.cancel_run(active, "third", 0.0)
    assert active.cancelled_by == "first"


def test_an_idle_cancel_does_nothing_now_or_later() -> None:
    """I5."""
    ledger = Ledger()
    assert ledger.cancel("s", "test", 0.0) == 0
    assert submit(ledger, "a").state is RunState.ACTIVE
    assert names(ledger) == ["RunAccepted a", "RunStarted a"]


def test_cancelling_the_middle_of_a_queue_keeps_the_order() -> None:
    """A cancelled waiting run is settled at once; the runs around it are not affected."""
    ledger = Ledger()
    a, b, c, d = (submit(ledger, name) for name in "abcd")
    assert ledger.cancel_run(c, "test", 0.0)
    assert not ledger.cancel_run(c, "again", 0.0)
    assert ledger.turns.live("s") == [a, b, d]
    for record in (a, b, d):
        assert record.state is RunState.ACTIVE
        ledger.ended(record, DONE, 0.0)


def test_cancelling_the_last_waiting_run_of_an_idle_session_forgets_the_session() -> None:
    """With no capacity, a session may be idle and have waiting runs; without these it is nothing."""
    ledger = Ledger(max_active=1)
    submit(ledger, "a", "x")
    waiting = submit(ledger, "b", "y")
    ledger.cancel_run(waiting, "test", 0.0)
    assert ledger.turns.live("y") == []
    assert ledger.cancel("y", "test", 0.0) == 0


def test_closing_covers_everything() -> None:
    """E16: waiting and active, in all sessions; the freed capacity starts nothing any more."""
    ledger = Ledger(max_active=1)
    a = submit(ledger, "a", "x")
    others = [submit(ledger, "b", "x"), submit(ledger, "c", "y")]
    ledger.close("closing", 0.0)
    assert [record.state for record in others] == [RunState.SETTLED] * 2
    ledger.ended(a, Ending(Status.CANCELLED), 0.0)
    assert ledger.outbox.started == [a]
    assert {ending.cancelled_by for ending in endings(ledger).values()} == {"closing"}
    assert ledger.in_flight == 0


# When the session is busy ----------------------------------------------------------------------------------------------


def test_rejected_if_busy() -> None:
    """Active, or settled and cleaning up; nothing is recorded. An idle session takes it, and another session does."""
    ledger = Ledger()
    first = submit(ledger, "a", when_busy="reject")
    for _ in range(2):
        before = names(ledger)
        with pytest.raises(SessionBusy, match="'s' is busy, and 'go'"):
            submit(ledger, "b", when_busy="reject")
        assert (names(ledger), ledger.record("b")) == (before, None)
        if first.state is RunState.ACTIVE:
            ledger.complete(first, "early", 0.0)
    submit(ledger, "c", "other", when_busy="reject")
    ledger.ended(first, DONE, 0.0)
    assert submit(ledger, "b", when_busy="reject").state is RunState.ACTIVE


def test_rejected_without_capacity() -> None:
    """A session whose runs wait for capacity is busy; one that has none is not, and its run may wait for capacity."""
    ledger = Ledger(max_active=1)
    submit(ledger, "a", "x")
    assert submit(ledger, "b", "y", when_busy="reject").state is RunState.WAITING
    with pytest.raises(SessionBusy):
        submit(ledger, "c", "y", when_busy="reject")


def test_another_word_is_no_way_to_wait() -> None:
    """It raises before anything is recorded."""
    ledger = Ledger()
    with pytest.raises(ValueError, match="when_busy is 'sometime'"):
        submit(ledger, "a", when_busy="sometime")  # type: ignore[arg-type]
    assert ledger.accepted == 0


def test_a_full_queue_rejects() -> None:
    """Waiting runs count; active, folded and cancelled ones do not. A run that is known already is no new one."""
    ledger = Ledger(queue_limit=1)
    host, waiting = submit(ledger, "a"), submit(ledger, "b", when_busy="fold")
    for when_busy in ("enqueue", "fold"):
        with pytest.raises(QueueFull, match="1 run waits in session 's'"):
            submit(ledger, "c", when_busy=when_busy)  # type: ignore[arg-type]
    assert submit(ledger, "b", when_busy="fold") is waiting
    ledger.fold(host, 0.0)
    third = submit(ledger, "c")
    ledger.cancel_run(third, "test", 0.0)
    submit(ledger, "d")
    assert names(ledger).count("RunAccepted c") == 1


def test_an_interrupting_run_comes_next() -> None:
    """E25: what was accepted before is covered and says by which run it was superseded; a full queue is no obstacle."""
    ledger = Ledger(queue_limit=1)
    active, waiting = submit(ledger, "a"), submit(ledger, "b")
    instead = submit(ledger, "c", when_busy="interrupt")
    assert (active.state, waiting.state, instead.state) == (RunState.CANCELLING, RunState.SETTLED, RunState.WAITING)
    ledger.ended(active, STOPPED, 0.0)
    assert instead.state is RunState.ACTIVE
    assert {(e.cancelled_by, e.superseded_by) for e in endings(ledger).values()} == {("run c", "c")}


def test_a_run_that_completes_in_spite_of_the_interruption_was_not_superseded() -> None:
    """E14 with E25: it says nothing of who wanted to take its place."""
    ledger = Ledger()
    active = submit(ledger, "a")
    submit(ledger, "b", when_busy="interrupt")
    ledger.ended(active, DONE, 0.0)
    assert (endings(ledger)["a"].status, endings(ledger)["a"].superseded_by) == (Status.COMPLETED, None)


def test_two_interruptions_in_one_step() -> None:
    """Each run names the first that took its place: the second interruption finds only the first one's run to interrupt."""
    ledger = Ledger()
    active = submit(ledger, "a")
    submit(ledger, "b", when_busy="interrupt")
    last = submit(ledger, "c", when_busy="interrupt")
    ledger.ended(active, STOPPED, 0.0)
    assert {name: (e.cancelled_by, e.superseded_by) for name, e in endings(ledger).items()} == {
        "a": ("run b", "b"), "b": ("run c", "c")
    }  # fmt: skip
    assert last.state is RunState.ACTIVE


def test_an_interruption_of_what_was_cancelled_before_supersedes_nothing() -> None:
    """The first canceller stays named, and alone."""
    ledger = Ledger()
    active = submit(ledger, "a")
    ledger.cancel("s", "test", 0.0)
    submit(ledger, "b", when_busy="interrupt")
    ledger.ended(active, STOPPED, 0.0)
    assert (endings(ledger)["a"].cancelled_by, endings(ledger)["a"].superseded_by) == ("test", None)


def test_an_interruption_ends_a_clean_up() -> None:
    """After an early ending there is nothing to supersede, but the task must make room."""
    ledger = Ledger()
    active = submit(ledger, "a")
    ledger.complete(active, "early", 0.0)
    submit(ledger, "b", when_busy="interrupt")
    assert ledger.outbox.stopped == [active]
    assert (endings(ledger)["a"].status, endings(ledger)["a"].superseded_by) == (Status.COMPLETED, None)


def test_an_interruption_with_waiting_and_folded_runs() -> None:
    """Everything that the session has in flight is covered: the host, what it has taken along, and what waits."""
    ledger = Ledger()
    host, guest = submit(ledger, "a"), submit(ledger, "b", when_busy="fold")
    assert ledger.fold(host, 0.0) == [guest.request]
    waiting = submit(ledger, "c", when_busy="fold")
    submit(ledger, "d", when_busy="interrupt")
    assert (guest.state, waiting.state) == (RunState.FOLDED, RunState.SETTLED)
    ledger.ended(host, STOPPED, 0.0)
    told = endings(ledger)
    assert {name: (told[name].superseded_by, told[name].folded_into) for name in "abc"} == {
        "a": ("d", None), "b": ("d", "a"), "c": ("d", None)
    }  # fmt: skip


# Folding --------------------------------------------------------------------------------------------------------------


def folded(*, ledger: Ledger | None = None) -> tuple[Ledger, RunRecord, RunRecord]:
    """A host with one guest."""
    ledger = ledger or Ledger()
    host, guest = submit(ledger, "host"), submit(ledger, "guest", when_busy="fold")
    assert ledger.fold(host, 0.0) == [guest.request]
    return ledger, host, guest


@pytest.mark.parametrize("ending", [DONE, BROKEN])
def test_a_guest_settles_with_its_host(ending: Ending) -> None:
    """E24: with the host's ending, right behind it, and it names the host."""
    ledger, host, guest = folded()
    assert (guest.state, ledger.position(guest), ledger.turns.live("s")) == (RunState.FOLDED, None, [host, guest])
    ledger.ended(host, ending, 0.0)
    assert names(ledger)[-2:] == ["RunComplete host", "RunComplete guest"]
    told = endings(ledger)["guest"]
    assert (told.status, told.text, told.error, told.folded_into) == (ending.status, ending.text, ending.error, "host")
    assert not ledger.busy()


def test_a_guest_settles_with_an_early_ending() -> None:
    """And does not wait for the clean-up; what comes after is no longer taken along."""
    ledger, host, guest = folded()
    ledger.complete(host, "early", 0.0)
    assert endings(ledger)["guest"].text == "early"
    late = submit(ledger, "late", when_busy="fold")
    assert ledger.fold(host, 0.0) == []
    ledger.ended(host, BROKEN, 0.0)
    assert (late.state, guest.state) == (RunState.ACTIVE, RunState.SETTLED)


def test_what_is_never_taken_along_gets_its_own_turn() -> None:
    """And so does what was submitted to an idle session."""
    ledger = Ledger()
    host, waiting = submit(ledger, "a", when_busy="fold"), submit(ledger, "b", when_busy="fold")
    ledger.ended(host, DONE, 0.0)
    assert waiting.state is RunState.ACTIVE
    ledger.ended(waiting, Ending(Status.COMPLETED, "own"), 0.0)
    assert (endings(ledger)["b"].text, endings(ledger)["b"].folded_into) == ("own", None)


def test_only_what_waits_right_behind_is_taken_along() -> None:
    """A run that wants a turn of its own is not overtaken."""
    ledger = Ledger()
    host = submit(ledger, "a")
    near, _own, far = submit(ledger, "b", when_busy="fold"), submit(ledger, "c"), submit(ledger, "d", when_busy="fold")
    assert ledger.fold(host, 0.0) == [near.request]
    assert ledger.fold(host, 0.0) == []
    assert far.state is RunState.WAITING


def test_hosts_take_along_repeatedly() -> None:
    """Each prompt once, in order of acceptance; all settle together."""
    ledger, host, _ = folded()
    more = [submit(ledger, name, when_busy="fold") for name in "xy"]
    assert ledger.fold(host, 0.0) == [record.request for record in more]
    ledger.ended(host, DONE, 0.0)
    assert [event.run_id for event in ledger.outbox.events if isinstance(event, RunComplete)] == ["host", "guest", "x", "y"]


def test_a_run_that_is_being_stopped_takes_nothing_along() -> None:
    """I4: what was accepted after the cancel must not fall with it."""
    ledger = Ledger()
    host = submit(ledger, "a")
    ledger.cancel("s", "test", 0.0)
    later = submit(ledger, "b", when_busy="fold")
    assert ledger.fold(host, 0.0) == []
    ledger.ended(host, STOPPED, 0.0)
    assert later.state is RunState.ACTIVE


def test_a_cancel_of_the_session_covers_guests() -> None:
    """They are counted once, named as cancelled by the same, and keep the host's ending if that is another one."""
    for ending, status in ((STOPPED, Status.CANCELLED), (DONE, Status.COMPLETED)):
        ledger, host, guest = folded()
        assert [ledger.cancel("s", "test", 0.0), ledger.cancel("s", "again", 0.0)] == [2, 0]
        assert not ledger.cancel_run(guest, "alone", 0.0)
        ledger.ended(host, ending, 0.0)
        told = endings(ledger)["guest"]
        assert (told.status, told.cancelled_by) == (status, "test" if status is Status.CANCELLED else None)


def test_a_guest_may_be_cancelled_alone() -> None:
    """It is settled at once; the host does not notice."""
    ledger, host, guest = folded()
    assert [ledger.cancel_run(guest, "test", 0.0), ledger.cancel_run(guest, "again", 0.0)] == [True, False]
    assert (endings(ledger)["guest"].cancelled_by, endings(ledger)["guest"].folded_into) == ("test", "host")
    assert host.state is RunState.ACTIVE
    assert host not in ledger.outbox.stopped
    ledger.ended(host, DONE, 0.0)
    assert ledger.endings == {Status.COMPLETED: 1, Status.CANCELLED: 1}


def test_terminating_settles_guests_too() -> None:
    """All are counted; a guest of a cancelled host can be terminated alone."""
    ledger, host, guest = folded()
    waiting = submit(ledger, "waiting")
    assert [ledger.terminate("s", "test", 0.0), ledger.terminate("s", "again", 0.0)] == [3, 0]
    assert {name: e.abandoned for name, e in endings(ledger).items()} == {"host": True, "guest": True, "waiting": False}
    assert (guest.state, waiting.state, ledger.in_flight) == (RunState.SETTLED, RunState.SETTLED, 0)

    ledger, host, guest = folded()
    ledger.cancel("s", "test", 0.0)
    assert [ledger.terminate_run(guest, "now", 0.0), ledger.terminate_run(guest, "again", 0.0)] == [True, False]
    assert (endings(ledger)["guest"].cancelled_by, host.state) == ("test", RunState.CANCELLING)


def test_clearing_the_queue_leaves_guests_with_their_host() -> None:
    """They do not wait any more."""
    ledger, _, guest = folded()
    submit(ledger, "waiting")
    assert ledger.clear_queue("s", "test", 0.0) == 1
    assert guest.state is RunState.FOLDED


def test_closing_and_abandoning_with_guests() -> None:
    """E15, E16, E24."""
    ledger, host, guest = folded()
    ledger.close("closing", 0.0)
    ledger.abandon(guest, 0.0)
    assert guest.state is RunState.FOLDED
    ledger.abandon(host, 0.0)
    assert {(e.cancelled_by, e.abandoned) for e in endings(ledger).values()} == {("closing", True)}


# Terminating, and time limits -----------------------------------------------------------------------------------------


def test_terminate_settles_at_once() -> None:
    """Abandoned if there is a task, which is stopped; its session stays taken until that has ended."""
    ledger = Ledger()
    active, waiting = submit(ledger, "a"), submit(ledger, "b")
    assert ledger.terminate_run(waiting, "test", 0.0)
    assert ledger.terminate_run(active, "test", 0.0)
    assert not ledger.terminate_run(active, "again", 0.0)
    assert (endings(ledger)["a"].abandoned, endings(ledger)["b"].abandoned) == (True, False)
    assert set(ledger.outbox.stopped) == {active}
    assert submit(ledger, "c").state is RunState.WAITING
    ledger.ended(active, BROKEN, 0.0)
    assert names(ledger)[-2:] == ["Notification a", "RunStarted c"]


def test_terminate_after_cancel_names_the_first() -> None:
    """It only stops the waiting for the task."""
    ledger = Ledger()
    active = submit(ledger, "a")
    ledger.cancel_run(active, "first", 0.0)
    assert ledger.terminate("s", "second", 0.0) == 1
    assert endings(ledger)["a"].cancelled_by == "first"


@pytest.mark.parametrize("abandoned", [False, True])
def test_a_run_that_took_too_long_has_failed(abandoned: bool) -> None:
    """Its error says so, whether its task ends or is abandoned; it was not cancelled by anybody."""
    ledger, host, _ = folded()
    ledger.time_out(host, SLOW, 0.0)
    assert (host.state, ledger.outbox.stopped) == (RunState.CANCELLING, [host])
    if abandoned:
        ledger.abandon(host, 0.0)
    ledger.ended(host, STOPPED, 0.0)
    assert {(e.status, e.error, e.cancelled_by, e.abandoned) for e in endings(ledger).values()} == {
        (Status.FAILED, SLOW, None, abandoned)
    }


@pytest.mark.parametrize("ending", [DONE, BROKEN])
def test_a_run_that_ends_by_itself_after_its_time_keeps_its_ending(ending: Ending) -> None:
    """It was not stopped by the limit."""
    ledger = Ledger()
    record = submit(ledger, "a")
    ledger.time_out(record, SLOW, 0.0)
    ledger.ended(record, ending, 0.0)
    assert (endings(ledger)["a"].status, endings(ledger)["a"].error) == (ending.status, ending.error)


def test_of_a_cancel_and_a_time_limit_the_first_counts() -> None:
    """In both orders; after the ending neither does."""
    ledger = Ledger()
    first, second, third = (submit(ledger, name, name) for name in "abc")
    assert ledger.cancel_run(first, "test", 0.0)
    ledger.time_out(first, SLOW, 0.0)
    ledger.time_out(second, SLOW, 0.0)
    assert not ledger.cancel_run(second, "test", 0.0)
    ledger.complete(third, "early", 0.0)
    ledger.time_out(third, SLOW, 0.0)
    for record in (first, second, third):
        ledger.ended(record, STOPPED, 0.0)
    assert [endings(ledger)[name].status for name in "abc"] == [Status.CANCELLED, Status.FAILED, Status.COMPLETED]


def test_a_guest_of_a_host_that_took_too_long_may_still_be_cancelled() -> None:
    """It was not covered by anything."""
    ledger, host, guest = folded()
    ledger.time_out(host, SLOW, 0.0)
    assert ledger.cancel_run(guest, "test", 0.0)
    assert endings(ledger)["guest"].cancelled_by == "test"


@pytest.mark.parametrize("command", ["cancel", "terminate", "close", "interrupt"])
def test_a_guest_of_a_host_that_took_too_long_is_covered_with_its_session(command: str) -> None:
    """I4: whatever stops its host, a run that was accepted before the cancel and has not ended is cancelled by it."""
    ledger, host, _ = folded()
    ledger.time_out(host, SLOW, 0.0)
    if command == "interrupt":
        submit(ledger, "next", when_busy="interrupt")
    elif command == "close":
        ledger.close("test", 0.0)
    else:
        assert getattr(ledger, command)("s", "test", 0.0) == (1 if command == "cancel" else 2)
    ending = endings(ledger)["guest"]
    assert (ending.status, ending.cancelled_by) == (Status.CANCELLED, "run next" if command == "interrupt" else "test")
    assert ending.superseded_by == ("next" if command == "interrupt" else None)
    assert ledger.cancel("s", "again", 0.0) == (1 if command == "interrupt" else 0)


# Reopening ------------------------------------------------------------------------------------------------------------


def test_reopening_settles_what_was_in_flight() -> None:
    """E23: as failed, behind what the journal has; ids and endings are known, and old ones are forgotten as usual."""
    ledger = Ledger()
    records = [submit(ledger, str(number), str(number)) for number in range(6)]
    for record in records[:4]:
        ledger.ended(record, DONE, 0.0)
    again = Ledger(retain=3)
    again.recover(ledger.outbox.events, 5.0)
    assert {name: (e.status, e.error and e.error.type, e.at) for name, e in endings(again).items()} == {
        "4": (Status.FAILED, "finale.Interrupted", 5.0), "5": (Status.FAILED, "finale.Interrupted", 5.0)
    }  # fmt: skip
    assert [event.index for event in again.outbox.events] == [2, 2], "I14: the run's events are counted on"
    assert [again.record(str(number)) is None for number in range(6)] == [True] + [False] * 5
    assert again.outbox.events[0].seq == OPENING + 1, "no seq of before, journalled or not, means something else now"
    assert (again.accepted, again.in_flight, again.busy()) == (6, 0, False)


@pytest.mark.parametrize("ids", ["abca", "aa", "aba", "abcabc", "aabb"])
@pytest.mark.parametrize("last_ended", [True, False])
@pytest.mark.parametrize("retain", [1, 2, 10])
def test_reopening_a_journal_in_which_an_id_was_used_again(ids: str, last_ended: bool, retain: int) -> None:
    """It was free, because the first run had been forgotten. The last run of that id is the one that is known."""
    events: list[Event] = []
    for place, name in enumerate(ids):
        events.append(RunAccepted(name, "s", 2 * place + 1, 0, 0.0, request(name)))
        events.append(RunComplete(name, "s", 2 * place + 2, 1, 0.0, Status.COMPLETED))
    ledger = Ledger(retain=retain)
    ledger.recover(events if last_ended else events[:-1], 5.0)
    for ending in endings(ledger).values():
        ledger.published(ending, stored=True)
    last = ledger.record(ids[-1])
    assert last is not None
    assert (last.accepted_seq, ledger.in_flight, ledger.accepted) == (events[-2].seq, 0, len(ids))
    assert len(list(ledger._register)) == min(retain, len(set(ids)))


def test_reopening_a_long_journal_remembers_the_last_endings() -> None:
    """Of the settled runs ``retain`` are kept, in the order of their endings."""
    ledger = Ledger()
    for number in range(1000):
        ledger.ended(submit(ledger, str(number), str(number)), DONE, 0.0)
    again = Ledger(retain=10)
    again.recover(ledger.outbox.events, 5.0)
    assert [record.request.run_id for record in again._register] == [str(number) for number in range(990, 1000)]
    assert again.accepted == 1000


ACCEPTED = RunAccepted("a", "s", 3, 0, 0.0, request("a"))
ENDED = RunComplete("a", "s", 4, 1, 0.0, Status.COMPLETED)


@pytest.mark.parametrize(
    ("events", "says"),
    [
        ([ENDED], "seq 4 is a RunComplete of run a, which has no RunAccepted before it"),
        ([ACCEPTED, ENDED, replace(ENDED, seq=5)], "seq 5 is a RunComplete of run a, which had ended at seq 4"),
        ([ACCEPTED, replace(ACCEPTED, seq=4)], "seq 4 is a RunAccepted of run a, which had not ended"),
        ([replace(ACCEPTED, seq=0), ENDED], "seq 0 is a RunAccepted of run a, and seq 0 comes before it"),
        ([ACCEPTED, replace(ENDED, seq=3)], "seq 3 is a RunComplete of run a, and seq 3 comes before it"),
        ([ACCEPTED, replace(ENDED, seq=2)], "seq 2 is a RunComplete of run a, and seq 3 comes before it"),
        ([{"seq": 3}], "is no event; decode"),
    ],
)
def test_a_journal_that_no_workspace_wrote_is_refused(events: list[Event], says: str) -> None:
    """I14: a journal that was cut or doubled does not pass for a history; the message says where it breaks."""
    with pytest.raises(JournalError, match=says):
        Ledger().recover(events, 5.0)


def test_each_opening_counts_on_behind_all_that_was_before() -> None:
    """Also behind one that recorded a single event; and an empty journal is a beginning like any other."""
    ledger = Ledger()
    ledger.recover([], 0.0)
    submit(ledger, "a")
    events = [*ledger.outbox.events]
    for _ in range(3):
        ledger = Ledger()
        ledger.recover(events, 0.0)
        submit(ledger, f"of opening {len(events)}")
        events += ledger.outbox.events[:1]
    assert [event.seq for event in events] == [1, 2, OPENING + 1, 2 * OPENING + 1, 3 * OPENING + 1]


def test_reopening_forgets_in_the_order_of_the_endings() -> None:
    """Not in that of the acceptances: a run that took long is as new as any that ended when it did."""
    ledger = Ledger()
    slow, quick = submit(ledger, "slow", "s"), submit(ledger, "quick", "t")
    for record in (quick, slow):
        ledger.ended(record, DONE, 0.0)
    again = Ledger(retain=1)
    again.recover(ledger.outbox.events, 5.0)
    assert [record.request.run_id for record in again._register] == ["slow"]


# Publishing -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("durable", "stored"), [(True, True), (True, False), (False, True), (False, False)])
def test_durable_is_said_only_of_what_is_stored(durable: bool, stored: bool) -> None:
    """The record and the published event are one object, and tell the truth."""
    ledger = Ledger(durable=durable)
    record = submit(ledger, "a")
    ledger.ended(record, DONE, 0.0)
    ending = ledger.published(endings(ledger)["a"], stored=stored)
    assert record.ending is ending
    assert ending.durable is (durable and stored)


def test_the_oldest_settled_runs_are_forgotten() -> None:
    """``retain`` counts published endings; a forgotten id is free again."""
    ledger = Ledger(retain=1)
    for name in "ab":
        ledger.ended(submit(ledger, name), DONE, 0.0)
    assert ledger.record("a") is not None
    for ending in endings(ledger).values():
        ledger.published(ending, stored=True)
    assert ledger.record("a") is None
    assert ledger.record("b") is not None
    assert submit(ledger, "a").number == 2


# Any sequence of commands ---------------------------------------------------------------------------------------------


class AnyCommands(RuleBasedStateMachine):
    """Commands in any order against a model that knows each run's place in the order of acceptance, and little more."""

    @initialize(max_active=st.none() | st.integers(1, 3), retain=st.integers(1, 4), queue_limit=st.none() | st.integers(1, 3))
    def open(self, max_active: int | None, retain: int, queue_limit: int | None) -> None:
        self.ledger = Ledger(max_active=max_active, retain=retain, queue_limit=queue_limit, durable=True)
        self.max_active = max_active
        self.queue_limit = queue_limit
        self.events: list[Event] = []
        self.order: list[RunRecord] = []  # accepted
        self.tasks: list[RunRecord] = []  # started, not ended
        self.covered: dict[RunRecord, str] = {}
        self.superseded: dict[RunRecord, str] = {}
        self.foldable: set[RunRecord] = set()
        self.host: dict[RunRecord, RunRecord] = {}
        self.alone: set[RunRecord] = set()  # guests that did not wait for their host
        self.published = 0

    def those(self, session: str, *states: RunState) -> list[RunRecord]:
        return [record for record in self.order if record.request.session == session and record.state in states]

    def guests(self, host: RunRecord) -> list[RunRecord]:
        return [guest for guest, other in self.host.items() if other is host and guest.state is RunState.FOLDED]

    def falls(self, session: str) -> list[RunRecord]:
        """What a cancel of the session newly covers."""
        active = self.those(session, RunState.ACTIVE)
        return [*active, *(guest for host in active for guest in self.guests(host)), *self.those(session, RunState.WAITING)]

    def drain(self) -> None:
        outbox = self.ledger.outbox
        self.events += outbox.events
        self.tasks += outbox.started
        for record in outbox.stopped:
            assert record.state in (RunState.CANCELLING, RunState.SETTLED)
        for queue in (outbox.events, outbox.started, outbox.stopped):
            queue.clear()

    @rule(session=st.sampled_from("xyz"), when_busy=st.sampled_from(["enqueue", "reject", "interrupt", "fold"]))
    def submit(self, session: str, when_busy: WhenBusy) -> None:
        waiting = len(self.those(session, RunState.WAITING))
        busy = waiting > 0 or session in {record.request.session for record in self.tasks}
        refusal: type[Rejected] | None = None
        if self.ledger.closing:
            refusal = WorkspaceClosing
        elif busy and when_busy == "reject":
            refusal = SessionBusy
        elif busy and when_busy != "interrupt" and self.queue_limit is not None and waiting >= self.queue_limit:
            refusal = QueueFull
        name = f"r{len(self.order)}"
        if refusal is not None:
            with pytest.raises(refusal):
                submit(self.ledger, name, session, when_busy)
            assert self.ledger.outbox.events == []
        else:
            victims = self.falls(session) if when_busy == "interrupt" else []
            self.covered.update((record, f"run {name}") for record in victims)
            self.superseded.update((record, name) for record in victims)
            self.order.append(submit(self.ledger, name, session, when_busy))
            if when_busy == "fold":
                self.foldable.add(self.order[-1])
        self.drain()

    @precondition(lambda self: self.tasks)
    @rule(data=st.data(), ending=st.sampled_from([DONE, BROKEN, Ending(Status.CANCELLED)]))
    def end(self, data: st.DataObject, ending: Ending) -> None:
        record = data.draw(st.sampled_from(self.tasks))
        self.tasks.remove(record)
        self.ledger.ended(record, ending, 0.0)
        self.drain()

    @precondition(lambda self: self.tasks)
    @rule(data=st.data())
    def report(self, data: st.DataObject) -> None:
        record = data.draw(st.sampled_from(self.tasks))
        data.draw(st.sampled_from([self.ledger.complete, self.ledger.progress]))(record, "text", 0.0)
        self.drain()

    @precondition(lambda self: self.order)
    @rule(data=st.data(), terminate=st.booleans())
    def cancel_one(self, data: st.DataObject, terminate: bool) -> None:
        record = data.draw(st.sampled_from(self.order))
        covered = record.state in (RunState.WAITING, RunState.ACTIVE)
        covered |= record.state is RunState.FOLDED and record not in self.covered
        settles = record.state is not RunState.SETTLED
        guests = self.guests(record)
        if record.state is RunState.FOLDED and (covered or terminate):
            self.alone.add(record)
        if covered:
            timely = record.state is RunState.ACTIVE
            self.covered.update((run, "one") for run in [record, *(guests if timely else [])])
        if terminate:
            assert self.ledger.terminate_run(record, "one", 0.0) is settles
            assert {run.state for run in [record, *guests]} == {RunState.SETTLED}
        else:
            assert self.ledger.cancel_run(record, "one", 0.0) is covered
        self.drain()

    @rule(session=st.sampled_from("xyz"))
    def cancel_session(self, session: str) -> None:
        victims = self.falls(session)
        assert self.ledger.cancel(session, "session", 0.0) == len(victims)
        self.covered.update((record, "session") for record in victims)
        self.drain()

    @rule(session=st.sampled_from("xyz"))
    def terminate_session(self, session: str) -> None:
        victims, live = self.falls(session), self.ledger.turns.live(session)
        self.covered.update((record, "session") for record in victims)
        assert self.ledger.terminate(session, "session", 0.0) == len(live)
        assert not self.ledger.turns.live(session)
        self.drain()

    @rule(session=st.sampled_from("xyz"))
    def clear_queue(self, session: str) -> None:
        victims = self.those(session, RunState.WAITING)
        assert self.ledger.clear_queue(session, "clearing", 0.0) == len(victims)
        self.covered.update((record, "clearing") for record in victims)
        self.drain()

    @precondition(lambda self: self.tasks)
    @rule(data=st.data())
    def fold(self, data: st.DataObject) -> None:
        host = data.draw(st.sampled_from(self.tasks))
        waiting = self.those(host.request.session, RunState.WAITING) if host.state is RunState.ACTIVE else []
        taken = list(takewhile(self.foldable.__contains__, waiting))
        assert self.ledger.fold(host, 0.0) == [record.request for record in taken]
        self.host.update((record, host) for record in taken)
        self.drain()

    @precondition(lambda self: self.tasks)
    @rule(data=st.data())
    def time_out(self, data: st.DataObject) -> None:
        record = data.draw(st.sampled_from(self.tasks))
        if record.state is RunState.ACTIVE:
            self.covered[record] = SLOW.message
        self.ledger.time_out(record, SLOW, 0.0)
        self.drain()

    @precondition(lambda self: self.tasks)
    @rule(data=st.data())
    def abandon(self, data: st.DataObject) -> None:
        self.ledger.abandon(data.draw(st.sampled_from(self.tasks)), 0.0)
        self.drain()

    @rule(stored=st.booleans(), count=st.integers(1, 5))
    def publish(self, stored: bool, count: int) -> None:
        for event in self.events[self.published : self.published + count]:
            if isinstance(event, RunComplete):
                self.ledger.published(event, stored=stored)
        self.published = min(self.published + count, len(self.events))

    @precondition(lambda self: len(self.order) > 3)
    @rule()
    def close(self) -> None:
        self.ledger.close("closing", 0.0)
        for record in self.order:
            if record.cancelled_by == "closing":
                self.covered[record] = "closing"
        self.drain()
        covered = (RunState.CANCELLING, RunState.SETTLED)
        assert all(r.state in covered or (r.state is RunState.FOLDED and r.cancelled_by is not None) for r in self.order)

    @invariant()
    def one_terminal_event_at_most(self) -> None:
        """I1; exactly one for the settled runs, none for the others."""
        count = Counter(event.run_id for event in self.events if isinstance(event, RunComplete))
        assert count == {record.request.run_id: 1 for record in self.order if record.state is RunState.SETTLED}

    @invariant()
    def places_have_no_holes(self) -> None:
        assert [event.seq for event in self.events] == list(range(1, len(self.events) + 1))
        following: defaultdict[str, int] = defaultdict(int)
        for event in self.events:
            assert event.index == following[event.run_id]
            following[event.run_id] += 1

    @invariant()
    def nothing_but_notifications_after_the_ending(self) -> None:
        """I7."""
        ended = set()
        for event in self.events:
            assert event.run_id not in ended or isinstance(event, Notification)
            if isinstance(event, RunComplete):
                ended.add(event.run_id)

    @invariant()
    def first_in_first_out(self) -> None:
        """Within a session, runs start in the order of acceptance."""
        for session in "xyz":
            numbers = [int(e.run_id[1:]) for e in self.events if isinstance(e, RunStarted) and e.session == session]
            assert numbers == sorted(numbers)

    @invariant()
    def single_flight_within_capacity(self) -> None:
        """I6, and ``max_active``."""
        assert max(Counter(record.request.session for record in self.tasks).values(), default=0) <= 1
        assert self.ledger.turns.active == len(self.tasks)
        assert self.max_active is None or len(self.tasks) <= self.max_active

    @invariant()
    def nobody_waits_for_nothing(self) -> None:
        """I9: a waiting run has its session taken, or the capacity is."""
        taken = {record.request.session for record in self.tasks}
        full = self.max_active is not None and len(self.tasks) >= self.max_active
        for record in self.order:
            assert record.state is not RunState.WAITING or record.request.session in taken or full

    @invariant()
    def counts_add_up(self) -> None:
        settled = [record for record in self.order if record.state is RunState.SETTLED]
        assert self.ledger.accepted == len(self.order)
        assert self.ledger.in_flight == len(self.order) - len(settled)
        assert self.ledger.endings.total() == len(settled)
        assert self.ledger.busy() == bool(self.tasks or self.ledger.in_flight)

    @invariant()
    def cancelled_means_covered(self) -> None:
        """I3 as far as the ledger decides it: who is named as the canceller covered the run."""
        for event in self.events:
            if isinstance(event, RunComplete) and event.cancelled_by is not None:
                record = self.order[int(event.run_id[1:])]
                assert self.covered[record] == event.cancelled_by

    @invariant()
    def superseded_means_interrupted(self) -> None:
        """E25, and a run that names who took its place was cancelled by that."""
        for event in self.events:
            if isinstance(event, RunComplete) and event.superseded_by is not None:
                assert self.superseded[self.order[int(event.run_id[1:])]] == event.superseded_by
                assert event.cancelled_by == f"run {event.superseded_by}"

    @invariant()
    def guests_share_their_hosts_fate(self) -> None:
        """E24."""
        for guest, host in self.host.items():
            assert (guest.state is RunState.SETTLED) >= (host.state is RunState.SETTLED)
            if (told := guest.ending) is not None:
                assert told.folded_into == host.request.run_id
                if guest not in self.alone:
                    hosts = host.ending
                    assert hosts is not None
                    assert (told.status, told.text, told.error) == (hosts.status, hosts.text, hosts.error)

    @invariant()
    def what_took_too_long_was_not_cancelled(self) -> None:
        for record in self.order:
            if record.timeout is not None and record.ending is not None:
                assert record.ending.status is not Status.CANCELLED

    @invariant()
    def nothing_is_remembered_of_what_left(self) -> None:
        assert len(self.ledger.turns._ready) <= 2 * 3 + 64
        for session in "xyz":
            waiting = self.those(session, RunState.WAITING)
            assert self.ledger.turns.length(session) == len(waiting)
            assert [self.ledger.position(record) for record in waiting] == list(range(len(waiting)))

    @invariant()
    def queries_agree(self) -> None:
        """I13: ``live`` is the session's unsettled runs in their order; runs in flight are never forgotten."""
        for session in "xyz":
            assert self.ledger.turns.live(session) == [
                r for r in self.order if r.request.session == session and r.state is not RunState.SETTLED
            ]
        for record in self.order:
            assert record.state is RunState.SETTLED or self.ledger.record(record.request.run_id) is record

    def teardown(self) -> None:
        """When every task has ended, so has every run."""
        while getattr(self, "tasks", None):
            self.end_first()
        if hasattr(self, "ledger"):
            assert self.ledger.in_flight == 0
            assert not self.ledger.turns.live("x")

    def end_first(self) -> None:
        self.ledger.ended(self.tasks.pop(0), DONE, 0.0)
        self.drain()


AnyCommands.TestCase.settings = settings(max_examples=100, stateful_step_count=40, deadline=None)
TestAnyCommands = AnyCommands.TestCase


@given(st.lists(st.sampled_from("xyz"), max_size=30), st.integers(1, 3))
def test_everything_accepted_runs_in_the_end(sessions: list[str], max_active: int) -> None:
    """With tasks that end in the order of their start, all runs start in the order of acceptance as far as sessions allow."""
    ledger = Ledger(max_active=max_active)
    records = [submit(ledger, str(number), session) for number, session in enumerate(sessions)]
    for _ in records:
        ledger.ended(next(r for r in ledger.outbox.started if r.state is RunState.ACTIVE), DONE, 0.0)
    assert ledger.endings == ({Status.COMPLETED: len(records)} if records else {})
    assert not ledger.busy()


@pytest.mark.parametrize("ended_first", [True, False])
def test_an_id_is_taken_as_long_as_something_may_come_of_its_run(ended_first: bool) -> None:
    """Forgotten is what has ended and unwound: what the old task says would else be told of a new run."""
    ledger = Ledger(retain=1)
    old = submit(ledger, "a")
    ledger.complete(old, "early", 0.0)
    if ended_first:
        ledger.ended(old, DONE, 0.0)
    ledger.published(endings(ledger)["a"], stored=True)
    other = submit(ledger, "b", "t")
    ledger.ended(other, DONE, 0.0)
    ledger.published(endings(ledger)["b"], stored=True)
    assert (ledger.record("a") is None) is ended_first
    if not ended_first:
        ledger.ended(old, DONE, 0.0)
        assert (ledger.record("a"), ledger.record("b")) == (old, None)


def test_nothing_is_told_of_a_forgotten_run_whose_id_belongs_to_another() -> None:
    """Its coordinator may have kept the context for ever."""
    ledger = Ledger(retain=1)
    old = submit(ledger, "a")
    for record in (old, submit(ledger, "b", "t")):
        ledger.ended(record, DONE, 0.0)
        ledger.published(endings(ledger)[record.request.run_id], stored=True)
    submit(ledger, "a", "u")
    seen = len(ledger.outbox.events)
    ledger.complete(old, "late", 0.0)
    ledger.progress(old, "late", 0.0)
    assert len(ledger.outbox.events) == seen
