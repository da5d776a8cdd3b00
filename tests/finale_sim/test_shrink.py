"""Shrinking, on made-up failures whose optimum is known."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finale_sim.choices import Decide, Kind
from finale_sim.search import Attempt, RunTrial
from finale_sim.shrink import Shrunk, shrink
from tests.finale_sim.synthetic import Judge, answers_of, flat, following_answers, growing

Stream = tuple[int, ...]


def shrunk(run: RunTrial, *answers: int, limit: int = 500) -> Shrunk:
    """The failure at ``answers``, shrunk."""
    failure = run(following_answers(*answers))
    assert failure.breach is not None
    return shrink(run, failure, limit=limit)


def needs(*wanted: int) -> Judge:
    """Fails where all of these places deviate."""
    return lambda answers: "claim" if all(answers[at] for at in wanted) else None


@given(st.sets(st.integers(0, 19), max_size=4), st.lists(st.integers(0, 4), min_size=20, max_size=20))
def test_exactly_the_deviations_that_matter_are_left(wanted: set[int], noise: list[int]) -> None:
    """Whatever noise surrounds them, the needed deviations are left, each with its smallest index."""
    start = [max(answer, at in wanted) for at, answer in enumerate(noise)]
    result = shrunk(flat(*[5] * 20, judge=needs(*wanted)), *start)
    assert answers_of(result.attempt) == tuple(int(at in wanted) for at in range(20))
    assert result.settled


def test_no_deviation_at_all_is_the_best() -> None:
    """A failure that needs nothing is shrunk to the happy path by one trial."""
    result = shrunk(flat(*[2] * 40, judge=lambda answers: "always"), *[1] * 40)
    assert result.attempt.deviations == ()
    assert result.trials == 1


def test_indexes_become_as_small_as_they_may() -> None:
    """An index that must be at least 3 becomes 3."""
    result = shrunk(flat(9, 9, judge=lambda answers: "claim" if answers[0] >= 3 else None), 8, 5)
    assert answers_of(result.attempt) == (3, 0)


def test_two_that_only_go_together_go_together() -> None:
    """Where one of a pair may not go alone, both go."""
    run = flat(2, 2, 2, judge=lambda answers: "claim" if answers[2] and answers[0] == answers[1] else None)
    assert answers_of(shrunk(run, 1, 1, 1).attempt) == (0, 0, 1)


def test_fewer_faults_are_better_than_more() -> None:
    """Of two failures with one deviation each, a changed order beats a fault; the shrinker does not trade it for a fault."""
    judge: Judge = lambda answers: "claim" if answers[0] or answers[1] else None  # noqa: E731
    run = flat(2, 2, judge=judge, kinds={0: Kind.FAULT})
    assert answers_of(shrunk(run, 1, 1).attempt) == (0, 1)


def test_it_never_slips_to_another_claim() -> None:
    """A smaller trial that breaks something else is not taken, however small it is."""

    def judge(answers: Stream) -> str | None:
        if answers[0] and answers[1]:
            return "mine"
        return "another" if sum(answers) < 2 else None

    result = shrunk(flat(2, 2, 2, 2, judge=judge), 1, 1, 1, 1)
    assert result.attempt.breach is not None
    assert result.attempt.breach.claim == "mine"
    assert answers_of(result.attempt) == (1, 1, 0, 0)


def test_the_message_may_change_as_long_as_the_claim_is_the_same() -> None:
    """Messages tell the case, claims name the failure."""
    result = shrunk(flat(2, 2, judge=needs(0)), 1, 1)
    assert result.attempt.breach is not None
    assert result.attempt.breach.message == "at (1, 0)"


def test_what_cannot_be_judged_is_not_smaller() -> None:
    """An undecided trial is no failure."""
    run = flat(2, 2, judge=needs(0))

    def undecided_if_alone(decide: Decide) -> Attempt:
        attempt = run(decide)
        return attempt if answers_of(attempt) == (1, 1) else Attempt(attempt.choices, 0, undecided="too long")

    assert answers_of(shrunk(undecided_if_alone, 1, 1).attempt) == (1, 1)


@pytest.mark.parametrize("limit", [0, 1, 2, 7])
def test_the_limit_is_respected(limit: int) -> None:
    """Not one trial more, and the result says that it is not settled; it fails all the same."""
    count = 0
    run = flat(*[2] * 40, judge=lambda answers: "claim" if sum(answers) >= 20 else None)

    def counted(decide: Decide) -> Attempt:
        nonlocal count
        count += 1
        return run(decide)

    result = shrink(counted, run(following_answers(*[1] * 40)), limit=limit, below=0)
    assert count == result.trials == limit
    assert not result.settled
    assert result.attempt.breach is not None


def test_a_program_that_asks_other_questions_after_a_change_is_shrunk_too() -> None:
    """Sites that vanish with a deviation are no trouble: the others keep their meaning."""

    def options(answers: Stream) -> int:
        return 0 if len(answers) >= 6 or (answers and answers[-1] == 2) else 3

    run = growing(options, lambda answers: "claim" if answers[:1] == (1,) else None)
    result = shrunk(run, 1, 0, 1, 1, 2)
    assert answers_of(result.attempt)[0] == 1
    assert len(result.attempt.deviations) == 1


def test_interrupted_while_shrinking() -> None:
    """Ctrl-C leaves the best failure so far."""
    run = flat(*[2] * 8, judge=needs(3))
    left = 4

    def impatient(decide: Decide) -> Attempt:
        nonlocal left
        left -= 1
        if left < 0:
            raise KeyboardInterrupt
        return run(decide)

    result = shrink(impatient, run(following_answers(*[1] * 8)))
    assert result.attempt.breach is not None
    assert not result.settled
    assert result.interrupted
    assert len(result.attempt.deviations) < 8


def pair_of(first: int, second: int) -> Judge:
    """Fails with two deviations at these places and no other, or with three at the end."""
    return lambda answers: "claim" if answers in (at(first, second), at(7, 8, 9)) else None


def at(*places: int) -> Stream:
    return tuple(int(place in places) for place in range(10))


def test_what_lies_below_is_tried_in_full() -> None:
    """Where no pass leads to the smallest failure it is found all the same, and called minimal."""
    result = shrunk(flat(*[2] * 10, judge=pair_of(1, 4)), *at(7, 8, 9))
    assert answers_of(result.attempt) == at(1, 4)
    assert result.minimal


def test_neighbours_are_merged_into_one() -> None:
    """One deviation in between does what two do."""
    run = flat(*[2] * 10, judge=lambda answers: "claim" if answers in (at(1, 6, 8), at(3, 8)) else None)
    result = shrink(run, run(following_answers(*at(1, 6, 8))), below=0)
    assert answers_of(result.attempt) == at(3, 8)


def test_a_proof_needs_everything_below() -> None:
    """With too few trials for it, with a trial that can't be judged, or without time, the result is not called minimal."""
    run = flat(*[2] * 10, judge=lambda answers: "claim" if answers == at(7, 8, 9) else None)
    failure = run(following_answers(*at(7, 8, 9)))
    assert shrink(run, failure).minimal
    assert not shrink(run, failure, below=40).minimal
    assert shrink(run, failure, below=0, swept=2).minimal

    def blind(decide: Decide) -> Attempt:
        attempt = run(decide)
        return attempt if answers_of(attempt) != at(2) else Attempt(attempt.choices, 0, undecided="too long")

    assert not shrink(blind, failure).minimal
    ticks = iter(range(100))
    late = shrink(run, failure, seconds=3, clock=lambda: next(ticks))
    assert not late.minimal
    assert not late.settled
    assert late.trials == 3


def test_another_failure_is_filed() -> None:
    """What breaks another claim on the way is kept, of each claim the smallest."""

    def judge(answers: Stream) -> str | None:
        return "mine" if answers[0] and answers[1] else "other" if answers[2] else None

    result = shrunk(flat(2, 2, 2, 2, judge=judge), 1, 1, 1, 1)
    assert answers_of(result.attempt) == (1, 1, 0, 0)
    (other,) = result.others
    assert answers_of(other) == (0, 0, 1, 0)
