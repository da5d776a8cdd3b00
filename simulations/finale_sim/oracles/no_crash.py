"""No crash: what leaves the workspace's block is what the scenario put there."""

from collections.abc import Iterator

from finale_sim.history import History
from finale_sim.oracles.oracle import Oracle

__all__ = ["ORACLE"]


def _check(history: History) -> Iterator[str]:
    if history.crash:
        yield f"the workspace came down: {history.crash}"


ORACLE = Oracle("no crash", "no error of finale's own comes out", _check)
