"""I3: cancelled if and only if something that covers the run stopped it; failed if and only if it failed; else completed."""

from collections.abc import Iterator

from finale import Status
from finale_sim.history import History, What
from finale_sim.oracles.oracle import Oracle

__all__ = ["ORACLE"]


def _check(history: History) -> Iterator[str]:
    for ending in history.endings():
        if ending.error is not None and ending.error.type == "finale.Interrupted":
            if history.killed is None:
                yield f"run {ending.run_id} says that its process ended, which it did not"
            continue
        if ending.error is not None and ending.error.type.endswith("RunTimedOut"):
            continue  # told from a cancel at the same instant by nobody outside; E6 counts it
        wanted, why = _wanted(history, ending.run_id, abandoned=ending.abandoned)
        if wanted is not None and ending.status is not wanted:
            yield f"run {ending.run_id} {why}, so it is {wanted}; its ending says {ending.status}"


def _wanted(history: History, run_id: str, *, abandoned: bool) -> tuple[Status | None, str]:
    decided = history.decided(run_id)
    covered = any(decided is None or abandoned or stop.number < decided.number for stop in history.stops(run_id))
    if abandoned:
        return (Status.CANCELLED, "ignored a cancel") if covered else (Status.FAILED, "took too long, and no notice of its end")
    if decided is None:
        return (Status.CANCELLED, "was stopped before it was called") if covered else (None, "")
    if decided.what in (What.PUBLISHED, What.RETURNED):
        text_like = decided.detail is None or isinstance(decided.detail, str)
        return (Status.COMPLETED if text_like else Status.FAILED), f"gave {decided.detail!r:.60}"
    if decided.what is What.STOPPED and covered:
        if _also_failed(decided.detail):
            return None, ""
        return Status.CANCELLED, "was stopped by what covers it"
    return Status.FAILED, f"raised {decided.detail!r:.80}"


def _also_failed(error: object) -> bool:
    """Whether an error came out beside the cancellation. Which of them was first nobody can tell: see E18, and sdk/DESIGN.md."""
    return isinstance(error, BaseExceptionGroup) and error.subgroup(Exception) is not None


_CASES = {
    "completed": lambda history: any(ending.status is Status.COMPLETED for ending in history.endings()),
    "failed": lambda history: any(ending.status is Status.FAILED for ending in history.endings()),
    "cancelled": lambda history: any(ending.status is Status.CANCELLED for ending in history.endings()),
    "abandoned": lambda history: any(ending.abandoned for ending in history.endings()),
}

ORACLE = Oracle("I3 truth", "the status tells what happened to the run", _check, _CASES)
