"""What an exhaustive search remembers of the trial that it is at: its steps and choices, and what is left to try at each."""

from dataclasses import dataclass, field
from typing import TypeAlias

from finale_sim.accesses import EVERYTHING, Accesses
from finale_sim.choices import Site

__all__ = ["Branch", "Node", "Passage", "Step", "Wish", "apart", "conflicting"]


@dataclass(slots=True)
class Wish:
    """A task that shall take the next step, and who shall go on from there: the first of ``then``, in later trials the others."""

    path: str
    accesses: Accesses  # what it touched there when it was wished for
    then: list["Wish"] = field(default_factory=list)


@dataclass(slots=True)
class Step:
    """A step, and the tasks that could have taken it.

    ``sleep`` are tasks whose next step here is covered by earlier trials, with what that touches; ``done`` are those that went
    first here, the one that is taken now included.
    """

    enabled: tuple[str, ...]
    sleep: dict[str, Accesses]
    taken: str
    asked: bool  # whether there was a choice
    wishes: list[Wish] = field(default_factory=list)  # who has to go first here in later trials
    then: list[Wish] = field(default_factory=list)  # who shall go on behind the step that is taken
    done: dict[str, Accesses] = field(default_factory=dict)
    accesses: Accesses = EVERYTHING
    woke: frozenset[str] = frozenset()

    def covered(self) -> dict[str, Accesses]:
        """The other tasks that need not go first here any more."""
        return {path: touched for path, touched in {**self.sleep, **self.done}.items() if path != self.taken}


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


Node: TypeAlias = Step | Branch | Passage


def conflicting(first: Node, second: Node) -> bool:
    """Whether both are steps whose order may matter."""
    return isinstance(first, Step) and isinstance(second, Step) and first.accesses.conflicts(second.accesses)


def apart(path: str, touched: Accesses, steps: list[Step]) -> bool:
    """Whether a task takes none of these steps, and its own has nothing to do with them."""
    return all(step.taken != path and not touched.conflicts(step.accesses) for step in steps)
