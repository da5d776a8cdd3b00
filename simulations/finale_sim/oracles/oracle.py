"""What an oracle is."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from finale_sim.history import History

__all__ = ["Case", "Oracle"]

Case: TypeAlias = Callable[[History], bool]
"""Whether a history has something of a certain kind to judge."""


@dataclass(frozen=True, slots=True)
class Oracle:
    """A pure judge of a history. ``check`` yields a sentence for each breach of ``claim``; nothing means that it holds.

    Or that there was nothing to judge: ``cases`` says what there is to judge, each with whether a history has it.
    """

    name: str
    claim: str
    check: Callable[[History], Iterator[str]]
    cases: Mapping[str, Case] = field(default_factory=dict)
