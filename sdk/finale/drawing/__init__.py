"""Pictures as pure functions of values: lanes, tables, and what turns them into SVG, HTML and text. Nothing else loads it."""

from finale.drawing.canvas import Canvas, width_of
from finale.drawing.lanes import Fold, Lane, Lanes, Look, Mark, Note, Sign, Span, Tick
from finale.drawing.lanes_svg import draw
from finale.drawing.picture import Picture
from finale.drawing.tables import Cell, block, escaped, table

__all__ = [
    "Canvas",
    "Cell",
    "Fold",
    "Lane",
    "Lanes",
    "Look",
    "Mark",
    "Note",
    "Picture",
    "Sign",
    "Span",
    "Tick",
    "block",
    "draw",
    "escaped",
    "table",
    "width_of",
]
