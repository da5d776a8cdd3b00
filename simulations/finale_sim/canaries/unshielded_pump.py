"""The pump lives in the same scope as everything else: a cancellation from outside stops it before the endings are out."""

from finale.pump import Pump
from finale_sim.canaries.canary import Canary, rewritten

__all__ = ["CANARY"]

CANARY = Canary(
    "unshielded pump",
    "a cancellation stops delivery before the endings are out",
    "I1 one terminal",
    "outer cancellation",
    changes=((Pump, "run", rewritten(Pump.run, "CancelScope(shield=True)", "CancelScope()")),),
    symptom="The program is stopped, and its last endings reach neither the journal nor anybody who listens.",
    immune="One shielded task carries events out, and it stops only after everything that was recorded is out.",
)
