"""I3, of limits on time: a run is stopped because it was silent or took long if and only if it was silent, or took long.

A report that comes at the very instant of a limit may be in time or not; what a run reports while it is being
stopped does not count.
"""

from collections.abc import Iterator
from functools import partial
from itertools import pairwise
from math import inf

from finale import RunStarted
from finale_sim.history import Entry, History, What
from finale_sim.oracles.oracle import Oracle

__all__ = ["oracle"]


def oracle(idle_s: float | None = None, deadline_s: float | None = None) -> Oracle:
    """For a workspace with these limits; None: there is no such limit."""
    check = partial(_check, idle_s=inf if idle_s is None else idle_s, deadline_s=inf if deadline_s is None else deadline_s)
    return Oracle(
        "I3 limits", "a run is stopped for its silence or its length if it was silent or long, and only then", check, _CASES
    )


_CASES = {"a run out of time": lambda history: any(_timed_out(history, run_id) for run_id in history.accepted)}


def _check(history: History, idle_s: float, deadline_s: float) -> Iterator[str]:
    for run_id in history.accepted:
        started = next((event for event in history.events(run_id) if isinstance(event, RunStarted)), None)
        decided = history.decided(run_id)
        if started is None or decided is None:
            continue
        words = [e.at_s for e in history.of(What.REPORTED, run_id=run_id) if e.number < decided.number and not e.cancelled]
        silence = max(later - earlier for earlier, later in pairwise([started.at, *words, decided.at_s]))
        over = silence > idle_s or decided.at_s - started.at > deadline_s
        reached = silence >= idle_s or decided.at_s - started.at >= deadline_s
        told = f"after {decided.at_s - started.at:g} s, of which it was silent for at most {silence:g} s at a time"
        if _timed_out(history, run_id) and not reached:
            yield f"run {run_id} was stopped as out of time {told}"
        elif over and decided.what is not What.STOPPED and not _stopped_before(history, run_id, decided):
            yield f"run {run_id} {decided.what} {told}, and nothing had stopped it"


def _timed_out(history: History, run_id: str) -> bool:
    return any(e.error is not None and e.error.type.endswith("RunTimedOut") for e in history.endings(run_id))


def _stopped_before(history: History, run_id: str, decided: Entry) -> bool:
    return any(stop.number < decided.number for stop in history.stops(run_id))
