"""Text in pictures: harmless, on one line, and as wide as it says."""

from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finale.drawing.text import cells, clean, cut, shown
from tests.finale.drawing.geometry import parsed

ANY = st.text(alphabet=st.characters(codec=None), max_size=60)


@given(ANY)
def test_whatever_is_said_can_be_read_as_xml(text: str) -> None:
    """Control characters, lone surrogates and noncharacters are gone; what is left parses, and prints on one line."""
    said = clean(text)
    element = ET.Element("t")
    element.text = said
    assert (parsed(ET.tostring(element, encoding="unicode")).text or "") == said
    assert said.isprintable()
    said.encode()


def test_nothing_turns_the_text_around() -> None:
    """Marks of direction do not reach the page, and of stacked accents two are left."""
    assert clean("a\u202eb\u2066c\u200f") == "a b c"
    assert clean("z" + "\u0301" * 500 + "y") == "z\u0301\u0301y"


@given(ANY, st.integers(min_value=3, max_value=40), st.booleans())
def test_what_is_cut_fits(text: str, most: int, middle: bool) -> None:
    """No more cells than wanted, and an ellipsis where something is missing."""
    said = cut(clean(text), most, middle=middle)
    assert cells(said) <= most
    assert said == clean(text) or "…" in said


@pytest.mark.parametrize(("text", "width"), [("abc", 3), ("日本", 4), ("é", 1), ("e\u0301", 1), ("😀", 2), ("שלום", 4), ("", 0)])
def test_wide_and_narrow_characters(text: str, width: int) -> None:
    """Wide characters take two cells; what sits on another one takes none."""
    assert cells(text) == width


def test_a_path_keeps_its_end() -> None:
    """What tells a task from its neighbours stands at the end of its path."""
    assert cut("/main/" + "long/" * 30 + "worker:17", 30, middle=True).endswith("/worker:17")


def test_ten_thousand_characters_are_not_looked_at() -> None:
    """A name of any length is one short label."""
    assert len(clean("x" * 10**6)) < 5000


def test_a_repr_that_raises() -> None:
    """Somebody else's ``__repr__`` may do anything."""

    class Silent:
        def __repr__(self) -> str:
            raise RuntimeError

    assert shown(Silent(), 40) == "<Silent without a repr>"
