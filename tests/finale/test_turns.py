"""Whose turn it is: queues, capacity, fairness, and memory that is proportional to what waits."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from finale.events import Request
from finale.record import RunRecord
from finale.turns import Turns


class Queue:
    """Turns, with records numbered as they come."""

    def __init__(self, max_active: int | None = None) -> None:
        self.turns = Turns(max_active)
        self.number = 0

    def join(self, session: str = "s") -> RunRecord:
        record = RunRecord(Request("p", session, str(self.number)), self.number)
        self.number += 1
        self.turns.join(record)
        return record


def test_the_first_to_come_is_the_first_to_go() -> None:
    """One at a time in a session; the next when the one before is released."""
    queue = Queue()
    records = [queue.join() for _ in range(3)]
    for record in records:
        assert queue.turns.take() is record
        assert queue.turns.take() is None
        assert queue.turns.holder("s") is record
        queue.turns.released(record)
    assert ("s" in queue.turns, queue.turns.active, queue.turns.sessions) == (False, 0, [])


def test_sessions_share_the_capacity_by_age() -> None:
    """The head that came first goes first, whenever its session became ready."""
    queue = Queue(max_active=1)
    a, b, c, d = (queue.join(session) for session in "xyzx")
    taken = []
    for _ in range(4):
        record = queue.turns.take()
        assert record is not None
        assert queue.turns.take() is None
        taken.append(record)
        queue.turns.released(record)
    assert taken == [a, b, c, d]


def test_what_left_has_no_turn() -> None:
    """First, middle, last and only one of a queue; its neighbours close up."""
    queue = Queue()
    records = [queue.join() for _ in range(6)]
    assert queue.turns.take() is records[0]
    for place in (1, 3, 5):
        queue.turns.left(records[place])
    assert list(queue.turns.waiting("s")) == [records[2], records[4]]
    assert queue.turns.length("s") == 2
    joined = queue.join()
    queue.turns.left(records[4])
    assert list(queue.turns.waiting("s")) == [records[2], joined]
    assert all(record.leader is record.follower is None for record in (records[1], records[3], records[4], records[5]))


def test_a_session_is_forgotten_when_its_last_waiting_run_leaves() -> None:
    """And begins anew with the next one."""
    queue = Queue(max_active=1)
    holder, only = queue.join("x"), queue.join("y")
    assert queue.turns.take() is holder
    queue.turns.left(only)
    assert (list(queue.turns.waiting("y")), queue.turns.length("y"), queue.turns.holder("y")) == ([], 0, None)
    again = queue.join("y")
    queue.turns.released(holder)
    assert queue.turns.take() is again


def test_a_queue_may_be_emptied_while_it_is_walked() -> None:
    """Whoever walks it may remove what it was just given."""
    queue = Queue()
    records = [queue.join() for _ in range(4)]
    assert queue.turns.take() is records[0]
    for record in queue.turns.waiting("s"):
        queue.turns.left(record)
    assert queue.turns.length("s") == 0


def test_coming_and_going_leaves_nothing_behind() -> None:
    """While the capacity is full, any number of runs that join and leave costs no memory, in one session or in many."""
    queue = Queue(max_active=1)
    holder = queue.join("busy")
    assert queue.turns.take() is holder
    kept = queue.join("kept")
    for number in range(5000):
        queue.turns.left(queue.join(f"new {number}"))
        queue.turns.left(queue.join("kept"))
        queue.turns.left(queue.join("busy"))
    assert len(queue.turns._ready) <= 100
    assert (kept.follower, holder.follower, queue.turns.sessions) == (None, None, ["busy", "kept"])
    queue.turns.released(holder)
    assert queue.turns.take() is kept
    assert queue.turns.take() is None


def test_who_waits_keeps_its_turn_while_others_come_and_go() -> None:
    """I9: what is remembered of those that left is thrown away, and nothing else."""
    queue = Queue(max_active=1)
    holder, behind = queue.join("busy"), queue.join("busy")
    assert queue.turns.take() is holder
    kept = [queue.join(session) for session in "xyz"]
    for number in range(200):
        queue.turns.left(queue.join(f"new {number}"))
    for before, after in itertools.pairwise([holder, behind, *kept]):
        queue.turns.released(before)
        assert queue.turns.take() is after


@given(st.lists(st.tuples(st.sampled_from("jjjtlr"), st.sampled_from("xyz"), st.integers(0, 5))), st.none() | st.integers(1, 2))
def test_against_plain_lists(steps: list[tuple[str, str, int]], max_active: int | None) -> None:
    """Any sequence of joining, taking, leaving and releasing."""
    queue = Queue(max_active)
    waiting: list[RunRecord] = []
    held: dict[str, RunRecord] = {}
    for step, session, place in steps:
        if step == "j":
            waiting.append(queue.join(session))
        elif step == "t":
            room = max_active is None or len(held) < max_active
            expected = next((r for r in waiting if r.request.session not in held), None) if room else None
            assert queue.turns.take() is expected
            if expected is not None:
                held[expected.request.session] = expected
                waiting.remove(expected)
        elif step == "l" and place < len(waiting):
            queue.turns.left(waiting.pop(place))
        elif step == "r" and session in held:
            queue.turns.released(held.pop(session))
        for name in "xyz":
            mine = [record for record in waiting if record.request.session == name]
            assert list(queue.turns.waiting(name)) == mine
            assert queue.turns.length(name) == len(mine)
            assert queue.turns.live(name) == [*([held[name]] if name in held else []), *mine]
            assert (name in queue.turns) is bool(mine or name in held)
        assert queue.turns.active == len(held)
