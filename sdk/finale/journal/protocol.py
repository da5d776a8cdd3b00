"""What a workspace asks of a journal."""

from collections.abc import Sequence
from typing import Protocol

from finale.events import Event

__all__ = ["Journal"]


class Journal(Protocol):
    """An append-only store of events. Only the workspace's pump writes to it, one call at a time, in the order of ``seq``.

    It belongs to one open workspace at a time: two would give the same ``seq`` to different events.
    """

    @property
    def durable(self) -> bool:
        """Whether what was appended survives the end of the process."""

    async def append(self, events: Sequence[Event]) -> None:
        """Store all of ``events``, or raise. When this returns they are as safe as this journal can make them.

        The workspace retries after an error and gives up after some time-out, by cancelling the call; so an append may be
        asked for again that had in fact succeeded. Storing a ``seq`` twice must leave one copy.

        Text is whatever a ``str`` may hold, also NUL, line ends and lone surrogates, which UTF-8 has no bytes for. An event that
        cannot be stored costs the whole workspace its journal. ``finale.testing.check_journal`` tries such text.
        """

    async def read(self, after: int = 0) -> Sequence[Event]:
        """All events behind seq ``after``, ascending in ``seq``."""

    async def aclose(self) -> None:
        """Let go of files and connections. Called once, after the last append.

        A subscriber that lags may still read, or be reading; raising is a fair answer then.
        """
