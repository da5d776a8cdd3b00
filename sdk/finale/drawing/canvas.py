"""An SVG under construction: shapes and text by role. Colours are attributes for light pages, a style sheet for dark ones."""

from collections.abc import Iterable, Sequence
from xml.etree import ElementTree as ET

from finale.drawing.palette import PALETTE, stylesheet
from finale.drawing.text import cells, clean

__all__ = ["CELL_PX", "FONT_PX", "Canvas", "width_of"]

FONT_PX = 12
CELL_PX = 7.2  #: the width of one character; ``textLength`` makes every browser keep it, whatever font it has
_FONTS = "ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace"
_TILE = 6


def width_of(text: str, size: float = FONT_PX) -> float:
    """The width in px of ``text`` on a canvas."""
    return cells(clean(text)) * CELL_PX * size / FONT_PX


class Canvas:
    """Coordinates are px, from the top left. ``svg`` ends the work."""

    def __init__(self, width: float, height: float, title: str) -> None:
        self._classes: set[str] = set()
        self._patterns: set[str] = set()
        self._root = ET.Element(
            "svg",
            {
                "xmlns": "http://www.w3.org/2000/svg",
                "viewBox": f"0 0 {_px(width)} {_px(height)}",
                "width": _px(width),
                "height": _px(height),
                "role": "img",
                "font-family": _FONTS,
                "font-size": _px(FONT_PX),
            },
        )
        ET.SubElement(self._root, "title").text = clean(title)
        self._style = ET.SubElement(self._root, "style")
        self._defs = ET.SubElement(self._root, "defs")
        self._paint("rect", {"width": "100%", "height": "100%"}, fill="paper")

    def svg(self) -> str:
        """The picture as text, the same for the same shapes."""
        for role in sorted(self._patterns):
            self._pattern(role)
        self._style.text = stylesheet(self._classes)
        return ET.tostring(self._root, encoding="unicode")

    def text(self, x: float, y: float, text: str, *, role: str = "ink", size: float = FONT_PX, bold: bool = False) -> None:
        """``text`` from ``x`` to the right, on the base line ``y``."""
        said = clean(text)
        if not said:
            return
        place = {"x": _px(x), "y": _px(y), "textLength": _px(width_of(said, size)), "lengthAdjust": "spacingAndGlyphs"}
        if size != FONT_PX:
            place["font-size"] = _px(size)
        if bold:
            place["font-weight"] = "bold"
        self._paint("text", place, fill=role).text = said

    def line(self, points: Sequence[tuple[float, float]], *, role: str, width: float = 1, dash: str = "") -> None:
        """A line through ``points``."""
        place = {"d": "M" + "L".join(f"{_px(x)},{_px(y)}" for x, y in points), "stroke-width": _px(width)}
        if dash:
            place["stroke-dasharray"] = dash
        self._paint("path", place, stroke=role)

    def shape(self, points: Iterable[tuple[float, float]], *, role: str) -> None:
        """A filled polygon."""
        self._paint("path", {"d": "M" + "L".join(f"{_px(x)},{_px(y)}" for x, y in points) + "Z"}, fill=role)

    def box(
        self, x: float, y: float, width: float, height: float, *, fill: str = "", stroke: str = "", round_px: float = 2
    ) -> None:
        """A rectangle, filled or with an outline."""
        place = {"x": _px(x), "y": _px(y), "width": _px(width), "height": _px(height), "rx": _px(round_px)}
        self._paint("rect", place, fill=fill, stroke=stroke)

    def hatched(self, x: float, y: float, width: float, height: float, *, role: str) -> None:
        """A rectangle with an outline and a pattern: ``/`` for what is cancelled, ``×`` for what failed."""
        self._patterns.add(role)
        self._classes.update((f"stroke-{role}", "fill-paper"))
        self.box(x, y, width, height, fill="paper")
        place = {"x": _px(x), "y": _px(y), "width": _px(width), "height": _px(height), "rx": "2", "fill": f"url(#{role})"}
        self._paint("rect", place, stroke=role)

    def ring(self, x: float, y: float, radius: float, *, fill: str = "", stroke: str = "", width: float = 1) -> None:
        """A circle around (``x``, ``y``)."""
        place = {"cx": _px(x), "cy": _px(y), "r": _px(radius)}
        self._paint("circle", place | ({"stroke-width": _px(width)} if stroke else {}), fill=fill, stroke=stroke)

    def _paint(self, tag: str, place: dict[str, str], *, fill: str = "", stroke: str = "") -> ET.Element:
        classes = []
        for attribute, role in (("fill", fill), ("stroke", stroke)):
            if role:
                place[attribute] = PALETTE[role].light
                classes.append(f"{attribute}-{role}")
            elif attribute == "fill":
                place.setdefault("fill", "none")
        self._classes.update(classes)
        return ET.SubElement(self._root, tag, place | ({"class": " ".join(classes)} if classes else {}))

    def _pattern(self, role: str) -> None:
        place = {"id": role, "width": str(_TILE), "height": str(_TILE), "patternUnits": "userSpaceOnUse"}
        tile = ET.SubElement(self._defs, "pattern", place)
        lines = f"M0,{_TILE}L{_TILE},0M-1,1L1,-1M{_TILE - 1},{_TILE + 1}L{_TILE + 1},{_TILE - 1}"
        if role == "failed":
            lines += f"M0,0L{_TILE},{_TILE}"
        line = {"d": lines, "stroke": PALETTE[role].light, "stroke-width": "1.6", "fill": "none", "class": f"stroke-{role}"}
        ET.SubElement(tile, "path", line)


def _px(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")
