"""The notebooks run from top to bottom in a fresh kernel, and the committed galleries are what comes of that, byte for byte."""

import json
import re
from pathlib import Path

import pytest

from docs.make_galleries import GALLERIES, ROOT, SOURCES, executed, text

_PLACES = re.compile(r"/t[m]p/|/home/|/root|ipykernel_\d+|0x[0-9a-f]{6,}")


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.stem)
def test_a_notebook_runs_and_its_gallery_is_up_to_date(source: Path) -> None:
    """No cell raises, nothing in an output belongs to this machine, and a committed copy with outputs is the same."""
    now = text(executed(source))
    outputs = json.dumps([cell.get("outputs") for cell in json.loads(now)["cells"]])
    assert not _PLACES.findall(outputs)
    assert "Traceback" not in outputs
    if source.stem in GALLERIES:
        committed = (ROOT / "notebooks" / "gallery" / f"{source.stem}.ipynb").read_text(encoding="utf-8")
        assert now == committed, "run `make docs` and look at what changed"


def test_every_gallery_has_a_source() -> None:
    """Nothing is left over of a notebook that was renamed."""
    committed = {path.stem for path in (ROOT / "notebooks" / "gallery").glob("*.ipynb")}
    assert committed == set(GALLERIES) <= {source.stem for source in SOURCES}
