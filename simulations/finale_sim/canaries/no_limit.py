"""The limit on silence is looked at once, at the start."""

from finale.executor import Executor
from finale_sim.canaries.canary import Canary, rewritten

__all__ = ["CANARY"]

CANARY = Canary(
    "no limit",
    "a run may be silent for ever",
    "I3 limits",
    "falls silent",
    changes=((Executor, "_watch", rewritten(Executor._watch, "self._patience.idle_s", "None")),),
    symptom="A connection goes silent, and the run waits for it until somebody restarts the program.",
    immune="A task of its own watches each run that has limits, and sleeps until the nearest of them.",
    case="stream-stall-hang",
    commit="a48d4e353",
)
