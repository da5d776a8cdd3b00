"""The timeline of real runs, from their events: those of a journal, or those that a subscriber has got."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from finale.drawing.lanes import Lane, Lanes, Look, Mark, Note, Sign, Span
from finale.drawing.lanes_svg import MOST_NOTES, draw
from finale.drawing.picture import Picture
from finale.drawing.text import cells, clean, cut
from finale.drawing.timescale import UNITS, TimeScale, duration
from finale.events import Event, Gap, Notification, RunAccepted, RunComplete, RunStarted, Status

__all__ = ["picture_of"]

MOST_RUNS = 40
_BAR = 40
_SIGNS = {Status.COMPLETED: Sign.COMPLETED, Status.FAILED: Sign.FAILED, Status.CANCELLED: Sign.CANCELLED}
_LOOKS = {Status.COMPLETED: Look.ACTIVE, Status.FAILED: Look.FAILED, Status.CANCELLED: Look.CANCELLED}
_CHARACTERS = {Look.WAITING: "·", Look.ACTIVE: "█", Look.FAILED: "x", Look.CANCELLED: "/"}


def picture_of(
    events: Iterable[Event | Gap], *, between: tuple[float, float] | None = None, most_runs: int = MOST_RUNS
) -> Picture:
    """A lane for each run, by session: how long it waited and worked, what it reported, and its terminal event.

    Seconds count from the first event, and stretches in which nothing was in flight are folded. ``between`` zooms in on runs that
    were there between two instants, in such seconds. Of more than ``most_runs`` the last ones are shown, the others counted.
    """
    runs, gaps = _runs(events)
    start = min((run.first for run in runs), default=0.0)
    low, high = between if between is not None else (0.0, float("inf"))
    there = [run for run in runs if run.last - start >= low and run.first - start <= high]
    shown = there[max(len(there) - most_runs, 0) :]
    spans = [(max(run.first, start + low), min(run.last, start + high)) for run in shown]
    scale = TimeScale.over(spans)
    shown = _by_session(shown)
    title = _title(runs)
    left_out = len(runs) - len(shown)
    notes = [Note(f"… {left_out:,} more run{'s' * (left_out != 1)}, not shown")] if left_out else []
    notes += [Note(f"{gaps:,} event{'s were' if gaps > 1 else ' was'} dropped on the way here")] if gaps else []
    notes += [note for run in shown for note in _told(run, start)]
    chart = Lanes(
        title,
        tuple(_lane(run, scale) for run in shown),
        UNITS,
        ticks=tuple(scale.ticks()),
        folds=tuple(scale.folds()),
        notes=tuple(notes),
    )
    return Picture(title, _text(title, shown, scale, notes), draw(chart))


@dataclass(slots=True)
class _Run:
    """What the events say of one run."""

    run_id: str
    session: str
    first: float
    last: float
    started: float | None = None
    reports: list[float] = field(default_factory=list)
    notifications: list[Notification] = field(default_factory=list)
    end: RunComplete | None = None
    seen_from_start: bool = False

    @property
    def label(self) -> str:
        """Session and run."""
        return f"{cut(clean(self.session) or '?', 24, middle=True)}  {cut(clean(self.run_id) or '?', 12, middle=True)}"

    @property
    def look(self) -> Look:
        """How its work looks."""
        return Look.ACTIVE if self.end is None else _LOOKS[self.end.status]

    def stretches(self) -> list[tuple[float, float, Look]]:
        """Waiting, then at work. A run whose beginning was not seen was at work."""
        if self.started is None:
            waiting = self.seen_from_start
            return [(self.first, self.last, Look.WAITING if waiting else self.look)]
        return [(self.first, self.started, Look.WAITING), (self.started, self.last, self.look)]


def _runs(events: Iterable[Event | Gap]) -> tuple[list[_Run], int]:
    """The runs in order of their first events, and how many events are missing."""
    runs: dict[str, _Run] = {}
    gaps = 0
    for event in events:
        if isinstance(event, Gap):
            gaps += event.dropped
            continue
        run = runs.setdefault(event.run_id, _Run(event.run_id, event.session, event.at, event.at))
        run.last = max(run.last, event.at)  # a clock may have been set back
        match event:
            case RunAccepted():
                run.seen_from_start = True
            case RunStarted():
                run.started = max(event.at, run.first)
            case RunComplete():
                run.end = event
            case Notification():
                run.notifications.append(event)
            case _:
                run.reports.append(event.at)
    now = max((run.last for run in runs.values()), default=0.0)
    for run in runs.values():
        if run.end is None:
            run.last = now
    return list(runs.values()), gaps


def _by_session(runs: Sequence[_Run]) -> list[_Run]:
    order: dict[str, int] = {}
    for run in runs:
        order.setdefault(run.session, len(order))
    return sorted(runs, key=lambda run: order[run.session])


def _lane(run: _Run, scale: TimeScale) -> Lane:
    low, high = scale.start, scale.end
    spans = [
        Span(scale.at(max(start, low)), scale.at(min(end, high)), look)
        for start, end, look in run.stretches()
        if end >= low and start <= high and (end > start or len(run.stretches()) == 1)
    ]
    marks = [Mark(scale.at(at), Sign.EVENT) for at in run.reports if low <= at <= high]
    marks += [Mark(scale.at(told.at), Sign.FAULT) for told in run.notifications if low <= told.at <= high]
    if run.end is not None and run.last <= high:
        marks.append(Mark(scale.at(run.last), _SIGNS[run.end.status]))
    return Lane(run.label, tuple(spans), tuple(marks))


def _told(run: _Run, start: float) -> list[Note]:
    """What is worth a line: notifications, and why a run failed or was cancelled."""
    notes = [
        Note(f"{run.run_id}, {duration(told.at - start)}: {told.kind}: {told.message}", Sign.FAULT) for told in run.notifications
    ]
    if run.end is not None and run.end.status is not Status.COMPLETED:
        error = f": {run.end.error.type}: {run.end.error.message}" if run.end.error is not None else ""
        by = f" by {run.end.cancelled_by}" if run.end.cancelled_by else ""
        notes.append(Note(f"{run.run_id}: {run.end.status}{by}{error}", _SIGNS[run.end.status]))
    return notes


def _title(runs: Sequence[_Run]) -> str:
    endings = [run.end.status for run in runs if run.end is not None]
    counts = [f"{endings.count(status):,} {status}" for status in Status if status in endings]
    open_ = len(runs) - len(endings)
    counts += [f"{open_:,} not over"] if open_ else []
    return f"{len(runs):,} run{'s' * (len(runs) != 1)}" + (f": {', '.join(counts)}" if counts else "")


def _text(title: str, runs: Sequence[_Run], scale: TimeScale, notes: Sequence[Note]) -> str:
    labels = [run.label for run in runs]
    wide = max(map(cells, labels), default=0)
    lines = [title]
    for run, label in zip(runs, labels, strict=True):
        bar = [" "] * _BAR
        for start, end, look in run.stretches():
            first, last = (round(_BAR * scale.at(min(max(at, scale.start), scale.end)) / UNITS) for at in (start, end))
            bar[min(first, _BAR - 1) : max(last, min(first, _BAR - 1) + 1)] = _CHARACTERS[look] * max(last - first, 1)
        waited = (run.started if run.started is not None else run.last) - run.first
        status = "not over" if run.end is None else str(run.end.status)
        times = f"waited {duration(waited)}, took {duration(run.last - run.first)}"
        lines.append(f"{label}{' ' * (wide - cells(label))}  {''.join(bar[:_BAR])}  {status}, {times}")
    lines += [cut(clean(note.text), 160) for note in notes[:MOST_NOTES]]
    return "\n".join([*lines, *([f"… {len(notes) - MOST_NOTES} more"] if len(notes) > MOST_NOTES else [])])
