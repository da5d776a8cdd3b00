"""No crash: what leaves the workspace's block is what its coordinators put there to stop the program, and nothing else."""

from collections.abc import Iterator

from finale_sim.history import History, What
from finale_sim.oracles.oracle import Oracle

__all__ = ["ORACLE"]


def _check(history: History) -> Iterator[str]:
    stopping = [e.detail for e in history.of(What.RAISED) if isinstance(e.detail, SystemExit)]
    left = [e.detail for e in history.of(What.LEFT)]
    if history.crash:
        yield f"the workspace came down: {history.crash}"
    for error in stopping:
        if left and error not in left:
            yield f"{error!r} was to stop the program, and the workspace kept it to itself"


_CASES = {
    "a program that is stopped": lambda history: any(history.of(What.RAISED)) and any(e.detail for e in history.of(What.LEFT)),
}

ORACLE = Oracle("no crash", "no error of finale's own comes out", _check, _CASES)
