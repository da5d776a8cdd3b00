"""I17: a failed preparation or a stale mark never decides the fate of later runs: who failed did something wrong itself."""

from collections.abc import Iterator

from finale import Status
from finale_sim.history import History, What
from finale_sim.oracles.oracle import Oracle

__all__ = ["ORACLE"]


def _check(history: History) -> Iterator[str]:
    for ending in history.endings():
        if ending.status is not Status.FAILED or ending.abandoned or history.killed is not None:
            continue
        source = ending.folded_into or ending.run_id
        if not any(history.of(What.RAISED, What.RETURNED, What.STOPPED, run_id=source)):
            why = ending.error.message if ending.error else "no reason was given"
            yield f"run {ending.run_id} failed, and its coordinator was not even asked: {why}"


_CASES = {
    "a failed run": lambda history: any(ending.status is Status.FAILED for ending in history.endings()),
}

ORACLE = Oracle("I17 no poison", "a run fails by its own fault only", _check, _CASES)
