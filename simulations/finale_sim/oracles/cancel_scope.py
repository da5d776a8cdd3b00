"""I4: a cancel covers all runs of its session that were accepted before it and have not ended, and none accepted after it."""

from collections.abc import Iterator

from finale import Status
from finale_sim.history import Entry, History, What
from finale_sim.oracles.oracle import Oracle

__all__ = ["ORACLE"]

_SPOKE = (What.PUBLISHED, What.RETURNED, What.RAISED)


def _check(history: History) -> Iterator[str]:
    for run_id in history.accepted:
        stops = history.stops(run_id)
        if not stops:
            yield from _spared(history, run_id)
        elif stops[0].what is What.CANCEL:
            yield from _covered(history, run_id, stops[0])


def _spared(history: History, run_id: str) -> Iterator[str]:
    for ending in history.endings(run_id):
        if ending.status is Status.CANCELLED:
            yield f"nothing covers run {run_id}, and it was cancelled by {ending.cancelled_by!r}"


def _covered(history: History, run_id: str, stop: Entry) -> Iterator[str]:
    """A run that was covered is not called afterwards, and does not go on working for longer than one step."""
    started = history.first(What.CALLED, What.PREPARING, run_id=run_id)
    if started is not None and started.number > stop.number:
        yield f"run {run_id} was cancelled, and its coordinator was called afterwards"
    later = [e for e in history.of(What.REPORTED, What.PUBLISHED, What.RETURNED, run_id=run_id) if e.at_s > stop.at_s]
    spoke_before = any(e.number < stop.number for e in history.of(*_SPOKE, run_id=run_id))
    if later and not spoke_before and history.first(What.STOPPED, run_id=run_id) is None:
        yield f"run {run_id} was cancelled at {stop.at_s:g} s, and still {later[0].what} at {later[0].at_s:g} s"


ORACLE = Oracle("I4 cancel scope", "a cancel covers what was accepted before it, and nothing else", _check)
