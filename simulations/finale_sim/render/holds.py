"""Schedules in words: who was held where, until whom had run. Neighbouring deviations that hold the same task are one hold."""

import re
from collections import Counter
from collections.abc import Sequence

from finale_sim.choices import Kind, Site
from finale_sim.kernel.tracing import PROCESS
from finale_sim.kernel.trial import Step
from finale_sim.wording import counted

__all__ = ["holds", "place"]

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
        end = next((later for later in range(at, len(trace)) if trace[later].path in (held, PROCESS)), len(trace))
        until[held] = end
        told[choice.site] = _sentence(trace, at, end)
    return told


def _sentence(trace: Sequence[Step], at: int, end: int) -> str:
    held = trace[at].options[0]
    before = next((step for step in reversed(trace[:at]) if step.path == held), None)
    where = f"{held} before its first step" if before is None else f"{held} at checkpoint {before.n}{place(before)}"
    ran = Counter(step.path for step in trace[at:end] if not step.path.startswith("~"))
    steps = {path: counted(count, "step") for path, count in ran.items()}
    if end < len(trace) and trace[end].path == held:
        return f"hold {where} until {' and '.join(f'{path} has run {many}' for path, many in steps.items())}"
    meanwhile = " and ".join(f"{path} runs {many}" for path, many in steps.items())
    then = "process is killed" if end < len(trace) else "trial is over"
    return f"hold {where}: {meanwhile or 'nobody runs'}, and then the {then}"


def place(step: Step, frames: slice = slice(-1, None)) -> str:
    """`` (file:line, in what it waits for)``, as far as that is known of a task after this step; of its lines, these."""
    lines = [line.group(1) for frame in step.stack[frames] if (line := _PLACE.search(frame))]
    parts = [" → ".join(lines)] if lines else []
    if step.waiting_on and step.waiting_on != "ended":
        parts.append(f"in {step.waiting_on}")
    return f" ({', '.join(parts)})" if parts else ""
