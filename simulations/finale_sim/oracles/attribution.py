"""I2: run id, session, text and error of a terminal event belong to the same run."""

from collections.abc import Iterator
from dataclasses import replace

from finale import Notification, RunAccepted, Status
from finale_sim.history import Entry, History, What
from finale_sim.oracles.oracle import Oracle

__all__ = ["ORACLE"]


def _check(history: History) -> Iterator[str]:
    yield from _endings(history)
    yield from _requests(history)
    for event in history.events():
        if isinstance(event, Notification) and event.kind == "error":
            raised = [e for e in history.of(What.RAISED, What.STOPPED) if _text(e) and _text(e) in event.message]
            if raised and all(e.run_id != event.run_id for e in raised):
                yield f"run {event.run_id} is notified of the error of run {raised[0].run_id}: {event.message:.100}"


def _requests(history: History) -> Iterator[str]:
    """The acceptance has what was submitted, all of it."""
    asked = {submitted.run_id: replace(submitted.request, run_id=submitted.run_id) for submitted in reversed(history.submitted)}
    for event in history.events():
        if isinstance(event, RunAccepted) and event.request != asked.get(event.run_id, event.request):
            yield f"run {event.run_id} was accepted as {event.request!r:.100}; it was submitted as {asked[event.run_id]!r:.100}"


def _endings(history: History) -> Iterator[str]:
    for ending in history.endings():
        accepted = history.accepted.get(ending.run_id)
        if accepted is None:
            continue
        if ending.session != accepted.session:
            yield f"run {ending.run_id} belongs to session {accepted.session}, its ending says {ending.session}"
        said = [e.detail for e in history.of(What.PUBLISHED, What.RETURNED, run_id=ending.folded_into or ending.run_id)]
        if ending.status is Status.COMPLETED and (said or ending.text) and ending.text not in said:
            yield f"run {ending.run_id} said {said!r:.100}, its ending says {ending.text!r:.100}"
        if ending.status is not Status.COMPLETED and ending.text is not None:
            yield f"run {ending.run_id} {ending.status}, and its ending says {ending.text!r:.100}"
        source = ending.folded_into or ending.run_id
        raised = [_text(e) for e in history.of(What.RAISED, What.STOPPED, run_id=source)]
        others = [_text(e) for e in history.of(What.RAISED) if e.run_id != source]
        if ending.error and ending.error.message in others and ending.error.message not in ("", *raised):
            yield f"run {ending.run_id} has the error of another run: {ending.error.message:.100}"


def _text(raised: Entry) -> str:
    """What tells this error from those of other runs. That of a group is how many it holds, and tells nothing."""
    return "" if isinstance(raised.detail, BaseExceptionGroup) else str(raised.detail)


_CASES = {
    "a text": lambda history: any(ending.text for ending in history.endings()),
    "an error": lambda history: any(ending.error for ending in history.endings()),
    "a notification": lambda history: any(isinstance(event, Notification) for event in history.events()),
}

ORACLE = Oracle("I2 attribution", "id, session, text and error of a terminal event belong to one run", _check, _CASES)
