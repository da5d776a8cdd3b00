"""What happened, in words: one sentence per deviation."""

from finale_sim.choices import Choice, Kind, Site
from finale_sim.kernel.trial import Step
from finale_sim.story import Story

__all__ = ["in_words"]


def in_words(story: Story) -> list[str]:
    """A sentence for each choice that was not the plainest one, in the order in which they came up."""
    picked_by = {step.choice.site: step for step in story.trial.trace if step.choice is not None}
    return [_sentence(choice, picked_by.get(choice.site), story) for choice in story.attempt.deviations]


def _sentence(choice: Choice, step: Step | None, story: Story) -> str:
    pick = story.picks.get(choice.site.key)
    if pick is not None:
        return pick
    site = choice.site
    if step is not None and site.kind is Kind.TIE and choice.answer == len(step.options):
        return f"at {step.now_s:g} s: a task takes a step before the timer of {step.options[0]}, which is due, fires"
    if step is None or len(step.options) <= choice.answer:
        return f"{site.label or site}: option {choice.answer} of {choice.options - 1}, asked by {site.path}"
    return _picked(site, step, step.options[choice.answer])


def _picked(site: Site, step: Step, chosen: str) -> str:
    plain = step.options[0]
    if site.kind is Kind.TIE:
        return f"at {step.now_s:g} s, with several timers due: {chosen} comes before {plain}"
    if site.kind is Kind.CANCEL:
        return f"before step {site.n} of {site.path}: {chosen} is cancelled"
    if site.kind is Kind.SCHEDULE:
        waits = "goes on" if plain == site.path else "comes first"
        return f"after step {site.n} of {site.path}: {chosen} takes the next step; left alone, {plain} {waits}"
    if site.kind is Kind.JUMP:
        return f"after step {site.n} of {site.path}: time passes {site.label}, although tasks could go on"
    return f"{site.label}: {chosen}"
