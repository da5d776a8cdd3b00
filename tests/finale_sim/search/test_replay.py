"""Replay: what was recorded, 0 elsewhere."""

from finale_sim.choices import deviations
from finale_sim.search import NAMED, Replay, Strategy, following
from tests.finale_sim.synthetic import answers_of, flat, following_answers


def test_a_recording_is_followed() -> None:
    """Deviations that are given come back; what is not given is 0."""
    run = flat(2, 3, 4, 2)
    attempt = run(following_answers(0, 2, 3, 0))
    assert run(following(deviations(attempt.choices))) == attempt


def test_nothing_recorded_is_the_happy_path() -> None:
    """Without deviations all answers are 0."""
    assert answers_of(flat(2, 9)(following({}))) == (0, 0)


def test_an_index_that_is_too_large_becomes_the_last_one() -> None:
    """Where fewer options are on offer than were recorded, the last one is taken."""
    recorded = deviations(flat(9)(following_answers(7)).choices)
    assert answers_of(flat(3)(following(recorded))) == (2,)


def test_a_site_that_never_comes_up_is_left_alone() -> None:
    """A deviation for another program changes nothing."""
    assert answers_of(flat(2, 2)(following({12345: 1}))) == (0, 0)


def test_a_replay_is_one_trial() -> None:
    """The strategy supplies its trial once."""
    strategy = Replay({flat(2)(following_answers(1)).choices[0].site.key: 1})
    decide = strategy.next()
    assert decide is not None
    strategy.learn(flat(2)(decide))
    assert strategy.next() is None


def test_strategies_are_listed_and_have_names() -> None:
    """Each listed strategy has a name of its own."""
    made: list[Strategy] = [Replay({}), *(make(0, 100) for make, _ in NAMED.values())]
    assert len({strategy.name for strategy in made}) == len(made)
