"""Not stuck: as long as anything is unfinished, something can happen."""

from collections.abc import Iterator

from finale_sim.history import History
from finale_sim.oracles.oracle import Oracle

__all__ = ["ORACLE"]


def _check(history: History) -> Iterator[str]:
    if history.stuck:
        yield f"nothing can ever happen again, and these still wait:\n{history.stuck}"


ORACLE = Oracle("not stuck", "everything that was begun comes to an end", _check)
