"""I7: everything a run reported is delivered, or visibly dropped, before its terminal event; nothing of it comes after."""

from collections.abc import Iterator

from finale import Progress, RunComplete
from finale_sim.history import History, What
from finale_sim.oracles.oracle import Oracle

__all__ = ["ORACLE"]


def _check(history: History) -> Iterator[str]:
    complete = not history.gaps and history.killed is None  # the witness saw everything, so that what it did not see is lost
    for run_id in history.accepted:
        events = history.events(run_id)
        places = [at for at, event in enumerate(events) if isinstance(event, RunComplete)]
        if not places:
            continue
        late = [event for event in events[places[0] :] if isinstance(event, Progress)]
        if late:
            yield f"run {run_id} had ended, and {late[0].payload!r:.60} came after it"
        if complete:
            yield from _lost(history, run_id, events[places[0]], [e.payload for e in events if isinstance(e, Progress)])


def _lost(history: History, run_id: str, ending: object, seen: list[object]) -> Iterator[str]:
    """What the run reported and nobody saw."""
    said = history.decided(run_id)
    reported = [e for e in history.of(What.REPORTED, run_id=run_id) if said is None or e.number < said.number]
    abandoned = isinstance(ending, RunComplete) and ending.abandoned
    if abandoned:
        return
    for entry in reported:
        if entry.detail not in seen and not any(stop.number < entry.number for stop in history.stops(run_id)):
            yield f"run {run_id} reported {entry.detail!r:.60}, which nobody saw"


ORACLE = Oracle("I7 data first", "what a run reports comes before its ending, and nothing after", _check)
