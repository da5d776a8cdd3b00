"""The timeline of a trial, as text: who took which steps when, what was seen, and where a choice deviated."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from finale import Gap, Progress, RunComplete, SessionView
from finale.drawing.text import shown
from finale_sim.history import Entry, What
from finale_sim.kernel.tracing import CALM, TIMER
from finale_sim.kernel.trial import Step
from finale_sim.render.keeping import kept
from finale_sim.story import Story

__all__ = ["observation", "timeline", "worth_telling"]

_MOST_LINES = 48
_LONGEST_ROUND, _MOST_ALIKE = 60, 2  # in lines; so many rounds that are alike are shown


@dataclass(frozen=True, slots=True)
class _Line:
    at_s: float
    text: str
    marked: bool = False  # never left out
    kind: tuple[object, ...] = ()  # equal if what happens is the same, later


def timeline(story: Story, *, steps: tuple[int, int] | None = None, most_lines: int = _MOST_LINES) -> str:
    """One line per stretch of steps of one task, and one per observation; ``»`` marks a deviation, ``·`` an observation.

    Where there are more than ``most_lines``, stretches far from any deviation or ending are left out, and counted.
    With ``steps`` only the steps from the first to the second number are told.
    """
    first, last = steps or (0, len(story.trial.trace))
    lines = list(_lines(story, [step for step in story.trial.trace if first <= step.number <= last]))
    if story.trial.livelock is not None:
        lines = list(_rounds_folded(lines))
    shown_lines = kept(len(lines), {at for at, line in enumerate(lines) if line.marked}, most_lines)
    text, last_s, left_out = [], -1.0, 0
    for at, line in enumerate(lines):
        if at not in shown_lines:
            left_out += 1
            continue
        if left_out:
            text.append(f"{'':>10}  … {left_out} more …")
            left_out = 0
        stamp = f"{line.at_s:>8.3f} s" if line.at_s != last_s and not line.text.startswith("…") else ""
        text.append(f"{stamp:>10}  {line.text}")
        last_s = line.at_s
    return "\n".join(text)


def _lines(story: Story, trace: Sequence[Step]) -> Iterator[_Line]:
    entries = [entry for entry in story.entries if entry.what is not What.EVENT or worth_telling(entry)]
    stretch: list[Step] = []
    for step in trace:
        seen = [entry for entry in entries if entry.step == step.number and not step.path.startswith("~")]
        deviates = step.choice is not None and step.choice.answer > 0
        if stretch and (deviates or step.path != stretch[-1].path or step.now_s != stretch[-1].now_s):
            yield _stretch(stretch)
            stretch = []
        stretch.append(step)
        if seen:
            yield _stretch(stretch)
            stretch = []
            yield from (_observation(entry) for entry in seen)
    if stretch:
        yield _stretch(stretch)


def _stretch(steps: Sequence[Step]) -> _Line:
    first, last = steps[0], steps[-1]
    deviates = first.choice is not None and first.choice.answer > 0
    if first.path.startswith("~"):
        who = {TIMER: "time"}.get(first.path, first.path.removeprefix("~"))
    else:
        who = f"{first.path} {f'steps {first.n}–{last.n}' if last.n > first.n else f'step {first.n}'}"
    then = f" → {last.waiting_on}" if last.waiting_on else ""
    kind = (first.path, len(steps), last.waiting_on)
    return _Line(first.now_s, f"{'»' if deviates else ' '} {who}{then}", deviates or first.path == CALM, kind)


def _rounds_folded(lines: Sequence[_Line]) -> Iterator[_Line]:
    """Of rounds that follow each other the first, and how often it comes again."""
    at = 0
    while at < len(lines):
        size, times = max(((size, _times(lines, at, size)) for size in range(1, _LONGEST_ROUND + 1)), key=lambda found: found[1])
        if times <= _MOST_ALIKE:
            yield lines[at]
            at += 1
            continue
        yield from lines[at : at + size]
        yield _Line(lines[at].at_s, f"… the same {'once' if times == 2 else f'{times - 1:,} times'} more …", marked=True)
        at += size * times


def _times(lines: Sequence[_Line], at: int, size: int) -> int:
    """How often the lines from here on come again at once, themselves included."""
    end = at
    while end < len(lines) and (line := lines[end]).kind and not line.marked and line.kind == lines[at + (end - at) % size].kind:
        end += 1
    return (end - at) // size


def worth_telling(entry: Entry) -> bool:
    """Of what subscribers get, the endings that the witness sees, and gaps."""
    return (entry.who == "witness" and isinstance(entry.detail, RunComplete)) or isinstance(entry.detail, Gap)


def observation(entry: Entry) -> str:
    """What an observer saw, in a line."""
    subject = " ".join(part for part in (entry.run_id, f"({entry.session})" if entry.session else "") if part)
    return f"{entry.who} {entry.what} {subject}".rstrip() + _detail(entry.detail)


def _observation(entry: Entry) -> _Line:
    return _Line(
        entry.at_s,
        f"    · {observation(entry)}",
        marked=isinstance(entry.detail, RunComplete) or entry.what in (What.CANCEL, What.OUTSIDE, What.CLOSE),
    )


def _detail(detail: Any) -> str:
    if detail is None:
        return ""
    if isinstance(detail, RunComplete):
        return f": {detail.status}" + (f", {shown(detail.text, 40)}" if detail.text is not None else "")
    if isinstance(detail, tuple) and len(detail) == 2 and isinstance(detail[1], SessionView):
        return f": the run is {detail[0]}, {_session(detail[1])}"
    if isinstance(detail, Gap):
        return f": a gap of {detail.dropped}"
    if isinstance(detail, Progress):
        return f": {shown(detail.payload, 40)}"
    return f": {shown(detail, 60)}"


def _session(view: SessionView) -> str:
    active = f"{view.active.run_id} is active" if view.active is not None else "busy" if view.busy else "idle"
    return f"its session: {active}" + (f", {len(view.queue)} waiting" if view.queue else "")
