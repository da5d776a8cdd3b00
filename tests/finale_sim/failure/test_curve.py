"""When a failure was decided."""

import pytest
import trio

import finale_sim
from finale_sim.choices import Choice, Kind, Site
from finale_sim.failure.curve import Point, curve, curve_text
from tests.finale_sim.synthetic import flat, following_answers

RUN = flat(2, 2, 2, 2, judge=lambda answers: "mine" if answers[1] and answers[2] else "other" if answers[0] else None)


def test_certain_behind_the_last_deviation_rare_before_the_first() -> None:
    """It rises with each choice that matters, and stays where nothing is decided."""
    points = curve(RUN, RUN(following_answers(0, 1, 1, 0)), samples=400)
    assert [point.prefix for point in points] == [0, 1, 2, 3, 4]
    assert [point.choice.answer if point.choice else None for point in points] == [None, 0, 1, 1, 0]
    assert [round(4 * point.share) for point in points] == [1, 1, 2, 4, 4]


def test_only_the_same_claim_counts() -> None:
    """Another failure on the way is none of this curve."""
    run = flat(2, 2, judge=lambda answers: ("mine" if answers[1] else "other") if answers[0] else None)
    assert [point.share for point in curve(run, run(following_answers(1, 1)), samples=200)][-1] == 1
    assert curve(run, run(following_answers(1, 1)), samples=400)[1].share == pytest.approx(0.5, abs=0.1)


def test_one_seed_one_curve() -> None:
    """Another seed may give another one."""
    failure = RUN(following_answers(0, 1, 1, 0))
    assert curve(RUN, failure, samples=9) == curve(RUN, failure, samples=9)
    assert curve(RUN, failure, samples=9) != curve(RUN, failure, samples=9, seed=1)


def test_wrong_use_is_refused() -> None:
    """No samples, no failure."""
    with pytest.raises(ValueError, match="at least one sample, not 0"):
        curve(RUN, RUN(following_answers(0, 1, 1, 0)), samples=0)
    with pytest.raises(ValueError, match="breaks no claim"):
        curve(RUN, RUN(following_answers(0)), samples=5)


def test_faults_are_rare_in_random_futures() -> None:
    """Where everything breaks, every failure looks near."""
    run = flat(2, 2, judge=lambda answers: "mine" if answers[1] else None, kinds={1: Kind.FAULT})
    assert curve(run, run(following_answers(0, 1)), samples=400)[0].share < 0.2


def test_the_text_has_a_bar_for_each_point() -> None:
    """Full at 100 %; a deviation is marked."""
    site = Site(Kind.SCHEDULE, "/main", 3)
    points = (Point(0, None, 0, 4), Point(1, Choice(site, 2, 0), 2, 4), Point(2, Choice(site, 2, 1), 4, 4))
    assert curve_text(points).splitlines() == [
        "0  ░░░░░░░░░░░░░░░░░░░░   0%    before the first choice",
        "1  ██████████░░░░░░░░░░  50%    schedule /main#3: option 0",
        "2  ████████████████████ 100%  » schedule /main#3: option 1",
    ]
    assert curve_text(()) == ""


def test_a_counterexample_has_one() -> None:
    """Behind the whole trial nothing is left to chance."""

    async def program() -> None:
        order = list[int]()

        async def child(number: int) -> None:
            await trio.lowlevel.checkpoint()
            order.append(number)

        async with trio.open_nursery() as nursery:
            nursery.start_soon(child, 0)
            nursery.start_soon(child, 1)
        assert order == [0, 1]

    report = finale_sim.explore(program)
    assert report.counterexample is not None
    points = report.counterexample.curve(samples=10)
    assert points[-1].share == 1
    assert 0 < points[0].share < 1
