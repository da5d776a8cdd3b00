"""A process that opens a journal again counts on from its last event, though subscribers have seen more than it has."""

from collections.abc import Sequence

from finale import ledger
from finale.events import Event
from finale_sim.canaries.canary import Canary

__all__ = ["CANARY"]


def _right_behind(events: Sequence[Event]) -> int:
    return events[-1].seq if events else 0


CANARY = Canary(
    "numbers again",
    "after a crash events get numbers that clients have seen on others",
    "I11 delivery",
    "killed",
    changes=((ledger, "opening_behind", _right_behind),),
    symptom="A client that reads on after a restart never hears how its run ended: the place it names is behind that ending.",
    immune="Each opening of a journal counts from the next thousand million, so no number means two events.",
)
