"""What a program under test said of itself in one trial: situations, faults that struck, and whether the trial counts."""

from collections import Counter
from dataclasses import dataclass, field

__all__ = ["Injected"]


@dataclass(slots=True)
class Injected:
    """Kept for the length of a trial, and read when it is judged."""

    probes: dict[str, bool] = field(default_factory=dict)  #: name of a situation → whether it was reached
    struck: Counter[str] = field(default_factory=Counter)  #: name of a fault → how often it struck
    lasting: dict[str, int] = field(default_factory=dict)  #: name of a fault → what it does from now on
    told: dict[int, str] = field(default_factory=dict)  #: site key of a choice → what it meant
    discarded: bool = False  #: an assumption did not hold
