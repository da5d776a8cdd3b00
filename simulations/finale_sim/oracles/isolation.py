"""I15: one client's cancel, disconnect or failure affects only what it names: a run is stopped by what covers it."""

from collections.abc import Iterator

from finale_sim.history import History, What
from finale_sim.oracles.oracle import Oracle

__all__ = ["ORACLE"]


def _check(history: History) -> Iterator[str]:
    for stopped in history.of(What.STOPPED):
        out_of_time = any(e.error is not None and e.error.type.endswith("RunTimedOut") for e in history.endings(stopped.run_id))
        covered = any(stop.number < stopped.number for stop in history.stops(stopped.run_id))
        if stopped.cancelled and history.killed is None and not covered and not out_of_time:
            yield f"run {stopped.run_id} was stopped at {stopped.at_s:g} s, and nothing had been done that covers it"


_CASES = {
    "a run that is stopped": lambda history: any(history.of(What.STOPPED)),
}

ORACLE = Oracle("I15 isolation", "a run is stopped by what covers it, and by nothing else", _check, _CASES)
