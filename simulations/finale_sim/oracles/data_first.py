"""I7: everything a run reported is delivered, or visibly dropped, before its terminal event; nothing of it comes after.

That goes for what it reports while it unwinds, too. What it reports after its ending is discarded, with one notification.
"""

from collections.abc import Iterator

from finale import Notification, Progress, RunComplete, RunStarted, RunState
from finale_sim.history import Entry, History, What
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
        ending = events[places[0]]
        called = history.first(What.PREPARING, What.CALLED, run_id=run_id)
        if complete and called is not None and not any(isinstance(event, RunStarted) for event in events[: places[0]]):
            yield f"run {run_id} {called.what} at {called.at_s:g} s, and nobody was told before its ending that it had started"
        if complete and isinstance(ending, RunComplete):
            yield from _lost(history, run_id, ending)
            yield from _discarded(history, run_id, ending)


def _lost(history: History, run_id: str, ending: RunComplete) -> Iterator[str]:
    """What the run reported before its ending, and nobody saw."""
    seen = [event.payload for event in history.events(run_id) if isinstance(event, Progress)]
    for entry in history.of(What.REPORTED, run_id=run_id):
        if _before(history, entry, ending) and entry.detail not in seen:
            yield f"run {run_id} reported {entry.detail!r:.60}, which nobody saw"


def _discarded(history: History, run_id: str, ending: RunComplete) -> Iterator[str]:
    """What the run reported after its ending is told of once."""
    late = [entry for entry in history.of(What.REPORTED, run_id=run_id) if _behind(history, entry, ending)]
    notes = [e for e in history.events(run_id) if isinstance(e, Notification) and "progress after the ending" in e.message]
    if late and len(notes) != 1:
        yield f"run {run_id} had ended and reported {late[0].detail!r:.60}; {len(notes)} notifications told of it"


def _before(history: History, report: Entry, ending: RunComplete) -> bool:
    decided = history.decided(report.run_id)
    if decided is not None and decided.number < report.number:
        return False
    return not _terminated(history, report) and not (ending.abandoned and report.at_s >= ending.at)


def _behind(history: History, report: Entry, ending: RunComplete) -> bool:
    published = history.first(What.PUBLISHED, run_id=report.run_id)
    if published is not None and published.number < report.number:
        return True
    return _terminated(history, report) or (ending.abandoned and report.at_s > ending.at)


def _terminated(history: History, report: Entry) -> bool:
    """Whether the run had been terminated."""
    return any(
        stop.word == "terminate" and stop.at <= report.number and stop.after.get(report.run_id) is RunState.SETTLED
        for stop in history.stopped
    )


def _after_endings(history: History) -> Iterator[Entry]:
    for ending in history.endings():
        yield from (entry for entry in history.of(What.REPORTED, run_id=ending.run_id) if _behind(history, entry, ending))


_CASES = {
    "a report": lambda history: any(history.of(What.REPORTED)),
    "a report while it unwinds": lambda history: any(e.cancelled for e in history.of(What.REPORTED)),
    "a report after its ending": lambda history: any(_after_endings(history)),
}

ORACLE = Oracle("I7 data first", "what a run reports comes before its ending, and nothing after", _check, _CASES)
