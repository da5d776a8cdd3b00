"""Curves, drawn and as text."""

import re

import pytest

from finale_sim.choices import Choice, Kind, Site
from finale_sim.failure.curve import Point, curve_text
from finale_sim.render.plots import Curve, coverage_picture, curve_picture
from tests.finale.drawing.geometry import assert_sound, texts


def points(length: int, deviating: int = 3) -> tuple[Point, ...]:
    site = Site(Kind.SCHEDULE, "/main", 1)
    made = [Point(n, Choice(site, 2, int(n % deviating == 0)), n % 21, 20) for n in range(1, length)]
    return (Point(0, None, 1, 20), *made)


@pytest.mark.parametrize("length", [1, 2, 7, 300, 5000])
@pytest.mark.parametrize("deviating", [1, 3, 1000])
def test_curves_are_sound(length: int, deviating: int) -> None:
    """However many points and deviations: all inside, no label on another one, the same bytes again."""
    picture = curve_picture(points(length, deviating))
    assert_sound(picture.svg)
    assert curve_picture(points(length, deviating)) == picture
    assert picture.text == curve_text(points(length, deviating))


def test_a_failure_without_choices_has_a_curve() -> None:
    """A level line, and the reason, instead of an empty frame."""
    svg = curve_picture(points(1)).svg
    assert 'stroke-width="2"' in svg
    assert "there is no choice: every trial is like this one" in svg
    assert "there is no choice" not in curve_picture(points(2)).svg


def test_no_points_are_an_empty_frame() -> None:
    """Nothing to show is no error."""
    assert_sound(curve_picture(()).svg)


def test_a_curve_is_its_points_and_shows_itself() -> None:
    """A tuple to programs, bars where it is printed, a drawing in a notebook."""
    curve = Curve(points(4))
    assert curve == points(4)
    assert str(curve) == curve_text(points(4))
    assert list(curve._repr_mimebundle_()) == ["text/plain", "text/html"]


def test_a_higher_share_is_drawn_higher() -> None:
    """0 at the bottom, 1 at the top."""
    path = re.search(r'<path d="M([^"]*)" stroke-width="2"', curve_picture((Point(0, None, 0, 4), Point(1, None, 4, 4))).svg)
    assert path is not None
    (_, low), (_, same), (_, high) = (map(float, pair.split(",")) for pair in path.group(1).split("L"))
    assert low == same > high


@pytest.mark.parametrize("parts", [0, 1, 5, 60])
def test_coverage_is_sound(parts: int) -> None:
    """One search or a campaign, with any names."""
    names = ["<script>", "a\x00b", "x" * 10_000, "many at once"]
    picture = coverage_picture([(names[n % 4], [(0, 0), (10, 4), (40, 5 + n)]) for n in range(parts)])
    assert_sound(picture.svg)
    assert picture.title == f"{sum(5 + n for n in range(parts)):,} distinct behaviours in {40 * parts:,} trials"


def test_coverage_as_text_says_when_it_was_new() -> None:
    """For each search its sums, and what came in each quarter of its trials."""
    text = coverage_picture([("a", [(0, 0), (1, 1), (2, 2), (8, 3), (8, 3)]), ("none", [])]).text
    assert text.splitlines() == [
        "3 distinct behaviours in 8 trials",
        "a           8 trials       3 distinct  new in each quarter:     2     0     0     1",
        "none        0 trials       0 distinct  new in each quarter:     0     0     0     0",
    ]


def test_the_scale_has_round_numbers() -> None:
    """1, 2 or 5 times a power of ten."""
    said = {text.what for text in texts(coverage_picture([("a", [(0, 0), (1830, 97)])]).svg)}
    assert {"0", "500", "1,000", "1,500", "20", "40", "60", "80"} <= said
