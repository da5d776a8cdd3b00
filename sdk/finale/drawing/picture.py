"""What all pictures are to those who look at them: text in a terminal, a drawing in a notebook or a file."""

import base64
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path

from finale.drawing.tables import escaped

__all__ = ["Picture", "see_that_it_is_svg"]


def see_that_it_is_svg(file: str | Path) -> None:
    """See, before there is a picture, that a file of this name may hold one.

    Raises:
        ValueError: it promises something else, such as a .png.
    """
    suffix = Path(file).suffix
    if suffix.lower() not in ("", ".svg"):
        raise ValueError(
            f"pictures are SVG, and {str(file)!r} ends in {suffix!r}: name it {str(Path(file).with_suffix('.svg'))!r}"
        )


@dataclass(frozen=True, slots=True, repr=False)
class Picture:
    """A drawing with its twin in text. In a notebook it shows itself; ``print`` and a plain prompt show the text.

    It holds no wall-clock times, ids or addresses unless what it is of does, so equal things make equal pictures, byte by byte.
    """

    title: str
    text: str  #: the same, to read in a terminal
    svg: str = field(repr=False)  #: a whole SVG document, which turns dark with its page

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return self.text

    @property
    def html(self) -> str:
        """One ``<img>`` element that holds the whole picture, for notebooks and pages; no script, nothing from elsewhere."""
        data = base64.b64encode(self.svg.encode("utf-8")).decode("ascii")
        return f'<img alt="{escaped(self.title)}" style="max-width:100%" src="data:image/svg+xml;base64,{data}">'

    def save(self, file: str | Path) -> None:
        """Write the SVG, which browsers and editors open.

        Raises:
            ValueError: the name promises something else, such as a .png.
        """
        see_that_it_is_svg(file)
        Path(file).write_text(self.svg, encoding="utf-8")

    def _repr_mimebundle_(self, include: Collection[str] | None = None, exclude: Collection[str] | None = None) -> dict[str, str]:
        return {"text/plain": self.text, "text/html": self.html}
