"""Stub coordinators: each a character of its own, one file each, listed here under the name that scenarios use."""

from collections.abc import Callable

from finale import Coordinator
from finale_sim.stubs.chatty import Chatty
from finale_sim.stubs.cleanup_fails import CleanupFails
from finale_sim.stubs.deaf import Deaf
from finale_sim.stubs.fails_active import FailsActive
from finale_sim.stubs.fails_after import FailsAfter
from finale_sim.stubs.fails_before import FailsBefore
from finale_sim.stubs.never_returns import NeverReturns
from finale_sim.stubs.publishes_twice import PublishesTwice
from finale_sim.stubs.steady import Steady

__all__ = ["STUBS"]

STUBS: dict[str, Callable[[], Coordinator]] = {
    "steady": Steady,
    "chatty": Chatty,
    "fails before": FailsBefore,
    "fails active": FailsActive,
    "fails after": FailsAfter,
    "publishes twice": PublishesTwice,
    "never returns": NeverReturns,
    "clean-up fails": CleanupFails,
    "deaf": Deaf,
}
