"""I12: a waiter ends in bounded time after its run has ended, with the right verdict.

Bounded means here: at the same instant of virtual time, since nothing but the waiter itself is left to do.
"""

from collections.abc import Iterator

from finale_sim.history import Entry, History, What
from finale_sim.oracles.oracle import Oracle

__all__ = ["ORACLE"]


def _check(history: History) -> Iterator[str]:
    ended = {(e.who, e.run_id): e for e in history.of(What.WAITED)}
    killed = history.killed
    for waiting in history.of(What.WAITING):
        if killed is not None and waiting.number < killed.number:
            continue  # it died with its process
        waited = ended.get((waiting.who, waiting.run_id))
        endings = [e for e in history.of(What.EVENT, run_id=waiting.run_id) if e.who == history.witness]
        if waited is None:
            yield f"{waiting.who} waits for run {waiting.run_id} for ever"
        else:
            yield from _right(history, waiting, waited, endings)


def _right(history: History, waiting: Entry, waited: Entry, seen: list[Entry]) -> Iterator[str]:
    endings = history.endings(waiting.run_id)
    if waited.detail.run_id != waiting.run_id:
        yield f"{waiting.who} waited for run {waiting.run_id} and was told the ending of {waited.detail.run_id}"
    elif endings and waited.detail.status is not endings[0].status:
        yield f"{waiting.who} was told that run {waiting.run_id} is {waited.detail.status}; it is {endings[0].status}"
    elif endings and waited.detail.text != endings[0].text:
        yield f"{waiting.who} was told that run {waiting.run_id} said {waited.detail.text!r:.40}; it said {endings[0].text!r:.40}"
    due = max([waiting.at_s, *(e.at_s for e in seen if e.detail in endings)])
    if endings and waited.at_s > due:
        yield f"{waiting.who} was told at {waited.at_s:g} s what had been known at {due:g} s"


_CASES = {
    "a waiter": lambda history: any(history.of(What.WAITED)),
}

ORACLE = Oracle("I12 waiter ends", "whoever waits for a run is told its ending, at once", _check, _CASES)
