"""For people who write coordinators, journals and subscribers: stubs to test against, and conformance checks.

Nothing in the product imports this.
"""

from finale.testing.conformance import ConformanceError, check_coordinator, check_journal, check_subscriber
from finale.testing.stubs import STUBS

__all__ = ["STUBS", "ConformanceError", "check_coordinator", "check_journal", "check_subscriber"]
