"""What several of these tests need."""

import logging

import trio


def quiet() -> logging.Logger:
    """A logger that nobody hears."""
    logger = logging.Logger("quiet")  # noqa: LOG001  # not in the tree of loggers on purpose
    logger.addHandler(logging.NullHandler())
    return logger


async def stray_cancellation() -> trio.Cancelled:
    """A ``trio.Cancelled`` that belongs to no scope any more."""
    with trio.CancelScope() as scope:
        scope.cancel()
        try:
            await trio.lowlevel.checkpoint()
        except trio.Cancelled as error:
            return error.with_traceback(None)
    raise AssertionError
