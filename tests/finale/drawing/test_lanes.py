"""Lanes, drawn: everything inside, no label on another one, the same bytes for the same values."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from finale.drawing.lanes import Fold, Lane, Lanes, Look, Mark, Note, Sign, Span, Tick
from finale.drawing.lanes_svg import draw
from finale.drawing.palette import PALETTE
from tests.finale.drawing.geometry import assert_sound, shapes, texts

HOSTILE = [
    "<script>alert(1)</script>",
    "a\x00\x1b[31m\nb",
    "x" * 10_000,
    "😀👩‍👩‍👧🇩🇪",
    "\u202eשלם مرحبا",
    "\ud800\ufffe",
    "z" + "\u0301" * 500,
    '"&<>',
]
NAMES = st.one_of(st.sampled_from(HOSTILE), st.text(alphabet=st.characters(codec=None), max_size=12))


@st.composite
def charts(draw_: st.DrawFn) -> Lanes:
    extent = draw_(st.integers(min_value=1, max_value=150))
    at = st.floats(min_value=0, max_value=extent)
    spans = st.builds(lambda a, b, look: Span(min(a, b), max(a, b), look), at, at, st.sampled_from(Look))
    marks = st.builds(Mark, at, st.sampled_from(Sign), st.one_of(st.just(""), st.integers(1, 2000).map(str), NAMES))
    lanes = st.builds(Lane, NAMES, st.lists(spans, max_size=6).map(tuple), st.lists(marks, max_size=6).map(tuple))
    return Lanes(
        draw_(NAMES),
        tuple(draw_(st.lists(lanes, max_size=8))),
        extent,
        ticks=tuple(draw_(st.lists(st.builds(Tick, at, NAMES), max_size=12))),
        folds=tuple(draw_(st.lists(st.builds(Fold, st.integers(0, extent - 1), NAMES), max_size=4))),
        notes=tuple(draw_(st.lists(st.builds(Note, NAMES, st.one_of(st.none(), st.sampled_from(Sign))), max_size=20))),
    )


@settings(max_examples=60, deadline=None)
@given(charts())
def test_any_chart_is_sound(chart: Lanes) -> None:
    """Whatever is in it and however much: no two labels touch, nothing leaves the page, and it is drawn the same again."""
    svg = draw(chart)
    assert_sound(svg)
    assert draw(chart) == svg


def test_each_look_and_sign_has_a_shape_of_its_own() -> None:
    """Without its colours, each still looks different from the others."""
    seen = set()
    for look in Look:
        seen.add(_colourless(draw(Lanes("t", (Lane("a", (Span(0, 4, look),)),), 10))))
    for sign in Sign:
        seen.add(_colourless(draw(Lanes("t", (Lane("a", (), (Mark(4, sign),)),), 10))))
    assert len(seen) == len(Look) + len(Sign)


def _colourless(svg: str) -> str:
    without = re.sub(r"<style>.*?</style>|<text.*?</text>|#[0-9a-f]{6}", "", svg)
    return re.sub(r'class="[^"]*"|id="[^"]*"|url\(#\w+\)', "", without)


def test_the_terminal_event_is_a_double_ring() -> None:
    """Two rings around one point, whatever the status."""
    for sign in (Sign.COMPLETED, Sign.FAILED, Sign.CANCELLED):
        svg = draw(Lanes("t", (Lane("a", (), (Mark(4, sign),)),), 10))
        rings = [s for s in re.findall(r"<circle[^>]*>", svg) if 'fill="none"' in s]
        assert len(rings) == 4  # two on the lane, two in the legend


def test_the_label_column_is_as_wide_as_the_longest_label() -> None:
    """Lanes begin behind the longest label, and not far behind it."""
    for label in ("a", "/main/worker:12"):
        svg = draw(Lanes("t", (Lane(label, (Span(0, 1, Look.ACTIVE),)), Lane("b")), 10))
        longest = max(box.right for box in texts(svg) if box.what in (label, "b"))
        bar = min(box.left for box in shapes(svg) if box.what == "rect" and box.left > longest)
        assert 0 < bar - longest < 20


def test_notes_beyond_a_dozen_are_counted() -> None:
    """The rest is a number."""
    said = [box.what for box in texts(draw(Lanes("t", (), 1, notes=tuple(Note(f"note {n}") for n in range(40)))))]
    assert "… 28 more" in said
    assert sum(text.startswith("note") for text in said) == 12


def test_dark_pages_have_colours_of_their_own() -> None:
    """Each class that occurs has a rule in the media query; without one, the attributes say the light colour."""
    svg = draw(Lanes("t", tuple(Lane("a", (Span(0, 1, look),)) for look in Look), 10))
    style = re.search(r"<style>(.*?)</style>", svg)
    assert style is not None
    assert style.group(1).startswith("@media (prefers-color-scheme: dark){")
    for name in set(" ".join(re.findall(r'class="([^"]*)"', svg)).split()):
        role = name.partition("-")[2]
        assert f".{name}{{" in style.group(1)
        assert PALETTE[role].dark in style.group(1)
        assert PALETTE[role].light in svg


def luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("page", ["light", "dark"])
@pytest.mark.parametrize("role", sorted(PALETTE.keys() - {"paper", "grid"}))
def test_every_colour_stands_out_from_its_paper(page: str, role: str) -> None:
    """4.5 to 1 for text and 3 to 1 for shapes, on both pages (WCAG 1.4.3 and 1.4.11)."""
    darker, lighter = sorted(luminance(getattr(PALETTE[name], page)) for name in ("paper", role))
    assert (lighter + 0.05) / (darker + 0.05) >= (4.5 if role in ("ink", "faint") else 3)
