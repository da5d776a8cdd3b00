"""One line for the log, which cannot hurt who writes it."""

import logging
from contextlib import suppress

__all__ = ["report"]


def report(log: logging.Logger, level: int, message: str, *args: object) -> None:
    """Log a line. What a handler or a filter raises is dropped: nobody's run may end differently because a disk is full."""
    with suppress(Exception):
        log.log(level, message, *args, stacklevel=2)  # where it was written
