"""Attempts in few bytes. A trial makes a choice at each step, and neighbours in a chunk make theirs at the same sites."""

import pickle
from array import array
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

from finale_sim.choices import Choice, Site
from finale_sim.injected import Injected
from finale_sim.search import Attempt

__all__ = ["Packer", "Results", "Row", "unpack"]

_FIELDS = tuple(field.name for field in fields(Attempt) if field.name != "choices")
_NOTHING = Injected()


@dataclass(frozen=True, slots=True)
class Row:
    """An attempt, packed: flat, so that a thousand of them are nothing to Python's garbage collector."""

    sites: list[Site]  #: of all rows of a chunk
    indexes: "array[int]"
    counts: "array[int]"
    rest: list[Any]

    def attempt(self) -> Attempt:
        """What was packed."""
        pairs = zip(map(self.sites.__getitem__, self.indexes), self.counts[::2], self.counts[1::2], strict=True)
        given = {name: value for name, value in zip(_FIELDS, self.rest, strict=True) if value is not None}
        return Attempt(tuple(map(Choice._make, pairs)), **given)


@dataclass(frozen=True, slots=True)
class Results:
    """What came of a chunk: its trials from the first on, and what ended it, if that was not its end."""

    attempts: Sequence[Row | Attempt]
    ended: BaseException | None = None


class Packer:
    """Takes attempts as they come, and makes bytes of them; each site once."""

    def __init__(self) -> None:
        self._sites: dict[Site, int] = {}
        self._rows: list[tuple[array[int], array[int], list[Any]]] = []

    def add(self, attempt: Attempt) -> None:
        """One more; nothing of it is kept as it is."""
        sites = self._sites
        indexes = array("I", [sites.setdefault(choice[0], len(sites)) for choice in attempt.choices])
        counts = array("I", [number for choice in attempt.choices for number in choice[1:]])
        rest = [getattr(attempt, name) for name in _FIELDS]
        self._rows.append((indexes, counts, [None if value == _NOTHING else value for value in rest]))

    def pack(self, ended: BaseException | None = None) -> bytes:
        """All of them, and what ended the chunk."""
        data = [tuple(site) for site in self._sites], self._rows, _picklable(ended)
        return pickle.dumps(data, pickle.HIGHEST_PROTOCOL)


def unpack(data: bytes) -> Results:
    """What a packer made the bytes of; the attempts are still packed."""
    sites, rows, ended = pickle.loads(data)  # noqa: S301  # it comes from a process that this one has started
    known = [Site(*site) for site in sites]
    return Results([Row(known, *row) for row in rows], ended)


def _picklable(error: BaseException | None) -> BaseException | None:
    """The error, or one that says the same and can be sent to another process."""
    try:
        pickle.loads(pickle.dumps(error))  # noqa: S301  # made in the same line
    except Exception:  # noqa: BLE001  # pickling calls the methods of other people's exceptions
        return RuntimeError(f"{type(error).__name__}: {error!r:.500}")
    return error
