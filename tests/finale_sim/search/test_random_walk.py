"""The random walk: repeatable, restless in different degrees, and sparing with faults."""

from finale_sim.choices import Kind, Site
from finale_sim.search import RandomWalk
from tests.finale_sim.synthetic import answers_of, flat

RUN = flat(*[3] * 40)
FAULTY = flat(*[2] * 40, kinds=dict.fromkeys(range(40), Kind.FAULT))


def walks(seed: int, count: int, run: object = RUN) -> list[tuple[int, ...]]:
    strategy = RandomWalk(seed)
    return [answers_of(run(strategy.next())) for _ in range(count)]  # type: ignore[operator]


def test_a_seed_repeats_its_walks() -> None:
    """Trial n of a seed is always the same walk, whatever the trials before it asked."""
    assert walks(7, 20) == walks(7, 20)
    strategy = RandomWalk(7)
    strategy.next()  # nobody walked it
    assert answers_of(RUN(strategy.next())) == walks(7, 2)[1]


def test_seeds_differ() -> None:
    """Other seeds walk other ways, and neighbours share nothing."""
    assert len({walk for seed in range(4) for walk in walks(seed, 20)}) > 75


def test_seeds_may_be_large() -> None:
    """Any whole number is a seed."""
    assert walks(2**80, 3) == walks(2**80, 3)


def test_it_never_ends_and_stays_in_range() -> None:
    """Every answer is an index on offer."""
    assert all(0 <= answer < 3 for walk in walks(1, 200) for answer in walk)


def test_walks_are_restless_in_different_degrees() -> None:
    """Some trials hardly leave the happy path, others take any option at each choice."""
    deviations = sorted(sum(answer > 0 for answer in walk) for walk in walks(3, 100))
    assert deviations[0] <= 5
    assert deviations[-1] >= 20


def test_faults_strike_rarely_within_a_trial_and_often_over_all() -> None:
    """Some trials have no fault at all, and none is all faults."""
    strikes = [sum(walk) for walk in walks(5, 100, FAULTY)]
    assert 0 in strikes
    assert max(strikes) <= 25
    assert sum(count > 0 for count in strikes) > 40


def test_it_asks_for_nothing_but_the_kind_and_the_number_of_options() -> None:
    """A site never seen before is as good as any."""
    decide = RandomWalk(0).next()
    assert decide(Site(Kind.TIE, "", 0, "at 3 s"), 5) in range(5)
