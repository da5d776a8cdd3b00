"""Text that can stand in a picture: printable, on one line, of known width, and not longer than there is room for."""

import unicodedata

__all__ = ["cells", "clean", "cut", "shown"]

_ENOUGH = 4_000  # no label is that long; what is behind it is not even looked at


def clean(text: str) -> str:
    """``text`` on one line, without what XML forbids, a terminal obeys, or what turns the text behind it around.

    What is not printable becomes a space, as do control characters, lone surrogates and marks of direction; of accents that are
    stacked on one letter two stay.
    """
    kept: list[str] = []
    stacked = 0
    for character in text[:_ENOUGH]:
        stacked = stacked + 1 if unicodedata.combining(character) else 0
        if stacked <= 2:
            kept.append(character if character.isprintable() else " ")
    return " ".join("".join(kept).split()) + ("…" if len(text) > _ENOUGH else "")


def cells(text: str) -> int:
    """How many columns of a fixed-width font ``text`` takes: 2 for wide characters, 0 for what sits on another one."""
    return sum(_cells(character) for character in text)


def cut(text: str, most: int, *, middle: bool = False) -> str:
    """``text``, or as much of it as fits into ``most`` cells together with an ellipsis: at its end, or in its middle.

    A path keeps what tells it from its neighbours if the cut is in the middle.
    """
    if cells(text) <= most:
        return text
    tail = 2 * most // 3 if middle else 0
    end = _first(text[::-1], tail)[::-1]
    return _first(text, most - 1 - cells(end)) + "…" + end


def shown(value: object, most: int) -> str:
    """The beginning of ``repr(value)``, cleaned, whatever somebody else's ``__repr__`` does."""
    try:
        text = repr(value)
    except Exception:  # noqa: BLE001  # it may raise anything
        text = f"<{type(value).__name__} without a repr>"
    return cut(clean(text), most)


def _first(text: str, most: int) -> str:
    used = 0
    for at, character in enumerate(text):
        used += _cells(character)
        if used > most:
            return text[:at]
    return text


def _cells(character: str) -> int:
    if character.isascii():
        return 1
    if unicodedata.combining(character) or unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in ("W", "F") else 1
