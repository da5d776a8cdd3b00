"""I4: when a cancel, a terminate, a clearing or a closing returns, it has done its part, and says how many runs that was.

After it no run that it names waits or works unmolested, and no other run is touched. A terminated run has ended; a cancelled one
ends within ``grace_s``, and if its task is not done by then, at exactly that instant, abandoned.
"""

from collections.abc import Iterator
from functools import partial

from finale import RunState, Status
from finale_sim.calls import WORDS, Stopped
from finale_sim.history import History
from finale_sim.oracles.oracle import Oracle

__all__ = ["oracle"]

_FREE = (RunState.WAITING, RunState.ACTIVE)


def oracle(grace_s: float | None = 5.0) -> Oracle:
    """For a workspace with this patience; None: whether runs end in time is not asked."""
    claim = "a stop has done its part when it returns, and says of how many runs"
    return Oracle("I4 stops", claim, partial(_check, grace_s=grace_s), _CASES)


def _came(word: str, history: History) -> bool:
    return any(stop.word == word for stop in history.stopped)


_CASES = {word: partial(_came, word) for word in WORDS}


def _check(history: History, grace_s: float | None) -> Iterator[str]:
    for place, stop in enumerate(history.stopped):
        named = _named(history, stop)
        guests = _guests(history, stop, named)
        new = [run_id for run_id in named if stop.before[run_id] in _FREE or _newly(history, place, stop, run_id)]
        what = f"{stop.word} of {stop.run_id or stop.session or 'everything'} at {stop.at_s:g} s"
        settled = [run_id for run_id in named if stop.before[run_id] is not RunState.SETTLED is stop.after[run_id]]
        if stop.answer is not None and int(stop.answer) != (right := len(settled if stop.word == "terminate" else new)):
            yield f"{what} returned {stop.answer!r}; it is {right}"
        yield from _effects(stop, what, named, guests)
        if grace_s is not None:
            yield from _in_time(history, stop, new, grace_s)


def _effects(stop: Stopped, what: str, named: list[str], guests: list[str]) -> Iterator[str]:
    for run_id, after in stop.after.items():
        if run_id not in stop.before:
            continue  # it is the one that interrupts
        if run_id not in named:
            if after is not stop.before[run_id] and run_id not in guests:
                yield f"{what} touched run {run_id}, which was {stop.before[run_id]} and is {after}"
        elif after in _FREE or (stop.word == "terminate" and after is not RunState.SETTLED):
            yield f"{what} left run {run_id} {after}"


def _in_time(history: History, stop: Stopped, new: list[str], grace_s: float) -> Iterator[str]:
    if history.killed is not None or any("journal" in text for text in history.picks.values()):
        return
    for run_id in new:
        last_s = stop.at_s + (0 if stop.word == "terminate" else grace_s)
        for ending in history.endings(run_id):
            if ending.at > last_s:
                yield f"run {run_id} was to end by {last_s:g} s, {stop.word} came at {stop.at_s:g} s; it ended at {ending.at:g} s"
            elif ending.abandoned and ending.status is Status.CANCELLED and ending.at < last_s:
                yield from _hurried(history, run_id, ending.at, last_s)


def _hurried(history: History, run_id: str, ended_s: float, last_s: float) -> Iterator[str]:
    if not any(stop.word == "terminate" and stop.at_s == ended_s for stop in history.stopped):
        yield f"run {run_id} was abandoned at {ended_s:g} s, and had time to unwind until {last_s:g} s"


def _named(history: History, stop: Stopped) -> list[str]:
    named = stop.named({run_id: entry.session for run_id, entry in history.accepted.items()})
    if stop.word == "clear queue":
        return [run_id for run_id in named if stop.before[run_id] is RunState.WAITING]
    return named


def _guests(history: History, stop: Stopped, hosts: list[str]) -> list[str]:
    """The runs that were folded into some of ``hosts``."""
    return [run_id for run_id in stop.before if history.host(run_id, stop.at) in hosts]


def _newly(history: History, place: int, stop: Stopped, run_id: str) -> bool:
    """Whether a folded run was covered by no earlier stop, of it, its session or its host."""
    if stop.before[run_id] is not RunState.FOLDED:
        return False
    host = history.host(run_id, stop.at)
    for earlier in history.stopped[:place]:
        named = _named(history, earlier)
        if run_id in earlier.before and (run_id in named or earlier.stops_host(host, named)):
            return False
    return True
