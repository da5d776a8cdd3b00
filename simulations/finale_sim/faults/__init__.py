"""Faults: legal misfortunes that finale must survive. Each is a file in this folder, which stands at a seam of the product.

A fault draws from the trial's choices whether it strikes; 0 is always "it does not".
"""

from collections.abc import Callable
from typing import NoReturn, TypeAlias

from finale.journal import Journal, MemoryJournal
from finale_sim.faults.failing_journal import FailingJournal
from finale_sim.faults.mortal_journal import MortalJournal

__all__ = ["JOURNALS"]

_Strikes: TypeAlias = Callable[[str, int], int]
_Die: TypeAlias = Callable[[], NoReturn]

JOURNALS: dict[str, Callable[[_Strikes, _Die], Journal]] = {
    "sound": lambda strikes, die: MemoryJournal(),
    "failing": lambda strikes, die: FailingJournal(strikes),
    "mortal": MortalJournal,
}
"""Journals by the name that scenarios use; each is made with what draws whether a fault strikes, and what ends the process."""
