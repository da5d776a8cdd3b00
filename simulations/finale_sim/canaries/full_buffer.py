"""A subscriber has a buffer of eight, and what does not fit is dropped in silence, endings included."""

from finale.events import Event
from finale.subscription import Subscription
from finale_sim.canaries.canary import Canary

__all__ = ["CANARY"]

_hand_out = Subscription._hand_out


def _dropping_hand_out(self: Subscription, event: Event) -> None:
    if self.number == 1 or len(self._ready) < 8:  # the witness of a trial comes first, and its oracles rely on it
        _hand_out(self, event)


CANARY = Canary(
    "full buffer",
    "a slow subscriber misses endings without a gap",
    "I11 delivery",
    "slow subscribers",
    changes=((Subscription, "_hand_out", _dropping_hand_out),),
    symptom="The transcript ends in the middle of a sentence, although everything was stored.",
    immune=(
        "There is no buffer for each subscriber: all read one log at their own pace, and what it had to drop is told as a gap."
    ),
    case="buffer-option-ignored",
    commit="abeaff09a",
)
