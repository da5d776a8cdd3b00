"""The timeline of a trial as lanes: a row for each task, a column for each step. Long trials are folded, the folds counted."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from finale import RunComplete, Status
from finale.drawing.lanes import Fold, Lane, Lanes, Look, Mark, Note, Sign, Span, Tick
from finale_sim.choices import Choice, Kind
from finale_sim.history import Entry, What
from finale_sim.kernel.lanes import AFTER, MAIN
from finale_sim.kernel.tracing import CANCEL, PROCESS, TIMER
from finale_sim.kernel.trial import Step
from finale_sim.render.keeping import kept
from finale_sim.render.timeline import observation, worth_telling
from finale_sim.render.words import in_words
from finale_sim.story import Story
from finale_sim.wording import counted

__all__ = ["lanes_of"]

MOST_STEPS, MOST_LANES = 110, 24

_ENDINGS = {Status.COMPLETED: Sign.COMPLETED, Status.FAILED: Sign.FAILED, Status.CANCELLED: Sign.CANCELLED}
_ENDED = {"returned": Sign.COMPLETED, "cancelled": Sign.CANCELLED, "failed": Sign.FAILED}
_STOPS = (What.CANCEL, What.CLOSE, What.OUTSIDE)


def lanes_of(
    story: Story, steps: tuple[int, int] | None = None, *, most_steps: int = MOST_STEPS, most_lanes: int = MOST_LANES
) -> Lanes:
    """The chart of a trial, or of its steps from ``steps[0]`` to ``steps[1]``, as they are numbered.

    Of more than ``most_steps``, those far from any deviation or ending are folded away; of more than ``most_lanes`` tasks, those
    without marks and with the fewest steps share the last lane.
    """
    trace = story.trial.trace
    marks = _marks(story)
    columns = _Columns.of(trace, marks, steps, most_steps)
    lives = _lives(trace)
    shown, rest = _chosen(lives, trace, columns, marks, most_lanes)
    looks = _looks(trace, lives, columns)
    lanes = [_lane(_label(path), looks[path], marks.get(path, ()), columns) for path in shown]
    if rest:
        active = {at: look for path in rest for at, look in looks[path].items() if look not in (Look.READY, Look.WAITING)}
        more = [mark for path in rest for mark in marks.get(path, ())]
        lanes.append(_lane(f"… {counted(len(rest), 'more task')}", active, more, columns))
    return Lanes(
        _title(story),
        tuple(lanes),
        columns.extent,
        ticks=tuple(_ticks(trace, columns)),
        folds=tuple(Fold(place, f"… {count:,}") for place, count in columns.folds),
        notes=tuple(_notes(story, columns, zoomed=steps is not None)),
    )


@dataclass(frozen=True, slots=True)
class _At:
    """A mark of a step, by its index in the trace."""

    index: int
    sign: Sign
    label: str = ""


@dataclass(frozen=True, slots=True)
class _Columns:
    """Where steps stand. ``place``: index in the trace → column; ``folds``: column → how many steps were left out there."""

    place: Mapping[int, int]
    folds: tuple[tuple[int, int], ...]
    extent: int

    @classmethod
    def of(
        cls, trace: Sequence[Step], marks: Mapping[str, Sequence[_At]], window: tuple[int, int] | None, most: int
    ) -> "_Columns":
        first, last = window or (0, len(trace))
        inside = [at for at, step in enumerate(trace) if first <= step.number <= last]
        start = inside[0] if inside else 0
        marked = [mark.index - start for found in marks.values() for mark in found if mark.sign is not Sign.EVENT]
        chosen = kept(len(inside), {at for at in marked if 0 <= at < len(inside)}, most)
        if len(chosen) > 2 * most:  # a trial of nothing but deviations
            chosen = set(sorted(chosen)[-2 * most :])
        place: dict[int, int] = {}
        folds: list[tuple[int, int]] = []
        column = left_out = 0
        for at in range(len(trace) + 1):
            if at < len(trace) and at - start not in chosen:
                left_out += 1
                continue
            if left_out:
                folds.append((column, left_out))
                column, left_out = column + 1, 0
            if at < len(trace):
                place[at] = column
                column += 1
        return cls(place, tuple(folds), max(column, 1))

    @property
    def left_out(self) -> int:
        """How many steps are not drawn."""
        return sum(count for _, count in self.folds)


def _marks(story: Story) -> dict[str, list[_At]]:
    """By lane: what is marked, in order."""
    numbers = {choice.site: number for number, choice in enumerate(story.attempt.deviations, 1)}
    by_step: dict[int, list[Entry]] = {}
    for entry in story.entries:
        if entry.what is not What.EVENT or worth_telling(entry):
            by_step.setdefault(entry.step, []).append(entry)
    found: dict[str, list[_At]] = {}
    for index, step in enumerate(story.trial.trace):
        asked = [choice for choice in (step.choice, *step.asked) if choice is not None and choice.answer]
        here = [_At(index, _sign(choice), str(numbers.get(choice.site, ""))) for choice in asked]
        if not step.path.startswith("~"):
            here += [_At(index, _seen(entry)) for entry in by_step.get(step.number, ())]
        if step.path in (MAIN, AFTER) and step.ended and not story.entries:
            here.append(_At(index, _ENDED[step.ended]))
        if here:
            found.setdefault(step.path, []).extend(here)
    return found


def _sign(choice: Choice) -> Sign:
    return {Kind.CANCEL: Sign.CANCEL, Kind.FAULT: Sign.FAULT, Kind.CRASH: Sign.FAULT}.get(choice.site.kind, Sign.DEVIATION)


def _seen(entry: Entry) -> Sign:
    if entry.what is What.EVENT and isinstance(entry.detail, RunComplete):
        return _ENDINGS[entry.detail.status]
    if entry.what is What.KILLED:
        return Sign.FAULT
    return Sign.CANCEL if entry.what in _STOPS else Sign.EVENT


@dataclass(slots=True)
class _Life:
    """From which step on a task is known, and until which it lives."""

    born: int
    over: int


def _lives(trace: Sequence[Step]) -> dict[str, _Life]:
    """The lanes, in order of their first appearance."""
    lives: dict[str, _Life] = {}
    for at, step in enumerate(trace):
        for path in sorted({step.path, *_runnable(step)} - lives.keys(), key=(step.path, *step.options).index):
            lives[path] = _Life(at, len(trace))
        if step.waiting_on == "ended":
            lives[step.path].over = at
        if step.path == PROCESS:
            for life in lives.values():
                life.over = min(life.over, at)
    return dict(sorted(lives.items(), key=lambda entry: entry[0].startswith("~")))  # what is no task stands below


def _runnable(step: Step) -> tuple[str, ...]:
    """The other tasks that could have taken the step."""
    if step.choice is None or step.choice.site.kind is not Kind.SCHEDULE:
        return ()
    return tuple(path for path in step.options if not path.startswith("~"))


def _looks(trace: Sequence[Step], lives: Mapping[str, _Life], columns: _Columns) -> dict[str, dict[int, Look]]:
    """By lane: what it shows in each column, as long as its task lives."""
    looks: dict[str, dict[int, Look]] = {path: {} for path in lives}
    ready: tuple[str, ...] = ()
    for at, step in enumerate(trace):
        if not step.path.startswith("~"):
            ready = _runnable(step)
        if at not in columns.place:
            continue
        held = set(ready)
        for path, life in lives.items():
            if path == step.path:
                looks[path][at] = _active(step)
            elif life.born <= at <= life.over and not path.startswith("~"):
                looks[path][at] = Look.READY if path in held else Look.WAITING
    return looks


def _active(step: Step) -> Look:
    if step.ended == "failed":
        return Look.FAILED
    return Look.CANCELLED if step.cancelled or step.path == CANCEL else Look.ACTIVE


def _chosen(
    lives: Mapping[str, _Life], trace: Sequence[Step], columns: _Columns, marks: Mapping[str, Sequence[_At]], most: int
) -> tuple[list[str], list[str]]:
    """The lanes that are drawn, and those that share the last one. A task that is over, or not there yet, needs none."""
    first, last = min(columns.place, default=0), max(columns.place, default=0)
    there = [path for path, life in lives.items() if life.born <= last and first <= life.over]
    if len(there) <= most:
        return there, []
    steps = dict.fromkeys(there, 0)
    for at in columns.place:
        steps[trace[at].path] += 1
    visible = {path: sum(mark.index in columns.place for mark in found) for path, found in marks.items()}
    order = {path: number for number, path in enumerate(lives)}
    best = sorted(there, key=lambda path: (path != "/main", not visible.get(path), -steps[path], order[path]))[: most - 1]
    return sorted(best, key=order.__getitem__), [path for path in there if path not in set(best)]


def _lane(label: str, looks: Mapping[int, Look], marks: Sequence[_At], columns: _Columns) -> Lane:
    spans: list[Span] = []
    for at, look in sorted(looks.items()):
        column = columns.place[at]
        last = spans[-1] if spans else None
        if last is not None and last.look is look and last.end == column and look in (Look.READY, Look.WAITING):
            spans[-1] = Span(last.start, column + 1, look)
        else:
            spans.append(Span(column, column + 1, look))
    return Lane(label, tuple(spans), tuple(_placed(marks, columns)))


def _placed(marks: Sequence[_At], columns: _Columns) -> Iterator[Mark]:
    """The marks that are in sight. Several of a kind at one step are one: with all labels, and of endings with their number."""
    alike: dict[tuple[int, Sign], list[str]] = {}
    for mark in marks:
        if mark.index in columns.place:
            alike.setdefault((mark.index, mark.sign), []).append(mark.label)
    for (index, sign), labels in alike.items():
        count = f"×{len(labels)}" if len(labels) > 1 and sign in _ENDINGS.values() else ""
        yield Mark(columns.place[index] + 0.5, sign, ",".join(filter(None, labels)) or count)


def _label(path: str) -> str:
    """A path on a line: a segment that repeats itself is counted."""
    if path.startswith("~"):
        return {TIMER: "time", CANCEL: "cancels"}.get(path, path.removeprefix("~"))
    parts = [(part, len(list(same))) for part, same in groupby(path.split("/"))]
    return "/".join(part if count == 1 else f"{part} ×{count}" for part, count in parts)


def _ticks(trace: Sequence[Step], columns: _Columns) -> Iterator[Tick]:
    before = None
    for at, column in columns.place.items():
        if trace[at].now_s != before:
            before = trace[at].now_s
            yield Tick(column, f"{before:g} s")


def _title(story: Story) -> str:
    attempt, trial = story.attempt, story.trial
    size = f"{counted(trial.steps or len(trial.trace), 'step')}, {trial.now_s:g} s of virtual time"
    if attempt.breach is not None:
        return f"violated: {attempt.breach.claim!r} ({size})"
    return f"{'undecided' if attempt.undecided else 'holds'} ({size})"


def _notes(story: Story, columns: _Columns, *, zoomed: bool) -> Iterator[Note]:
    if story.attempt.breach is not None:
        yield Note(story.attempt.breach.message.partition("\n")[0].removesuffix(":"))
    if columns.left_out:
        total = len(story.trial.trace)
        zoom = "" if zoomed else "; timeline(steps=(first, last)) zooms in"
        yield Note(f"… {columns.left_out:,} of {total:,} turns are not shown{zoom}")
    for number, told in enumerate(in_words(story), 1):
        yield Note(f"{number}. {told}", Sign.DEVIATION)
    for entry in story.entries:
        if entry.what is What.EVENT and worth_telling(entry) and isinstance(entry.detail, RunComplete):
            yield Note(f"step {entry.step}, {entry.at_s:g} s: {observation(entry)}", _seen(entry))
