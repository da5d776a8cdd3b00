"""What a program under test said of itself in one trial: situations, faults that struck, and whether the trial counts."""

from collections import Counter
from dataclasses import dataclass, field
from typing import TypeAlias

__all__ = ["CASES", "Cell", "Injected"]

Cell: TypeAlias = tuple[str, str, str]
"""A square of a table of coverage: the table, such as "fault × phase", the row and the column."""

CASES = "claim × case"
"""The table of coverage: an oracle, and what it must have judged for its silence to mean something."""


@dataclass(slots=True)
class Injected:
    """Kept for the length of a trial, and read when it is judged."""

    probes: dict[str, bool] = field(default_factory=dict)  #: name of a situation → whether it was reached
    struck: Counter[str] = field(default_factory=Counter)  #: name of a fault → how often it struck
    lasting: dict[str, int] = field(default_factory=dict)  #: name of a fault → what it does from now on
    told: dict[int, str] = field(default_factory=dict)  #: site key of a choice → what it meant
    cells: dict[Cell, bool] = field(default_factory=dict)  #: a square that it came by → whether it was reached
    discarded: bool = False  #: an assumption did not hold

    @property
    def spoke(self) -> bool:
        """Whether there is anything beside squares that it came by."""
        return bool(self.probes or self.struck or self.lasting or self.told or self.discarded)
