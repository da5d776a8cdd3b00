"""The ledger: each command by example, then any sequence of commands against a tiny model."""

from collections import Counter, defaultdict

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from finale.errors import DuplicateRun, EmptyPrompt, JournalUnavailable, Rejected, SessionMissing, WorkspaceClosing
from finale.events import (
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


def request(run_id: str = "r", session: str = "s", prompt: str = "go") -> Request:
    return Request(prompt, session, run_id)


def submit(ledger: Ledger, run_id: str, session: str = "s") -> RunRecord:
    return ledger.submit(request(run_id, session), "enqueue", 0.0)


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

    @initialize(max_active=st.none() | st.integers(1, 3), retain=st.integers(1, 4))
    def open(self, max_active: int | None, retain: int) -> None:
        self.ledger = Ledger(max_active=max_active, retain=retain, durable=True)
        self.max_active = max_active
        self.events: list[Event] = []
        self.order: list[RunRecord] = []  # accepted
        self.tasks: list[RunRecord] = []  # started, not ended
        self.covered: dict[RunRecord, str] = {}
        self.published = 0

    def drain(self) -> None:
        outbox = self.ledger.outbox
        self.events += outbox.events
        self.tasks += outbox.started
        for record in outbox.stopped:
            assert record.state in (RunState.CANCELLING, RunState.SETTLED)
        for queue in (outbox.events, outbox.started, outbox.stopped):
            queue.clear()

    @rule(session=st.sampled_from("xyz"))
    def submit(self, session: str) -> None:
        if self.ledger.closing:
            with pytest.raises(WorkspaceClosing):
                submit(self.ledger, "late", session)
        else:
            self.order.append(submit(self.ledger, f"r{len(self.order)}", session))
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
    @rule(data=st.data())
    def cancel_one(self, data: st.DataObject) -> None:
        record = data.draw(st.sampled_from(self.order))
        expected = record.state in (RunState.WAITING, RunState.ACTIVE)
        assert self.ledger.cancel_run(record, "one", 0.0) is expected
        if expected:
            self.covered[record] = "one"
        self.drain()

    @rule(session=st.sampled_from("xyz"))
    def cancel_session(self, session: str) -> None:
        victims = [r for r in self.order if r.request.session == session and r.state in (RunState.WAITING, RunState.ACTIVE)]
        assert self.ledger.cancel(session, "session", 0.0) == len(victims)
        self.covered.update((record, "session") for record in victims)
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
        assert all(r.state in (RunState.CANCELLING, RunState.SETTLED) for r in self.order)

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
