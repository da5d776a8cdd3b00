"""Whoever asks whether a run is kept is told so before the journal has answered."""

from finale import RunHandle
from finale_sim.canaries.canary import Canary, rewritten

__all__ = ["CANARY"]

CANARY = Canary(
    "says yes at once",
    "accepted() returns before the acceptance is in the journal",
    "I14 durability",
    "journal lost",
    changes=(
        (
            RunHandle,
            "accepted",
            rewritten(RunHandle.accepted, "while self._broker.horizon < self._record.accepted_seq:", "while False:"),
        ),
    ),
    symptom="A client has its acknowledgement, the server is killed, and after the restart nobody knows of the run.",
    immune="The answer waits until the pump, which asks the journal first, has passed the acceptance.",
)
