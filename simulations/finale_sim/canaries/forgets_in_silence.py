"""A reader that comes back to what the log has forgotten is told nothing of it."""

from finale import Subscription
from finale_sim.canaries.canary import Canary

__all__ = ["CANARY"]


def _nothing(self: Subscription) -> None:
    pass


CANARY = Canary(
    "forgets in silence",
    "a reader of a session that is long forgotten sees no gap",
    "I11 streams",
    "comes back",
    changes=((Subscription, "_pass_forgotten", _nothing),),
    symptom="A client comes back after a busy night, is told of no ending and of no gap, and waits.",
    immune="The log remembers how far it has forgotten, and whoever begins before that is told at once.",
)
