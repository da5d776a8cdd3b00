"""The sweep, on made-up trees of choices, against plain enumeration."""

import itertools
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finale_sim.search import RunTrial, Sweep
from tests.finale_sim.synthetic import answers_of, every_stream, flat, growing

Stream = tuple[int, ...]


def swept(run: RunTrial, *, start: int = 0, most: int | None = None) -> tuple[Sweep, list[tuple[int, Stream]]]:
    """All trials of a sweep, each with the level at which it was run."""
    strategy, trials = Sweep(start=start, max_deviations=most), list[tuple[int, Stream]]()
    while (decide := strategy.next()) is not None:
        attempt = run(decide)
        trials.append((strategy._level, answers_of(attempt)))
        strategy.learn(attempt)
        assert len(trials) < 20_000, "the sweep does not end"
    return strategy, trials


def size(stream: Stream) -> int:
    return sum(answer > 0 for answer in stream)


def with_at_most(streams: list[Stream], deviations: int) -> set[Stream]:
    return {stream for stream in streams if size(stream) <= deviations}


def leaves(trials: list[tuple[int, Stream]]) -> Counter[Stream]:
    """How often each stream was run at its own level: a level runs those with fewer deviations again, on its way."""
    return Counter(stream for level, stream in trials if size(stream) == level)


@given(st.lists(st.integers(2, 4), max_size=5), st.integers(0, 3))
def test_each_stream_of_at_most_k_deviations_is_tried_once(options: list[int], k: int) -> None:
    """On a flat program: exactly the streams of ``itertools.product`` with at most k deviations, each once at its level."""
    every = list(itertools.product(*(range(count) for count in options)))
    strategy, trials = swept(flat(*options), most=k)
    assert leaves(trials) == Counter(with_at_most(every, k))
    assert {stream for _, stream in trials} == with_at_most(every, k)
    assert strategy.complete >= min(k, len(options))
    assert strategy.exhausted == (k >= len(options))


def test_what_is_asked_may_depend_on_what_was_answered() -> None:
    """On a tree whose questions depend on the answers, the sweep reaches every leaf."""

    def options(answers: Stream) -> int:
        return sum(answers) % 3 + 2 if len(answers) < 4 else 0

    strategy, trials = swept(growing(options))
    assert leaves(trials) == Counter(every_stream(options))
    assert strategy.exhausted


def test_levels_come_one_after_another() -> None:
    """The happy path first, then every single deviation, then the pairs; so the first failure is as small as any."""
    _, trials = swept(flat(3, 3, 3))
    assert [size(stream) for stream in dict.fromkeys(stream for _, stream in trials)] == [0] * 1 + [1] * 6 + [2] * 12 + [3] * 8


def test_a_level_goes_from_the_first_choice_to_the_last() -> None:
    """Within a level, early choices deviate first and small indexes come first."""
    _, trials = swept(flat(2, 3), most=1)
    assert list(leaves(trials)) == [(0, 0), (1, 0), (0, 1), (0, 2)]


@pytest.mark.parametrize("start", [1, 2, 3])
def test_a_sweep_may_start_higher_up(start: int) -> None:
    """What is below ``start`` counts as tried; all from there on is tried."""
    every = list(itertools.product(range(2), repeat=4))
    strategy, trials = swept(flat(2, 2, 2, 2), start=start)
    assert leaves(trials) == Counter(stream for stream in every if size(stream) >= start)
    assert strategy.exhausted


@pytest.mark.parametrize("options", [(), (1, 1)])
def test_a_program_without_choices_is_exhausted_by_one_trial(options: tuple[int, ...]) -> None:
    """One trial, and nothing is left."""
    strategy, trials = swept(flat(*options))
    assert len(trials) == 1
    assert strategy.exhausted
    assert strategy.complete == 0


def test_complete_counts_whole_levels_only() -> None:
    """``complete`` goes up when a level is over, not when it begins."""
    strategy, run = Sweep(), flat(2, 2)
    seen = []
    while (decide := strategy.next()) is not None:
        seen.append(strategy.complete)
        strategy.learn(run(decide))
    assert seen == [-1, *[0] * 3, *[1] * 4]  # the happy path; that again and both single ones; these again and the pair
    assert strategy.complete == 2


def test_a_bounded_sweep_knows_when_it_was_exhaustive() -> None:
    """With room for more deviations than the program has choices, the sweep says that nothing is left."""
    assert swept(flat(2), most=1)[0].exhausted
    assert not swept(flat(2, 2), most=1)[0].exhausted


def test_memory_does_not_grow_with_the_number_of_trials() -> None:
    """What is held are the siblings on the way to one stream, not a level's worth of them."""
    strategy, run = Sweep(start=3), flat(*[2] * 30)
    deepest = 0
    for _ in range(3000):
        decide = strategy.next()
        assert decide is not None
        strategy.learn(run(decide))
        deepest = max(deepest, sum(len(children._keys) for children in strategy._stack))
    assert deepest <= 3 * 30
