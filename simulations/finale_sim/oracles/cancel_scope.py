"""I4: a cancel covers all runs of its session that were accepted before it and have not ended, and none accepted after it."""

from collections.abc import Iterator

from finale import Status
from finale_sim.history import Entry, History, What
from finale_sim.oracles.oracle import Oracle

__all__ = ["ORACLE"]


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
    """A run that was covered before it had said its ending is not called afterwards, and its surroundings are cancelled."""
    started = history.first(What.CALLED, What.PREPARING, run_id=run_id)
    if started is not None and started.number > stop.number:
        yield f"run {run_id} was cancelled, and its coordinator was called afterwards"
    elif (
        late := next((e for e in history.of(What.CALLED, run_id=run_id) if e.number > stop.number), None)
    ) and not late.cancelled:
        yield f"run {run_id} was cancelled at {stop.at_s:g} s while it prepared, and went on to be called at {late.at_s:g} s"
    said = history.first(What.PUBLISHED, What.RETURNED, What.RAISED, run_id=run_id)
    if said is not None and said.number > stop.number:
        unreached = next((e for e in history.of(What.RETURNED, run_id=run_id) if not e.cancelled), None)
        if unreached is not None:
            then = f"it {unreached.what} at {unreached.at_s:g} s"
            yield f"run {run_id} was cancelled at {stop.at_s:g} s, which never reached its task; {then}"


def _later(history: History) -> Iterator[str]:
    """The runs that were accepted after a cancel of their session."""
    for cancel in history.of(What.CANCEL):
        yield from (run_id for run_id, e in history.accepted.items() if e.number > cancel.number and cancel.session == e.session)


_CASES = {
    "a run that is covered": lambda history: any(history.stops(run_id) for run_id in history.accepted),
    "a run that comes later": lambda history: any(_later(history)),
}

ORACLE = Oracle("I4 cancel scope", "a cancel covers what was accepted before it, and nothing else", _check, _CASES)
