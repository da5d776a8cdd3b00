"""The timeline of a trial, as text: who took which steps when, what was seen, and where a choice deviated."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from finale import Gap, Progress, RunComplete, SessionView
from finale_sim.history import Entry, What
from finale_sim.kernel.tracing import CALM, TIMER
from finale_sim.kernel.trial import Step
from finale_sim.story import Story

__all__ = ["timeline"]

_MOST_LINES = 48


@dataclass(frozen=True, slots=True)
class _Line:
    at_s: float
    text: str
    marked: bool = False  # never left out


def timeline(story: Story, *, most_lines: int = _MOST_LINES) -> str:
    """One line per stretch of steps of one task, and one per observation; ``»`` marks a deviation, ``·`` an observation.

    Where there are more than ``most_lines``, stretches far from any deviation or ending are left out, and counted.
    """
    lines = list(_lines(story))
    kept = _kept(lines, most_lines)
    text, last_s, left_out = [], -1.0, 0
    for at, line in enumerate(lines):
        if at not in kept:
            left_out += 1
            continue
        if left_out:
            text.append(f"{'':>10}  … {left_out} more …")
            left_out = 0
        stamp = f"{line.at_s:>8.3f} s" if line.at_s != last_s else ""
        text.append(f"{stamp:>10}  {line.text}")
        last_s = line.at_s
    return "\n".join(text)


def _kept(lines: Sequence[_Line], most: int) -> set[int]:
    if len(lines) <= most:
        return set(range(len(lines)))
    kept = {at for at, line in enumerate(lines) if line.marked}
    kept |= set(range(len(lines) - 6, len(lines)))
    for distance in range(1, len(lines)):
        near = {at + offset for at in tuple(kept) for offset in (-distance, distance)} & set(range(len(lines)))
        if len(kept | near) > most:
            break
        kept |= near
    return kept


def _lines(story: Story) -> Iterator[_Line]:
    entries = [entry for entry in story.entries if entry.what is not What.EVENT or _worth_telling(entry)]
    stretch: list[Step] = []
    for step in story.trial.trace:
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
    return _Line(first.now_s, f"{'»' if deviates else ' '} {who}{then}", marked=deviates or first.path == CALM)


def _worth_telling(entry: Entry) -> bool:
    return (entry.who == "witness" and isinstance(entry.detail, RunComplete)) or isinstance(entry.detail, Gap)


def _observation(entry: Entry) -> _Line:
    subject = " ".join(part for part in (entry.run_id, f"({entry.session})" if entry.session else "") if part)
    text = f"    · {entry.who} {entry.what} {subject}".rstrip() + _detail(entry.detail)
    return _Line(
        entry.at_s, text, marked=isinstance(entry.detail, RunComplete) or entry.what in (What.CANCEL, What.OUTSIDE, What.CLOSE)
    )


def _detail(detail: Any) -> str:
    if detail is None:
        return ""
    if isinstance(detail, RunComplete):
        return f": {detail.status}" + (f", {_short(detail.text, 40)}" if detail.text is not None else "")
    if isinstance(detail, tuple) and len(detail) == 2 and isinstance(detail[1], SessionView):
        return f": the run is {detail[0]}, {_session(detail[1])}"
    if isinstance(detail, Gap):
        return f": a gap of {detail.dropped}"
    if isinstance(detail, Progress):
        return f": {_short(detail.payload, 40)}"
    return f": {_short(detail, 60)}"


def _session(view: SessionView) -> str:
    active = f"{view.active.run_id} is active" if view.active is not None else "busy" if view.busy else "idle"
    return f"its session: {active}" + (f", {len(view.queue)} waiting" if view.queue else "")


def _short(value: object, most: int) -> str:
    """The beginning of ``repr(value)`` on one line, whatever somebody else's ``__repr__`` does."""
    try:
        text = repr(value)
    except Exception:  # noqa: BLE001  # it may raise anything
        text = f"<{type(value).__name__} without a repr>"
    return "".join(character if character.isprintable() else " " for character in text[:most])
