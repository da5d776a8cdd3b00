"""Pictures as pure functions of values: lanes, tables, and what turns them into SVG, HTML and text. Nothing else loads it."""

from finale.drawing.canvas import CELL_PX, Canvas, width_of
from finale.drawing.lanes import Fold, Lane, Lanes, Look, Mark, Note, Sign, Span, Tick
from finale.drawing.lanes_svg import draw
from finale.drawing.picture import Picture
from finale.drawing.runs import picture_of
from finale.drawing.signs import draw_sign
from finale.drawing.tables import Cell, block, escaped, table, text_table
from finale.drawing.text import clean, cut, shown

__all__ = [
    "CELL_PX",
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
    "clean",
    "cut",
    "draw",
    "draw_sign",
    "escaped",
    "picture_of",
    "shown",
    "table",
    "text_table",
    "width_of",
]
