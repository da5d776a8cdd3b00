"""I6: at most one active run per session, and in the order of acceptance."""

from collections.abc import Iterator

from finale_sim.history import History, What
from finale_sim.oracles.oracle import Oracle

__all__ = ["ORACLE"]

_IN = (What.PREPARING, What.CALLED)
_OUT = (What.RETURNED, What.RAISED, What.STOPPED)


def _check(history: History) -> Iterator[str]:
    order = history.in_order
    inside: dict[str, str] = {}
    started: dict[str, int] = {}
    for entry in history.of(*_IN, *_OUT):
        holder = inside.get(entry.session)
        if entry.what in _OUT:
            if holder == entry.run_id:
                del inside[entry.session]
        elif holder is not None and holder != entry.run_id:
            yield f"session {entry.session} has two active runs at {entry.at_s:g} s: {holder} and {entry.run_id}"
        else:
            inside[entry.session] = entry.run_id
            place = order.index(entry.run_id) if entry.run_id in order else -1
            if place < started.get(entry.session, -1):
                yield f"run {entry.run_id} of session {entry.session} started after a run that was accepted later"
            started[entry.session] = place


_CASES = {
    "a session with two runs": lambda history: len({e.session for e in history.accepted.values()}) < len(history.accepted),
}

ORACLE = Oracle(
    "I6 single flight", "a session has at most one active run, and runs start in the order of acceptance", _check, _CASES
)
