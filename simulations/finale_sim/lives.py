"""Which cells of a run's life a history shows: what became of a run in which state, and which misfortune met it in which phase.

It tells coverage, not right from wrong. Both tables are complete: what is not possible is listed, with the reason.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import product

from finale import ErrorInfo, RunComplete, RunStarted, Status
from finale_sim.history import Entry, History, What
from finale_sim.injected import Cell

__all__ = ["EVENTS", "FAULTS", "IMPOSSIBLE", "LIVES", "PHASES", "STATES", "STRUCK", "lives_seen", "possible"]

LIVES, STRUCK = "state × event", "fault × phase"

STATES = ("new", "waiting", "folded", "active", "cancelling")
EVENTS = ("accepted", "started", "folded", "cancel", "completed", "failed", "cancelled")

PHASES = ("waiting", "preparing", "active", "unwinding", "settled")
"""Unwinding: it is stopped or has published, and its coordinator has not come back. A folded run is where its host is."""

FAULTS = (
    "cancel",
    "terminate",
    "interrupt",
    "close",
    "cancel from outside",
    "another run exits",
    "its coordinator raises",
    "time is up",
    "subscriber falls behind",
    "subscriber leaves",
    "journal append fails",
    "journal append stalls",
    "journal append fails for good",
    "journal does not close",
    "killed before an append",
    "killed after an append",
)
"""What may meet a run: what others do, what its coordinator does, and what its surroundings do."""

_LEGAL = {
    ("new", "accepted"),
    ("waiting", "started"),
    ("waiting", "folded"),
    ("active", "cancel"),
    *product(("waiting", "folded", "active", "cancelling"), ("completed", "failed", "cancelled")),
}
_WAITS = "a run that waits has no coordinator at work"
_OVER = "a run that is settled has no coordinator at work, and no time to keep to"

IMPOSSIBLE: dict[Cell, str] = {
    (LIVES, "waiting", "completed"): "nobody has worked on it",
    (LIVES, "active", "cancelled"): "whatever cancels an active run makes it cancelling first",
    (STRUCK, "its coordinator raises", "waiting"): _WAITS,
    (STRUCK, "its coordinator raises", "settled"): _OVER,
    (STRUCK, "time is up", "waiting"): "its time begins with its start",
    (STRUCK, "time is up", "unwinding"): "what is being stopped is not stopped again",
    (STRUCK, "time is up", "settled"): _OVER,
    **{
        (STRUCK, "journal does not close", phase): "the journal is closed when every run is settled"
        for phase in PHASES
        if phase != "settled"
    },
}
"""Cells that no trial can reach, and why."""


@cache
def possible() -> tuple[Cell, ...]:
    """All cells that some trial could reach, in the order of their tables."""
    lives = [(LIVES, state, event) for state in STATES for event in EVENTS if (state, event) in _LEGAL]
    struck = [(STRUCK, fault, phase) for fault in FAULTS for phase in PHASES]
    return tuple(cell for cell in [*lives, *struck] if cell not in IMPOSSIBLE)


def lives_seen(history: History) -> dict[Cell, bool]:
    """The cells that the history shows. Each of them is True."""
    lives = {run_id: _life(history, run_id, accepted) for run_id, accepted in history.accepted.items()}
    cells: dict[Cell, bool] = {}
    for run_id, life in lives.items():
        for state, event in _events(history, run_id, life):
            cells[LIVES, state, event] = True
        for fault, phase in _of_its_own(history, run_id, life):
            cells[STRUCK, fault, phase] = True
    exits = [entry for entry in history.of(What.RAISED) if isinstance(entry.detail, SystemExit | KeyboardInterrupt)]
    for entry in exits:
        for life in lives.values():
            if life.accepted.number < entry.number and life.accepted.run_id != entry.run_id:
                cells[STRUCK, "another run exits", _phase(lives, life, entry.number)] = True
    for strike in history.struck:
        for life in lives.values():
            if strike.meets(life.accepted):
                cells[STRUCK, strike.fault, _phase(lives, life, strike.at)] = True
    return cells


_NEVER = 1 << 60


@dataclass(frozen=True, slots=True)
class _Life:
    """What happened to a run, by the numbers of the entries that tell of it."""

    accepted: Entry
    preparing: int
    called: int
    published: int
    back: int  #: its coordinator came back, or its preparation failed
    told: int  #: the witness saw its terminal event
    stopped: int  #: something that covers it came
    folded: int
    host: str
    started: bool  #: it became active at some time


def _life(history: History, run_id: str, accepted: Entry) -> _Life:
    folded = history.first(What.FOLDED, run_id=run_id)
    seen = [entry for entry in history.of(What.EVENT, run_id=run_id) if entry.who == history.witness]
    return _Life(
        accepted,
        _number(history.first(What.PREPARING, run_id=run_id)),
        _number(history.first(What.CALLED, run_id=run_id)),
        _number(history.first(What.PUBLISHED, run_id=run_id)),
        _number(history.first(What.RETURNED, What.RAISED, What.STOPPED, run_id=run_id)),
        _number(next((entry for entry in seen if isinstance(entry.detail, RunComplete)), None)),
        _number(next(iter(history.stops(run_id)), None)),
        _number(folded),
        folded.detail if folded is not None else "",
        any(isinstance(entry.detail, RunStarted) for entry in seen),
    )


def _number(entry: Entry | None) -> int:
    return _NEVER if entry is None else entry.number


def _events(history: History, run_id: str, life: _Life) -> Iterator[tuple[str, str]]:
    """What became of the run, each with the state that it was in."""
    yield "new", "accepted"
    if life.started:
        yield "waiting", "started"
    if life.host:
        yield "waiting", "folded"
    stopped = life.started and life.stopped < min(life.published, life.back)
    for ending in history.endings(run_id):
        stopped = stopped or (life.started and (ending.status is Status.CANCELLED or _timed_out(ending.error)))
        read_back = ending.error is not None and "Interrupted" in ending.error.type  # what a journal tells, was waiting
        state = "folded" if life.host else "cancelling" if stopped else "active" if life.started else "waiting"
        yield "waiting" if read_back else state, ending.status.value
    if stopped:
        yield "active", "cancel"


def _timed_out(error: ErrorInfo | None) -> bool:
    return error is not None and "RunTimedOut" in error.type


def _of_its_own(history: History, run_id: str, life: _Life) -> Iterator[tuple[str, str]]:
    """What the run's own coordinator and clock did to it, and when."""
    if (raised := history.first(What.RAISED, run_id=run_id)) is not None:
        stopped = min(life.stopped, life.published) < raised.number
        yield "its coordinator raises", "unwinding" if stopped else "active" if life.called < _NEVER else "preparing"
    elif any(_timed_out(ending.error) for ending in history.endings(run_id)) and not life.host:
        yield "time is up", "active" if life.called < _NEVER else "preparing"
    elif history.first(What.STOPPED, run_id=run_id) and any(ending.error for ending in history.endings(run_id)):
        yield "its coordinator raises", "unwinding"


def _phase(lives: dict[str, _Life], life: _Life, at: int) -> str:
    """Where the run was when the history had so many entries."""
    if life.folded < at and life.stopped >= at and life.host in lives:
        return _phase(lives, lives[life.host], at)
    begun = min(life.preparing, life.called) < at
    if life.back < at or (not begun and life.told < at):
        return "settled"
    if life.stopped < at and not begun and not life.started:
        return "settled"  # what waits is settled in the step that stops it
    if min(life.stopped, life.published, life.told) < at:
        return "unwinding"
    return "active" if life.called < at else "preparing" if begun else "waiting"
