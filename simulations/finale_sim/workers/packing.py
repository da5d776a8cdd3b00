"""Attempts in few bytes. A trial makes a choice at each step, and neighbours in a chunk make theirs at the same sites."""

import pickle
from array import array
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

from finale_sim.choices import Choice, Site
from finale_sim.injected import Injected
from finale_sim.search import Attempt

__all__ = ["Results", "pack", "unpack"]

_FIELDS = tuple(field.name for field in fields(Attempt) if field.name != "choices")
_NOTHING = Injected()


@dataclass(frozen=True, slots=True)
class Results:
    """What came of a chunk: its trials from the first on, and what ended it, if that was not its end."""

    attempts: Sequence[Attempt]
    ended: BaseException | None = None


def pack(results: Results) -> bytes:
    """The results as bytes; each site once."""
    sites: dict[Site, int] = {}
    rows = []
    for attempt in results.attempts:
        indexes = array("I", [sites.setdefault(choice[0], len(sites)) for choice in attempt.choices])
        counts = array("I", [number for choice in attempt.choices for number in choice[1:]])
        rest = [getattr(attempt, name) for name in _FIELDS]
        rows.append((indexes, counts, [None if value == _NOTHING else value for value in rest]))
    return pickle.dumps(([tuple(site) for site in sites], rows, _picklable(results.ended)), pickle.HIGHEST_PROTOCOL)


def unpack(data: bytes) -> Results:
    """What ``pack`` made the bytes of."""
    sites, rows, ended = pickle.loads(data)  # noqa: S301  # it comes from a process that this one has started
    known = [Site(*site) for site in sites]
    return Results([_attempt(known, *row) for row in rows], ended)


def _attempt(sites: list[Site], indexes: "array[int]", counts: "array[int]", rest: list[Any]) -> Attempt:
    made = map(Choice._make, zip(map(sites.__getitem__, indexes), counts[::2], counts[1::2], strict=True))
    return Attempt(tuple(made), **{name: value for name, value in zip(_FIELDS, rest, strict=True) if value is not None})


def _picklable(error: BaseException | None) -> BaseException | None:
    """The error, or one that says the same and can be sent to another process."""
    try:
        pickle.loads(pickle.dumps(error))  # noqa: S301  # made in the same line
    except Exception:  # noqa: BLE001  # pickling calls the methods of other people's exceptions
        return RuntimeError(f"{type(error).__name__}: {error!r:.500}")
    return error
