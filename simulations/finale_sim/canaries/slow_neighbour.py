"""What one session is waiting for holds up all others."""

from finale import ledger
from finale.turns import Turns
from finale_sim.canaries.canary import Canary

__all__ = ["CANARY"]

CANARY = Canary(
    "slow neighbour",
    "a prompt waits for the preparation of another session",
    "I9 no stranding",
    "cancel race",
    changes=((ledger, "Turns", lambda max_active: Turns(1)),),
    symptom="One slow server, and the first prompt of every session waits for it.",
    immune="Sessions share nothing but the limit that max_active sets, and by default there is none.",
    case="slow-server-blocks-first-prompt",
    commit="48768f8b3",
)
