"""I5: a cancel with nothing accepted, waiting or active changes nothing, now or later."""

from collections.abc import Iterator

from finale_sim.history import Entry, History, What
from finale_sim.oracles.oracle import Oracle

__all__ = ["ORACLE"]


def _check(history: History) -> Iterator[str]:
    for cancel in _idle(history):
        if cancel.detail:
            yield f"session {cancel.session} had never had a run, and a cancel says that it covered {cancel.detail}"


def _idle(history: History) -> Iterator[Entry]:
    """The cancels of sessions that had never had a run."""
    for cancel in history.of(What.CANCEL):
        if not any(e.session == cancel.session and e.number < cancel.number for e in history.accepted.values()):
            yield cancel


_CASES = {
    "a cancel of nothing": lambda history: any(_idle(history)),
}

ORACLE = Oracle("I5 idle cancel", "a cancel of nothing changes nothing", _check, _CASES)
