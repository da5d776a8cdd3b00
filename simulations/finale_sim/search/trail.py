"""What an exhaustive search remembers of the trial that it is at: its steps and choices, and what is left to try at each."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, TypeAlias

from finale_sim.accesses import EVERYTHING, Accesses
from finale_sim.choices import Site

__all__ = ["Branch", "Move", "Node", "Passage", "Step", "Wish", "Wishes", "moves_of"]


class Move(NamedTuple):
    """A step, or a passage of time, apart from its place in a trail. Where it is possible at all, it is the same.

    ``number`` is that of no other step; ``own`` that of its task's step before, -1 if there is none, and ``causes`` those of all
    that it directly depends on.
    """

    path: str
    accesses: Accesses
    number: int
    own: int
    causes: frozenset[int]


@dataclass(frozen=True, slots=True)
class Wish:
    """That these moves are made, and then the task takes its next step, whatever that touches; ``own`` is that before it."""

    moves: tuple[Move, ...]
    path: str
    own: int

    @property
    def order(self) -> tuple[str, ...]:
        """Who takes a step, one after the other."""
        return (*(move.path for move in self.moves), self.path)

    @property
    def key(self) -> tuple[int | str, ...]:
        """Equal for wishes that are for the same."""
        return (*(move.number for move in self.moves), self.path)

    @property
    def begun(self) -> "Wish | None":
        """What is left of it if its last step is taken first; None if that was all."""
        return Wish(self.moves[:-1], self.moves[-1].path, self.moves[-1].own) if self.moves else None

    def without(self, path: str) -> "Wish":
        """What is left of it when a task has made its first move."""
        own = next(move for move in self.moves if move.path == path)
        return Wish(tuple(move for move in self.moves if move is not own), self.path, self.own)


Wishes: TypeAlias = dict[tuple[int | str, ...], Wish]
"""By their keys, in the order in which they were made."""


@dataclass(slots=True)
class Step:
    """A step, and the tasks that could have taken it.

    ``sleep`` are tasks whose next step here is covered by earlier trials, with what that touches; ``done`` are those that went
    first here, the one that is taken now included. ``wishes`` are for later trials, ``taken_along`` for those that begin with the
    step that is taken.
    """

    enabled: tuple[str, ...]
    sleep: dict[str, Accesses]
    taken: str
    then: tuple[str, ...] = ()  # who shall go on behind the step that is taken
    wishes: Wishes = field(default_factory=dict)
    taken_along: Wishes = field(default_factory=dict)
    done: dict[str, Accesses] = field(default_factory=dict)
    accesses: Accesses = EVERYTHING
    woke: frozenset[str] = frozenset()
    move: Move | None = None  # once the trial is over
    before: int = 0  # places of all that have to come before it, as bits
    races: tuple[int, ...] = ()  # places of those that could as well have come behind it

    def turn_to(self, wish: Wish) -> None:
        """Somebody else goes first here in the next trial."""
        self.taken, *then = wish.order
        self.then, self.accesses = tuple(then), EVERYTHING
        rest = wish.without(self.taken) if wish.moves else None
        self.taken_along = {rest.key: rest} if rest is not None else {}


@dataclass(slots=True)
class Branch:
    """A choice that is not about who goes next. All its options are tried."""

    options: int
    site: Site
    taken: int = 0


@dataclass(slots=True)
class Passage:
    """Time passed, or a timer fired: nothing changes places with that."""

    woke: frozenset[str] = frozenset()
    move: Move | None = None
    before: int = 0


Node: TypeAlias = Step | Branch | Passage


def moves_of(nodes: Sequence[Node]) -> list[Move]:
    """All but the branches, in order."""
    return [node.move for node in nodes if not isinstance(node, Branch) and node.move is not None]
