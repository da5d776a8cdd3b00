"""Choices: the one stream of small integers that determines a trial.

Whatever could have been different in a trial (which task runs, which of two equal deadlines fires first, whether a fault
strikes) is drawn here, as an index into a list of options. Index 0 is always the least surprising option, so the stream of
zeros is the happy path, and what a stream does not say reads as 0. A choice other than 0 is a *deviation*.

A choice is named by its *site*, not by its position in the stream: a site says where in the program the question came up,
so that a deviation keeps its meaning when another one is taken away. That is what makes shrinking and tokens work.

Nothing here knows trio; a person, a random generator, a recording and an enumeration answer the same question.
"""

import enum
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple, Protocol, TypeAlias
from zlib import crc32

from finale_sim.accesses import Accesses

__all__ = [
    "Candidate",
    "Choice",
    "Choices",
    "Decide",
    "Deviations",
    "Kind",
    "Picking",
    "Site",
    "Watching",
    "deviations",
    "happy_path",
]


class Kind(enum.StrEnum):
    """What a choice decides. The letter stands for it in digests and keys."""

    SCHEDULE = "S"  #: which runnable task takes the next step; 0 = go on with the same task, else the one that waits longest
    TIE = "T"  #: which of the timers that are due at the same instant fires first; 0 = the one that was set first
    JUMP = "J"  #: whether time passes to the next deadline although tasks are runnable; 0 = no
    DATA = "V"  #: a value that the outside world supplies; 0 = the plainest
    DELAY = "D"  #: how late something happens; 0 = on time
    FAULT = "F"  #: whether a fault strikes; 0 = no
    CANCEL = "C"  #: whether a cancel scope is cancelled now, and which; 0 = none
    CRASH = "X"  #: whether the process dies now; 0 = no

    __hash__ = str.__hash__  # that of an enum is Python code, and sites are looked up all the time


class Site(NamedTuple):
    """Where in a program a choice comes up. Equal in every trial that reaches the same place.

    ``path`` is the structured path of the asking task (``/main/worker:0``), ``n`` counts that task's steps (for a schedule)
    or the times that it asked this before, and ``label`` says what is asked when the kind alone does not.
    """

    kind: Kind
    path: str
    n: int
    label: str = ""

    @property
    def key(self) -> int:
        """32-bit CRC of the site; the same in every process, whatever ``PYTHONHASHSEED`` is."""
        return crc32(f"{self.kind}{self.path}\0{self.n}\0{self.label}".encode())

    def __str__(self) -> str:
        return f"{self.kind.name.lower()} {self.label or self.path}#{self.n}"


_new = tuple.__new__  # what Choice() ends in, at half the cost


class Choice(NamedTuple):
    """One answered question: ``answer`` is an index below ``options``."""

    site: Site
    options: int
    answer: int


Decide: TypeAlias = Callable[[Site, int], int]
"""Answers "which number next": given the site and the number of options (at least 2), an index below it."""


class Candidate(Protocol):
    """A task that could take the next step, as a strategy sees it. Valid until the choice is made."""

    @property
    def path(self) -> str:
        """Its structured path."""

    @property
    def steps(self) -> int:
        """How many steps it has taken."""

    @property
    def touches(self) -> tuple[int, ...]:
        """What its next step will probably touch: numbers that stand for shared things, negative if it only reads it. A guess."""


class Picking(Protocol):
    """A ``Decide`` that also wants to know which tasks there are. Its trials tell what their behaviour was."""

    def __call__(self, site: Site, options: int) -> int:
        """An index below ``options``, where no task is picked."""

    def pick(self, site: Site, tasks: Sequence[Candidate]) -> int:
        """The index of the task that takes the next step; 0 is the least surprising one."""


class Watching(Picking, Protocol):
    """A ``Picking`` that is told of each step what it touched. That costs a trial many times its price."""

    def stepped(self, path: str, accesses: Accesses, woke: frozenset[str]) -> None:
        """A task has taken its step, and has made these runnable."""

    def passed(self, woke: frozenset[str]) -> None:
        """Time has passed, or a timer has fired, and has made these runnable."""


Deviations: TypeAlias = Mapping[int, int]
"""Site key → index, for the choices that were not 0."""


def happy_path(site: Site, options: int) -> int:
    """Decide 0, always."""
    return 0


class Choices:
    """Asks ``decide`` and keeps the answers, in the order of asking."""

    __slots__ = ("_decide", "_pick", "made", "watcher")

    def __init__(self, decide: Decide = happy_path) -> None:
        self._decide = decide
        self._pick: Callable[[Site, Sequence[Candidate]], int] | None = getattr(decide, "pick", None)
        self.watcher = decide if hasattr(decide, "stepped") else None  #: a ``Watching``
        self.made: list[Choice] = []

    @property
    def picking(self) -> bool:
        """Whether ``draw`` should be told the tasks among which it draws."""
        return self._pick is not None

    def draw(self, site: Site, options: int, tasks: Sequence[Candidate] | None = None) -> int:
        """An index below ``options``. Where there is only one option nothing is asked and nothing is recorded.

        ``tasks`` are the options of a schedule choice; a ``decide`` that is ``Picking`` picks one of them.

        Raises:
            ValueError: ``decide`` answered with something that is not an index below ``options``.
        """
        if options < 2:
            return 0
        index = self._decide(site, options) if tasks is None or self._pick is None else self._pick(site, tasks)
        if not 0 <= index < options:
            raise ValueError(f"the strategy answered {index!r} at {site}, where an index below {options} is wanted")
        self.made.append(_new(Choice, (site, options, index)))
        return index


def deviations(made: Iterable[Choice]) -> dict[int, int]:
    """The sparse form of a recording: what was not 0, in the order in which it came up."""
    return {choice.site.key: choice.answer for choice in made if choice.answer}
