"""Stub coordinators: each a character of its own, one file each, listed here under the name that scenarios use."""

from collections.abc import Callable

from finale.coordinator import Coordinator
from finale.testing.stubs.chatty import Chatty
from finale.testing.stubs.cleanup_fails import CleanupFails
from finale.testing.stubs.deaf import Deaf
from finale.testing.stubs.fails_active import FailsActive
from finale.testing.stubs.fails_after import FailsAfter
from finale.testing.stubs.fails_before import FailsBefore
from finale.testing.stubs.fails_nth import FailsNth
from finale.testing.stubs.folds import Folds
from finale.testing.stubs.never_returns import NeverReturns
from finale.testing.stubs.publishes_twice import PublishesTwice
from finale.testing.stubs.returns_rubbish import ReturnsRubbish
from finale.testing.stubs.slow_cleanup import SlowCleanup
from finale.testing.stubs.slow_steps import SlowSteps
from finale.testing.stubs.steady import Steady
from finale.testing.stubs.stops_program import StopsProgram
from finale.testing.stubs.swallows_cancel import SwallowsCancel
from finale.testing.stubs.thorough import Thorough

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
    "swallows cancel": SwallowsCancel,
    "stops the program": StopsProgram,
    "slow steps": SlowSteps,
    "slow clean-up": SlowCleanup,
    "returns rubbish": ReturnsRubbish,
    "folds": Folds,
    "fails nth": FailsNth,
    "thorough": Thorough,
}
