"""Schedules in words: who was held where, until whom had run. Neighbouring deviations that hold the same task are one hold."""

import re
from collections import Counter
from collections.abc import Sequence

from finale_sim.choices import Kind, Site
from finale_sim.kernel.trial import Step

__all__ = ["holds"]

_PLACE = re.compile(r"([^/\\]+:\d+) in ")


def holds(trace: Sequence[Step]) -> dict[Site, str]:
    """A sentence for the first deviation of each hold, and "" for those that belong to a hold told before."""
    told: dict[Site, str] = {}
    until: dict[str, int] = {}  # held task → the step, as an index, with which its hold ends
    for at, step in enumerate(trace):
        choice = step.choice
        if choice is None or choice.site.kind is not Kind.SCHEDULE or not choice.answer:
            continue
        held = step.options[0]
        if at < until.get(held, 0):
            told[choice.site] = ""
            continue
        end = next((later for later in range(at, len(trace)) if trace[later].path == held), len(trace))
        until[held] = end
        told[choice.site] = _sentence(trace, at, end)
    return told


def _sentence(trace: Sequence[Step], at: int, end: int) -> str:
    held = trace[at].options[0]
    before = next((step for step in reversed(trace[:at]) if step.path == held), None)
    where = f"{held} before its first step" if before is None else f"{held} at checkpoint {before.n}{_place(before)}"
    ran = Counter(step.path for step in trace[at:end] if not step.path.startswith("~"))
    steps = {path: f"{count} step{'s' * (count != 1)}" for path, count in ran.items()}
    if end < len(trace):
        return f"hold {where} until {' and '.join(f'{path} has run {many}' for path, many in steps.items())}"
    return f"hold {where}: {' and '.join(f'{path} runs {many}' for path, many in steps.items())}, and then the trial is over"


def _place(step: Step) -> str:
    line = _PLACE.search(step.stack[-1]) if step.stack else None
    parts = [line.group(1)] if line else []
    if step.waiting_on:
        parts.append(f"in {step.waiting_on}")
    return f" ({', '.join(parts)})" if parts else ""
