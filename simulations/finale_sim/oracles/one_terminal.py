"""I1: every accepted run gets exactly one terminal event; a rejected request gets none."""

from collections.abc import Iterator

from finale import RunAccepted
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
        elif len(endings) > 1:
            yield f"run {run_id} has {len(endings)} terminal events: {', '.join(str(e.status) for e in endings)}"
    for event in history.events():
        if event.run_id not in accepted:
            yield f"run {event.run_id} was never accepted and has an event: {type(event).__name__}"
    for entry in history.of(What.REJECTED):
        if entry.run_id and entry.run_id not in accepted and history.events(entry.run_id):
            yield f"the request for run {entry.run_id} was rejected and has events"


ORACLE = Oracle("I1 one terminal", "an accepted run gets exactly one terminal event, a rejected request gets none", _check)
