"""I8: a run's terminal event is not held back by work that is not part of the run.

It is published before the block of the workspace is left. Nothing but the journal may take time between the end of a
coordinator's call and the moment at which its ending is seen.
"""

from collections.abc import Iterator

from finale_sim.history import History, What
from finale_sim.oracles.oracle import Oracle

__all__ = ["ORACLE"]


def _check(history: History) -> Iterator[str]:
    if not history.crash and history.killed is None:
        for run_id in history.unsettled:
            yield f"the workspace had been left, and the ending of run {run_id} had not been published"
    if any("journal" in text for text in history.picks.values()):
        return
    for entry in history.of(What.EVENT):
        if entry.who != history.witness or entry.detail not in history.endings(entry.run_id):
            continue
        decided = history.decided(entry.run_id)
        killed = history.killed
        if decided is None or (killed is not None and killed.number > decided.number):
            continue
        if entry.at_s > decided.at_s:
            yield f"run {entry.run_id} {decided.what} at {decided.at_s:g} s, and its ending was seen at {entry.at_s:g} s"


_CASES = {
    "a run that has decided": lambda history: any(history.decided(ending.run_id) for ending in history.endings()),
}

ORACLE = Oracle("I8 promptness", "an ending is told when the run has ended, not later", _check, _CASES)
