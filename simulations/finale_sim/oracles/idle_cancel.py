"""I5: a cancel with nothing accepted, waiting or active changes nothing, now or later."""

from collections.abc import Iterator

from finale_sim.history import History, What
from finale_sim.oracles.oracle import Oracle

__all__ = ["ORACLE"]


def _check(history: History) -> Iterator[str]:
    for cancel in history.of(What.CANCEL):
        earlier = [run_id for run_id, e in history.accepted.items() if e.session == cancel.session and e.number < cancel.number]
        if not earlier and cancel.detail:
            yield f"session {cancel.session} had never had a run, and a cancel says that it covered {cancel.detail}"


ORACLE = Oracle("I5 idle cancel", "a cancel of nothing changes nothing", _check)
