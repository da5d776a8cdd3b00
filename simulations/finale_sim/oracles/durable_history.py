"""I14: the journal, read back, tells the same: each run has one ending in it, the one that was told, and nothing behind."""

from collections.abc import Iterator

from finale import Notification, RunAccepted, RunComplete
from finale_sim.history import History, What
from finale_sim.oracles.oracle import Oracle

__all__ = ["ORACLE"]


def _check(history: History) -> Iterator[str]:
    stored = next(history.of(What.STORED), None)
    if stored is None:
        return
    told = {ending.run_id: ending for ending in history.endings() if ending.durable}
    for event in stored.detail:
        if isinstance(event, RunAccepted) and not any(e.run_id == event.run_id for e in history.endings()):
            yield f"the journal has run {event.run_id}, whose ending was never told"
    for run_id, ending in told.items():
        tale = [event for event in stored.detail if event.run_id == run_id]
        endings = [event for event in tale if isinstance(event, RunComplete)]
        if endings != [ending]:
            yield f"run {run_id} was told as durably {ending.status}; the journal has {[str(e.status) for e in endings]}"
        elif any(not isinstance(event, Notification) for event in tale[tale.index(ending) + 1 :]):
            yield f"the journal goes on about run {run_id} after its ending"


_CASES = {
    "a journal": lambda history: any(e.detail for e in history.of(What.STORED)),
}

ORACLE = Oracle("I14 history", "the journal tells what subscribers were told", _check, _CASES)
