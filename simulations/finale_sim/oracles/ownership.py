"""I10: runs live in the workspace. Closing stops intake; leaving the block means that nothing of a run is left."""

from collections.abc import Iterator

from finale_sim.history import History, What
from finale_sim.oracles.oracle import Oracle

__all__ = ["ORACLE"]

_WORK = (What.PREPARING, What.CALLED, What.REPORTED, What.PUBLISHED, What.RETURNED, What.RAISED, What.STOPPED)


def _check(history: History) -> Iterator[str]:
    closed = next(history.of(What.CLOSE), None)
    left = next(history.of(What.LEFT), None)
    for run_id, accepted in history.accepted.items():
        if closed is not None and accepted.number > closed.number:
            yield f"run {run_id} was accepted after the workspace had closed"
    if left is not None and history.killed is None:
        for entry in history.of(*_WORK):
            if entry.number > left.number:
                yield f"run {entry.run_id} {entry.what} after the workspace had been left"


_CASES = {
    "a closing": lambda history: any(history.of(What.CLOSE)),
    "a block that is left": lambda history: any(history.of(What.LEFT)),
}

ORACLE = Oracle("I10 ownership", "a closed workspace accepts nothing, and one that was left does nothing", _check, _CASES)
