"""The colours of pictures, each for a light and for a dark page. What a colour says is also said by a shape or a pattern."""

from typing import NamedTuple

__all__ = ["PALETTE", "Colour", "stylesheet"]


class Colour(NamedTuple):
    """One role, on a light and on a dark page."""

    light: str
    dark: str


PALETTE = {
    "paper": Colour("#ffffff", "#16191d"),
    "ink": Colour("#1b1f24", "#e8eaed"),
    "faint": Colour("#5b6470", "#a3adb8"),
    "grid": Colour("#dfe3e8", "#343b43"),
    "active": Colour("#0b6bb5", "#58b4f0"),
    "ready": Colour("#0b6bb5", "#58b4f0"),
    "waiting": Colour("#6f7883", "#8d97a3"),
    "cancelled": Colour("#b25a00", "#f0a030"),
    "failed": Colour("#c0221a", "#ff7b70"),
    "deviation": Colour("#8a2f86", "#dd8fd8"),
    "fault": Colour("#8f6400", "#e6c229"),
    "event": Colour("#0f7355", "#4ecba2"),
}
"""Role → colours. Text is written in ``ink`` and ``faint``, everything else is shapes."""


def stylesheet(classes: set[str]) -> str:
    """The rules that make a picture dark where the page is. ``classes``: ``fill-ROLE``, ``stroke-ROLE``, of what occurs."""
    rules = []
    for name in sorted(classes):
        attribute, _, role = name.partition("-")
        rules.append(f".{name}{{{attribute}:{PALETTE[role].dark}}}")
    return f"@media (prefers-color-scheme: dark){{{''.join(rules)}}}"
