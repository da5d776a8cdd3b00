"""The limit on silence is measured from the start of the run, whatever it reports."""

from finale.context import Context
from finale_sim.canaries.canary import Canary, rewritten

__all__ = ["CANARY"]

CANARY = Canary(
    "impatient limit",
    "a run that reports is stopped for its silence",
    "I3 limits",
    "falls silent",
    changes=((Context, "progress_nowait", rewritten(Context.progress_nowait, "self.reported_at = trio.current_time()", "pass")),),
    symptom="A long answer is cut off in the middle, although it was coming along.",
    immune="Each report moves the limit in the same step in which it is recorded.",
    case="stream-timeout-too-eager",
    commit="34ff32621",
)
