"""Who publishes waits for subscribers that have fallen behind."""

from finale.pump import Pump
from finale_sim.canaries.canary import Canary, rewritten

__all__ = ["CANARY"]

_BEHIND = "any(reader.statistics().lag > 8 for reader in self._broker._subscriptions)"

CANARY = Canary(
    "patient publisher",
    "one slow subscriber holds back the endings of all runs",
    "I8 promptness",
    "slow subscribers",
    changes=(
        (
            Pump,
            "run",
            rewritten(
                Pump.run,
                "stored = await self._store(batch)",
                f"await trio.sleep(0.05 * {_BEHIND}); stored = await self._store(batch)",
            ),
        ),
    ),
    symptom="One window that does not read makes everything slower for everybody.",
    immune="Publishing appends to a log and wakes who waits; it never waits for anybody.",
    case="lock held while publishing",
)
