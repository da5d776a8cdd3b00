"""What makes a thread one of trio's, put aside while it plays a thread of the program's."""

from typing import Any

import sniffio

__all__ = ["Aside"]


class Aside:
    """Trio's and sniffio's notion of where this thread is. ``names`` is what trio keeps for the thread."""

    __slots__ = ("_held", "_library", "_names")

    def __init__(self, names: dict[str, Any]) -> None:
        self._names = names
        self._held: dict[str, Any] = {}
        self._library: str | None = None

    def swap(self) -> None:
        """Exchange what is put aside with what is there; twice changes nothing."""
        held, self._held = self._held, self._names.copy()
        self._names.clear()
        self._names.update(held)
        sniffio.thread_local.name, self._library = self._library, sniffio.thread_local.name
