"""Tables and text as HTML that is readable on light and on dark pages, in notebooks that strip style sheets as well."""

from collections.abc import Sequence
from html import escape

from finale.drawing.text import cells, clean, cut

__all__ = ["Cell", "block", "escaped", "table", "text_table"]

Cell = str | tuple[str, str]
"""Text, or text and a mood: ``good``, ``bad``, ``unsure``. Moods are also signs, since not everybody sees the colours."""

_RULE = "border:1px solid rgba(128,128,128,0.45);padding:3px 9px;vertical-align:top"
_MOODS = {
    "good": ("✓", "background:#17694a;color:#ffffff"),
    "bad": ("✗", "background:#b3261e;color:#ffffff"),
    "unsure": ("?", "background:#7a5600;color:#ffffff"),
}
_WIDEST = 160
_TEXT = (
    "color:inherit;background:transparent;white-space:pre-wrap;word-break:normal;overflow-wrap:anywhere;"
    "font-family:monospace;font-size:12px;line-height:1.35"
)


def escaped(text: str) -> str:
    """``text``, cleaned and escaped, for an element or an attribute."""
    return escape(clean(text))


def table(head: Sequence[str], rows: Sequence[Sequence[Cell]], *, caption: str = "", most: int = 200) -> str:
    """A ``<table>``. Rows beyond ``most`` are counted. What looks like a number stands on the right."""
    top = "".join(f'<th style="{_RULE};text-align:left">{escaped(name)}</th>' for name in head)
    body = "".join(f"<tr>{''.join(_cell(cell) for cell in row)}</tr>" for row in rows[:most])
    if len(rows) > most:
        body += f'<tr><td style="{_RULE}" colspan="{len(head)}">… {len(rows) - most:,} more</td></tr>'
    said = f'<caption style="text-align:left;padding:3px 0;color:inherit">{escaped(caption)}</caption>' if caption else ""
    style = "border-collapse:collapse;font-size:13px;color:inherit;background:transparent"
    return f'<table style="{style}">{said}<thead><tr>{top}</tr></thead><tbody>{body}</tbody></table>'


def text_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """The same for a terminal: aligned columns."""
    widths = [max(map(cells, column)) for column in zip(head, *rows, strict=True)]
    lines = (
        "  ".join(f"{cell}{' ' * (width - cells(cell))}" for cell, width in zip(row, widths, strict=True))
        for row in (head, *rows)
    )
    return "\n".join(line.rstrip() for line in lines)


def block(text: str) -> str:
    """Several lines of text, as they are."""
    lines = "\n".join(escape("".join(c if c.isprintable() else " " for c in line)) for line in text.splitlines())
    return f'<pre style="{_TEXT}">{lines}</pre>'


def _cell(cell: Cell) -> str:
    text, mood = cell if isinstance(cell, tuple) else (cell, "")
    said = escape(cut(clean(text), _WIDEST))
    if mood:
        sign, colours = _MOODS[mood]
        said = f'<span style="{colours};padding:1px 7px;border-radius:3px;display:inline-block">{sign} {said}</span>'
    side = "right" if text.replace(",", "").replace(".", "", 1).isdecimal() else "left"
    return f'<td style="{_RULE};text-align:{side}">{said}</td>'
