"""Behaviours: how many there were, which are new, and a bound on those that were not seen, beside the truth."""

import random

import pytest

from finale_sim.search import behaviours
from finale_sim.search.behaviours import Behaviours

CAMPAIGNS = 200


def number(kind: int) -> int:
    """A behaviour as a trial has it: 64 bits that look random."""
    return random.Random(kind).getrandbits(64)


def zipf(count: int, power: float) -> list[float]:
    weights = [1 / (rank + 1) ** power for rank in range(count)]
    return [weight / sum(weights) for weight in weights]


DISTRIBUTIONS = {
    "two alike": [0.5] * 2,
    "twenty alike": [0.05] * 20,
    "a thousand alike": [0.001] * 1000,
    "few often, many rarely": zipf(1000, 1.0),
    "one nearly always": zipf(1000, 2.0),
    "one in fifty": [0.98, 0.02],
    "twenty in two hundred": [0.9, *[0.005] * 20],
}


@pytest.mark.parametrize("trials", [10, 100, 1000])
@pytest.mark.parametrize("name", DISTRIBUTIONS)
def test_the_bound_covers_what_was_not_seen_in_19_of_20_campaigns(name: str, trials: int) -> None:
    """Drawn from a space that is known, what was not seen has at most the chance that is said, and at least 95 % of the times."""
    chances = DISTRIBUTIONS[name]
    kinds = [number(kind) for kind in range(len(chances))]
    rng, covered = random.Random(1), 0
    for _ in range(CAMPAIGNS):
        seen, drawn = Behaviours(), rng.choices(range(len(chances)), chances, k=trials)
        for kind in drawn:
            seen.add(kinds[kind])
        truth = 1 - sum(chances[kind] for kind in set(drawn))
        covered += seen.unseen is not None and seen.unseen >= truth - 1e-9
    assert covered >= 0.95 * CAMPAIGNS


def test_the_bound_is_worth_something() -> None:
    """When everything was seen many times, hardly anything can be left; when all was new, anything can."""
    often, never = Behaviours(), Behaviours()
    for trial in range(1000):
        often.add(number(trial % 10))
        never.add(number(trial))
    assert often.unseen is not None
    assert often.unseen < 0.01
    assert never.unseen == 1.0
    assert Behaviours().unseen is None


def test_new_ones_are_told_apart_and_counted() -> None:
    """The first of a kind is new."""
    seen = Behaviours()
    assert [seen.add(number(kind)) for kind in (1, 2, 1, 3, 2)] == [True, True, False, True, False]
    assert seen.distinct == 3
    assert seen.trials == 5


def test_memory_is_bounded_and_the_numbers_stay_about_right(monkeypatch: pytest.MonkeyPatch) -> None:
    """When there are too many, a random half of all that there can be is left out, and the numbers are scaled up."""
    monkeypatch.setattr(behaviours, "_MOST", 500)
    thinned = Behaviours()
    rng = random.Random(3)
    drawn = [rng.randrange(5000) for _ in range(20_000)]
    for kind in drawn:
        thinned.add(number(kind))
    assert len(thinned._counts) <= 500
    assert thinned.distinct == pytest.approx(len(set(drawn)), rel=0.2)
    truth = 1 - len(set(drawn)) / 5000
    assert thinned.unseen is not None
    assert truth <= thinned.unseen <= truth + 0.1
