"""How counts are worded, everywhere that something is told."""

__all__ = ["counted"]


def counted(number: int, thing: str, things: str = "") -> str:
    """``1 trial``, ``2,000 trials``. ``things`` is the plural if an s is not enough."""
    return f"{number:,} {thing if number == 1 else things or f'{thing}s'}"
