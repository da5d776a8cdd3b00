"""What a search still finds, counted in bounded memory."""

from finale_sim.search.novelty import Novelty


def fed(*fingerprints: int) -> Novelty:
    novelty = Novelty()
    for fingerprint in fingerprints:
        novelty.note(fingerprint)
    return novelty


def test_only_what_is_new_counts() -> None:
    """The curve goes from nothing to the last trial, with a point for each new behaviour."""
    novelty = fed(1, 1, 2, 2, 2)
    assert (novelty.trials, novelty.distinct) == (5, 2)
    assert novelty.curve() == [(0, 0), (1, 1), (3, 2), (5, 2)]


def test_nothing_tried_is_no_curve() -> None:
    """Without trials there are no points."""
    assert Novelty().curve() == []


def test_memory_stays_bounded() -> None:
    """Few points of many, all on the true curve; at 65,536 it stops counting and says so."""
    novelty = fed(*range(70_000))
    assert len(novelty.curve()) <= 300
    assert all(trials == distinct for trials, distinct in novelty.curve()[:-1])
    assert novelty.full
    assert novelty.distinct == 1 << 16
    assert novelty.curve()[-1] == (70_000, 1 << 16)
