"""The owner task settles its run only where nothing is raised, not in ``finally``."""

from finale.executor import Executor
from finale_sim.canaries.canary import Canary, rewritten

__all__ = ["CANARY"]

CANARY = Canary(
    "no finally",
    "the owner task settles its run only if nothing was raised",
    "I1 one terminal",
    "outer cancellation",
    ((Executor, "_execute", rewritten(Executor._execute, "finally:", "else:")),),
)
