"""What one step of a task has touched, and whether two steps may change places."""

from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import TypeAlias

__all__ = ["EVERYTHING", "Accesses", "Thing"]

Thing: TypeAlias = Hashable
"""Something that tasks share: a variable, an attribute, the contents of an object. Named alike in trials that begin alike."""


@dataclass(frozen=True, slots=True)
class Accesses:
    """What a step has read and written, and where it has only counted something up or down (``adds``), in whatever order.

    ``awaits`` is what the next step of the same task waits for: it comes behind all that count there.
    ``untracked`` says why nobody knows; such a step may have touched everything.
    """

    reads: frozenset[Thing] = field(default=frozenset())
    writes: frozenset[Thing] = field(default=frozenset())
    adds: frozenset[Thing] = field(default=frozenset())
    awaits: frozenset[Thing] = field(default=frozenset())
    untracked: str | None = None

    def conflicts(self, other: "Accesses") -> bool:
        """Whether the order of the two steps may matter."""
        if self.untracked is not None or other.untracked is not None:
            return True
        return not (
            self.writes.isdisjoint(other.writes)
            and self.writes.isdisjoint(other.reads)
            and self.reads.isdisjoint(other.writes)
            and (not self.adds or (self.adds.isdisjoint(other.writes) and self.adds.isdisjoint(other.reads)))
            and (not other.adds or (other.adds.isdisjoint(self.writes) and other.adds.isdisjoint(self.reads)))
        )

    def __or__(self, other: "Accesses") -> "Accesses":
        return Accesses(
            self.reads | other.reads,
            self.writes | other.writes,
            self.adds | other.adds,
            self.awaits | other.awaits,
            self.untracked or other.untracked,
        )


EVERYTHING = Accesses(untracked="time passed")
