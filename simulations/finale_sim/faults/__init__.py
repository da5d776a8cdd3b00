"""Faults: legal misfortunes that finale must survive. Each is a file in this folder, which stands at a seam of the product.

A fault draws from the trial's choices whether it strikes; 0 is always "it does not".
"""

from collections.abc import Callable

from finale.journal import Journal
from finale_sim.faults.failing_journal import FailingJournal

__all__ = ["JOURNALS"]

JOURNALS: dict[str, Callable[[Callable[[str, int], int]], Journal]] = {"failing": FailingJournal}
"""Journals by the name that scenarios use; each is made with the function that draws whether a fault strikes."""
