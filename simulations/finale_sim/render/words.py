"""What happened, in words: a sentence per deviation, or per hold where several deviations hold one task."""

from finale_sim.choices import Choice, Kind, Site
from finale_sim.kernel.lanes import AFTER
from finale_sim.kernel.trial import Step
from finale_sim.render.holds import holds, place
from finale_sim.story import Story

__all__ = ["in_words"]


def in_words(story: Story) -> list[str]:
    """What was not the plainest choice, in the order in which it came up. A hold of several deviations says which."""
    picked_by = {step.choice.site: step for step in story.trial.trace if step.choice is not None}
    held = holds(story.trial.trace)
    sentences: list[list[str]] = []
    for number, choice in enumerate(story.attempt.deviations, 1):
        told = held.get(choice.site)
        if told == "" and sentences:
            sentences[-1].append(str(number))
        else:
            sentences.append([told or _sentence(choice, picked_by.get(choice.site), story), str(number)])
    return [told if len(numbers) == 1 else f"{told} (deviations {', '.join(numbers)})" for told, *numbers in sentences]


def _sentence(choice: Choice, step: Step | None, story: Story) -> str:
    pick = story.picks.get(choice.site.key)
    if pick is not None:
        return pick
    site = choice.site
    if step is not None and site.kind is Kind.CRASH:
        return f"kill the process {_killed(step, story)}, and start {AFTER}"
    if step is not None and site.kind is Kind.TIE and choice.answer == len(step.options):
        return f"at {step.now_s:g} s: a task takes a step before the timer of {step.options[0]}, which is due, fires"
    if step is None or len(step.options) <= choice.answer:
        return f"{site.label or site}: option {choice.answer} of {choice.options - 1}, asked by {site.path}"
    return _picked(site, step, step.options[choice.answer])


def _killed(kill: Step, story: Story) -> str:
    trace = story.trial.trace
    before = next((step for step in reversed(trace[: trace.index(kill)]) if not step.path.startswith("~")), None)
    if before is None:
        return "before its first step"
    return f"after step {before.n} of {before.path}{', its last' * (before.waiting_on == 'ended')}{place(before, slice(None))}"


def _picked(site: Site, step: Step, chosen: str) -> str:
    plain = step.options[0]
    if site.kind is Kind.TIE:
        return f"at {step.now_s:g} s, with several timers due: {chosen} comes before {plain}"
    if site.kind is Kind.CANCEL:
        return f"before step {site.n} of {site.path}: {chosen} is cancelled"
    if site.kind is Kind.JUMP:
        return f"after step {site.n} of {site.path}: time passes {site.label}, although tasks could go on"
    return f"{site.label}: {chosen}"
