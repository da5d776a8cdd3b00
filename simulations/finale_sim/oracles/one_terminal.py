"""I1: every accepted run gets exactly one terminal event; a rejected request gets none."""

from collections.abc import Iterator
from typing import TypeGuard

from finale import Event, Notification, RunAccepted
from finale_sim.history import History, What
from finale_sim.oracles.oracle import Oracle

__all__ = ["ORACLE"]


def _check(history: History) -> Iterator[str]:
    accepted = dict.fromkeys(history.accepted)
    if history.killed is not None:  # the process may have died between storing an acceptance and telling it
        accepted |= dict.fromkeys(event.run_id for event in history.events() if isinstance(event, RunAccepted))
    for run_id in accepted:
        endings = history.endings(run_id)
        if not endings:
            yield f"run {run_id} was accepted and has no terminal event"
        elif early := [e for e in history.events(run_id) if _is_error(e) and e.seq < endings[0].seq]:
            yield f"run {run_id} has a terminal event, and before it another signal of its end: {early[0].message:.80}"
        elif len(endings) > 1:
            yield f"run {run_id} has {len(endings)} terminal events: {', '.join(str(e.status) for e in endings)}"
    for event in history.events():
        if event.run_id not in accepted:
            yield f"run {event.run_id} was never accepted and has an event: {type(event).__name__}"
    for entry in history.of(What.REJECTED):
        if entry.run_id and entry.run_id not in accepted and history.events(entry.run_id):
            yield f"the request for run {entry.run_id} was rejected and has events"


def _is_error(event: Event) -> TypeGuard[Notification]:
    return isinstance(event, Notification) and event.kind == "error"


_CASES = {
    "an accepted run": lambda history: bool(history.accepted),
    "a refused request": lambda history: any(history.of(What.REJECTED)),
}

ORACLE = Oracle(
    "I1 one terminal", "an accepted run gets exactly one terminal event, a rejected request gets none", _check, _CASES
)
