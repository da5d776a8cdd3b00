"""What an oracle is."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from finale_sim.history import History

__all__ = ["Oracle"]


@dataclass(frozen=True, slots=True)
class Oracle:
    """A pure judge of a history. ``check`` yields a sentence for each breach of ``claim``; nothing means that it holds."""

    name: str
    claim: str
    check: Callable[[History], Iterator[str]]
