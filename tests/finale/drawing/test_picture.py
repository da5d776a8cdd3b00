"""A picture in its surroundings: a prompt, a notebook, a file, a page."""

import base64
import re
import subprocess
import sys
from pathlib import Path

from finale.drawing import Picture
from finale.drawing.lanes import Lane, Lanes
from finale.drawing.lanes_svg import draw
from finale.drawing.tables import block, table

SVG = draw(Lanes("two & <three>", (Lane("a"),), 3))
PICTURE = Picture('"><script>alert(1)</script>', "line 1\nline 2", SVG)


def test_a_prompt_and_print_show_the_text() -> None:
    """The twin in text is what ``print`` and ``repr`` give."""
    assert str(PICTURE) == repr(PICTURE) == "line 1\nline 2"


def test_a_notebook_gets_both() -> None:
    """Text, and one image element which holds the whole drawing."""
    bundle = PICTURE._repr_mimebundle_()
    assert list(bundle) == ["text/plain", "text/html"]
    (data,) = re.findall(r'src="data:image/svg\+xml;base64,([^"]*)"', bundle["text/html"])
    assert base64.b64decode(data).decode() == SVG
    assert bundle["text/html"].count("<") == 1


def test_a_file_holds_the_drawing(tmp_path: Path) -> None:
    """What browsers open is the same document."""
    PICTURE.save(tmp_path / "p.svg")
    assert (tmp_path / "p.svg").read_text(encoding="utf-8") == SVG


def test_tables_escape_and_count() -> None:
    """Text is text, whatever it says; rows beyond the cap are a number; a mood is a sign beside its colour."""
    made = table(["<b>", "n"], [[("<i>x</i>\x00", "bad"), "1,000"]] * 5, most=3, caption="a & b")
    assert "<i>" not in made
    assert "<b>" not in made
    assert "\x00" not in made
    assert made.count("✗") == 3
    assert "… 2 more" in made
    assert made.count("text-align:right") == 3


def test_blocks_keep_their_lines() -> None:
    """Indentation and line ends stay; nothing else that a terminal or a page would obey does."""
    assert ">  a &lt;b&gt;\nc d</pre>" in block("  a <b>\nc\x1bd")


def test_nobody_pays_for_pictures_that_are_not_drawn() -> None:
    """``import finale`` loads none of it."""
    code = "import sys, finale; sys.exit(any(name.startswith(('finale.drawing', 'xml')) for name in sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
