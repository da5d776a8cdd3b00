"""What a trial did, as far as samplers and coverage want to know: a few numbers, and nothing of the program."""

from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["Profile"]


@dataclass(frozen=True, slots=True)
class Profile:
    """Noted in trials whose choices are made by a ``Picking``."""

    behaviour: int  #: 64 bits; equal for trials in which everything that seems to matter came in the same order
    steps: Mapping[str, int]  #: path of a task → how many steps it took
    touched: Mapping[tuple[str, int], int]  #: task and thing (as in ``touches``) → in how many of its steps, probably
