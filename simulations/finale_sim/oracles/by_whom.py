"""I3, of whoever did it: a cancelled run names what covered it first, and no other run names anybody.

Of what comes in one step with its effect, which is all that clients do, the first one counts. What reaches a run only when
its task notices, a cancellation from outside or an exit of the program, may be overtaken by that.
"""

from collections.abc import Iterator
from functools import partial

from finale import RunState, Status
from finale_sim.calls import WORDS, Stopped
from finale_sim.history import History, What
from finale_sim.oracles.oracle import Case, Oracle

__all__ = ["ORACLE"]

_OUTSIDE = "the workspace was cancelled"


def _check(history: History) -> Iterator[str]:
    for ending in history.endings():
        if ending.status is not Status.CANCELLED:
            if ending.cancelled_by is not None or ending.superseded_by is not None:
                yield f"run {ending.run_id} {ending.status}, and names {ending.cancelled_by or ending.superseded_by!r}"
        elif ending.run_id in history.accepted:
            names = list(_names(history, ending.run_id))
            if names and ending.cancelled_by not in names:
                told = " or ".join(repr(name) for name in names)
                yield f"run {ending.run_id} was cancelled by {told}; its ending says {ending.cancelled_by!r}"
            by_run = ending.cancelled_by if ending.cancelled_by in _interrupts(history) else None
            if (f"run {ending.superseded_by}" if ending.superseded_by else None) != by_run:
                yield f"run {ending.run_id} was cancelled by {by_run or 'no other run'}; it names {ending.superseded_by!r}"


def _names(history: History, run_id: str) -> Iterator[str]:
    """Whoever may have been first."""
    first = next((stop for stop in history.stopped if _covers(history, stop, run_id)), None)
    until = first.at if first is not None else len(history.entries)
    accepted = history.accepted[run_id].number
    for entry in history.of(What.OUTSIDE, What.RAISED):
        exits = isinstance(entry.detail, SystemExit | KeyboardInterrupt) and entry.run_id != run_id
        if accepted < entry.number < until and (entry.what is What.OUTSIDE or exits):
            yield _OUTSIDE
            break
    if first is not None:
        yield first.by


def _covers(history: History, stop: Stopped, run_id: str) -> bool:
    state = stop.before.get(run_id, RunState.SETTLED)
    if state is RunState.SETTLED or (stop.word == "clear queue" and state is not RunState.WAITING):
        return False
    named = stop.named({other: entry.session for other, entry in history.accepted.items()})
    return run_id in named or stop.stops_host(history.host(run_id, stop.at), named)


def _interrupts(history: History) -> list[str]:
    return [stop.by for stop in history.stopped if stop.word == "interrupt"]


def _ended_by(word: str, history: History) -> bool:
    names = [stop.by for stop in history.stopped if stop.word == word]
    return any(ending.cancelled_by in names for ending in history.endings())


_CASES: dict[str, Case] = {
    "from outside": lambda history: any(ending.cancelled_by == _OUTSIDE for ending in history.endings()),
    **{word: partial(_ended_by, word) for word in WORDS},
}

ORACLE = Oracle("I3 by whom", "a cancelled run names what covered it first, and no other run names anybody", _check, _CASES)
