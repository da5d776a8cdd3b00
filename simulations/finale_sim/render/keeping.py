"""What stays when a trial is too long to be shown whole: what is marked, the end, and what is near to either."""

from collections.abc import Collection

__all__ = ["kept"]

_LAST = 6


def kept(count: int, marked: Collection[int], most: int) -> set[int]:
    """Which of ``count`` things are shown if at most ``most`` can be: indexes. What is marked, and the last, stay in any case."""
    if count <= most:
        return set(range(count))
    chosen = set(marked) | set(range(max(count - _LAST, 0), count))
    border = set(chosen)
    while border:
        border = {at + offset for at in border for offset in (-1, 1)} & set(range(count)) - chosen
        if len(chosen | border) > most:
            break
        chosen |= border
    return chosen
