"""Reads a drawing as those do who look at it: where texts and shapes are."""

import re
from dataclasses import dataclass
from itertools import combinations
from xml.etree import ElementTree as ET

SVG = "{http://www.w3.org/2000/svg}"
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")


@dataclass(frozen=True)
class Box:
    left: float
    top: float
    right: float
    bottom: float
    what: str

    def touches(self, other: "Box") -> bool:
        apart = self.right <= other.left or other.right <= self.left or self.bottom <= other.top or other.bottom <= self.top
        return not apart


def parsed(svg: str) -> ET.Element:
    return ET.fromstring(svg)  # noqa: S314  # drawn a moment ago by what is tested


def texts(svg: str) -> list[Box]:
    """The boxes of all labels; their width is the one that browsers must keep."""
    found = []
    for item in parsed(svg).iter(f"{SVG}text"):
        size, x, y = float(item.get("font-size", 12)), float(item.attrib["x"]), float(item.attrib["y"])
        found.append(Box(x, y - 0.8 * size, x + float(item.attrib["textLength"]), y + 0.2 * size, item.text or ""))
    return found


def shapes(svg: str) -> list[Box]:
    """The boxes of everything else that is drawn, the background left out."""
    root, found = parsed(svg), []
    defined = {id(item) for defs in root.iter(f"{SVG}defs") for item in defs.iter()}
    for item in root.iter():
        if id(item) in defined or item.get("width") == "100%":
            continue
        if item.tag == f"{SVG}rect":
            x, y = float(item.attrib["x"]), float(item.attrib["y"])
            found.append(Box(x, y, x + float(item.attrib["width"]), y + float(item.attrib["height"]), "rect"))
        elif item.tag == f"{SVG}circle":
            x, y, r = (float(item.attrib[name]) for name in ("cx", "cy", "r"))
            found.append(Box(x - r, y - r, x + r, y + r, "circle"))
        elif item.tag == f"{SVG}path":
            numbers = [float(number) for number in _NUMBER.findall(item.attrib["d"])]
            found.append(Box(min(numbers[::2]), min(numbers[1::2]), max(numbers[::2]), max(numbers[1::2]), "path"))
    return found


def assert_sound(svg: str) -> None:
    """It is XML, holds nothing that runs or refers elsewhere, all is inside, and no label touches another one."""
    root = parsed(svg)
    assert not {item.tag for item in root.iter()} & {f"{SVG}{tag}" for tag in ("script", "image", "use", "foreignObject", "a")}
    assert not [name for item in root.iter() for name in item.attrib if name.startswith("on") or "href" in name]
    _, _, width, height = map(float, root.attrib["viewBox"].split())
    labels = texts(svg)
    for box in [*labels, *shapes(svg)]:
        assert box.left >= -0.01, box
        assert box.top >= -0.01, box
        assert box.right <= width + 0.01, (box, width)
        assert box.bottom <= height + 0.01, (box, height)
    for one, other in combinations(labels, 2):
        assert not one.touches(other), (one, other)
