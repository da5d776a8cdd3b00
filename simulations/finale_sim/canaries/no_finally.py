"""The owner task settles its run only where nothing is raised, not in ``finally``."""

from finale.executor import Executor
from finale_sim.canaries.canary import Canary, rewritten

__all__ = ["CANARY"]

CANARY = Canary(
    "no finally",
    "the owner task settles its run only if nothing was raised",
    "I1 one terminal",
    "outer cancellation",
    changes=((Executor, "_execute", rewritten(Executor._execute, "finally:", "else:")),),
    symptom="A stop from outside leaves runs that never report an end.",
    immune="The task that owns a run settles it in a finally; there is no path around it, and a second owner does not exist.",
)
