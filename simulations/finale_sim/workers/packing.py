"""Attempts in few bytes. Neighbours in a chunk go the same ways, so what they have in common is sent, and made, once.

An attempt travels as numbers: places in tables of the choices, tasks and things that any trial of the chunk had. It is put
together when it is taken. The values in the tables are shared then, which saves their memory, and their hashes.
"""

import pickle
from array import array
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from operator import attrgetter, itemgetter
from typing import Any

from finale_sim.choices import Choice, Site
from finale_sim.injected import Injected
from finale_sim.profile import Profile
from finale_sim.search import Attempt

__all__ = ["Packer", "Results", "Row", "unpack"]

_APART = ("choices", "injected", "profile")
_FIELDS = tuple(field.name for field in fields(Attempt))
_REST = tuple(name for name in _FIELDS if name not in _APART)
_rest_of = attrgetter(*_REST)
_in_order = itemgetter(*((*_APART, *_REST).index(name) for name in _FIELDS))
_NOTHING = Injected()  # of all attempts in which nothing was said; who reads an attempt leaves it as it is
_Known = dict[Any, int]  # value → its place in a table


@dataclass(frozen=True, slots=True)
class Row:
    """An attempt, packed: flat, so that a thousand of them are nothing to Python's garbage collector."""

    made: list[Choice]  #: every choice of the chunk
    named: list[Any]  #: every task, every thing that a task touches, and every square of coverage
    numbers: bytes
    counted: tuple[int, bytes, bytes] | None
    cells: bytes
    said: Injected | None  #: without its cells
    rest: tuple[Any, ...]

    def attempt(self) -> Attempt:
        """What was packed."""
        profile = None
        if self.counted is not None:
            behaviour, steps, touched = self.counted
            profile = Profile(behaviour, _counts(self.named, steps), _counts(self.named, touched))
        injected = self.said or _NOTHING
        if self.cells:
            cells = {cell: bool(reached) for cell, reached in _counts(self.named, self.cells).items()}
            injected = replace(injected, cells=cells)
        choices = tuple(map(self.made.__getitem__, _numbers(self.numbers)))
        return Attempt(*_in_order((choices, injected, profile, *self.rest)))


@dataclass(frozen=True, slots=True)
class Results:
    """What came of a chunk: its trials from the first on, and what ended it, if that was not its end."""

    attempts: Sequence[Row | Attempt]
    ended: BaseException | None = None


class Packer:
    """Takes attempts as they come, and makes bytes of them."""

    def __init__(self) -> None:
        self._made: _Known = {}
        self._named: _Known = {}
        self._rows: list[tuple[Any, ...]] = []

    def add(self, attempt: Attempt) -> None:
        """One more; nothing of it is kept as it is."""
        profile, named, counted = attempt.profile, self._named, None
        if profile is not None:
            counted = profile.behaviour, _counted(named, profile.steps), _counted(named, profile.touched)
        injected = attempt.injected
        cells = _counted(named, injected.cells)
        said = replace(injected, cells={}) if injected.spoke else None
        numbers = _places(self._made, attempt.choices).tobytes()
        self._rows.append((numbers, counted, cells, said, _rest_of(attempt)))

    def pack(self, ended: BaseException | None = None) -> bytes:
        """All of them, and what ended the chunk."""
        sites: _Known = {}
        of = _places(sites, (choice[0] for choice in self._made))
        numbers = array("I", [number for choice in self._made for number in choice[1:]])
        tables = [tuple(site) for site in sites], of.tobytes(), numbers.tobytes(), list(self._named)
        return pickle.dumps((tables, self._rows, _picklable(ended)), pickle.HIGHEST_PROTOCOL)


def unpack(data: bytes) -> Results:
    """What a packer made the bytes of; the attempts are still packed."""
    tables, rows, ended = pickle.loads(data)  # noqa: S301  # it comes from a process that this one has started
    sites = [Site(*site) for site in tables[0]]
    numbers = _numbers(tables[2])
    made = [*map(Choice, map(sites.__getitem__, _numbers(tables[1])), numbers[::2], numbers[1::2])]
    return Results([Row(made, tables[3], *row) for row in rows], ended)


def _places(known: _Known, values: Iterable[Any]) -> "array[int]":
    """Where the values are in a table; those that are new are put into it."""
    return array("I", [known.setdefault(value, len(known)) for value in values])


def _counted(known: _Known, counts: Mapping[Any, int]) -> bytes:
    return (_places(known, counts) + array("I", counts.values())).tobytes()


def _counts(known: Sequence[Any], data: bytes) -> dict[Any, int]:
    numbers = _numbers(data)
    half = len(numbers) // 2
    return dict(zip(map(known.__getitem__, numbers[:half]), numbers[half:], strict=True))


def _numbers(data: bytes) -> "memoryview[int]":
    return memoryview(data).cast("I")


def _picklable(error: BaseException | None) -> BaseException | None:
    """The error, or one that says the same and can be sent to another process."""
    try:
        pickle.loads(pickle.dumps(error))  # noqa: S301  # made in the same line
    except Exception:  # noqa: BLE001  # pickling calls the methods of other people's exceptions
        return RuntimeError(f"{type(error).__name__}: {error!r:.500}")
    return error
