"""Closing the stream of events wakes nobody who waits for more."""

from finale.broker import Broker
from finale_sim.canaries.canary import Canary, rewritten

__all__ = ["CANARY"]

CANARY = Canary(
    "endless stream",
    "a subscriber is never told that nothing more will come",
    "not stuck",
    "one prompt",
    changes=((Broker, "close", rewritten(Broker.close, "self._waiting.popitem()[1].unpark_all()", "self._waiting.popitem()")),),
    symptom="The program has shut down, and whoever listened to it still listens.",
    immune="One task closes the log, once, after the last event, and wakes everybody who waits.",
    case="double-close-of-event-channel (its twin)",
    commit="ed870ecb9",
)
