"""Feasibility: how far the schedule of a failure is from those of stock trio, and what it needs to come about there.

The failure is searched for again on each lower rung of the ladder, from the bottom. The first rung that has it is its label,
and the trial there takes the place of the one that was found.
"""

from dataclasses import dataclass, replace
from typing import Any

from finale_sim.choices import Choice, Kind
from finale_sim.failure.delays import Hold, find_holds
from finale_sim.kernel import Fidelity
from finale_sim.kernel.lanes import INIT
from finale_sim.program import PlainProgram, Program
from finale_sim.search import Attempt, RunTrial, Sweep, following
from finale_sim.shrink import Shrunk, same_claim, shrink
from finale_sim.story import Story
from finale_sim.wording import counted

__all__ = ["Feasibility", "Labelled", "Tried", "label"]

_TRIALS = 300  # on each rung
_STEPS = 60_000  # the same for programs with long trials; a second or two
_TIMING = (Kind.SCHEDULE, Kind.TIE, Kind.JUMP)  # what stock trio can be brought to do by delays


@dataclass(frozen=True, slots=True)
class Tried:
    """A rung without the failure. ``exhausted``: every trial of it was tried, so it can't happen there."""

    rung: Fidelity
    trials: int
    exhausted: bool

    def __str__(self) -> str:
        name = self.rung.word
        if self.exhausted:
            return f"cannot happen on rung {name}: every schedule of it was tried"
        return f"not found on rung {name} in {counted(self.trials, 'trial')}"


@dataclass(frozen=True, slots=True)
class Feasibility:
    """What a failure needs.

    ``holds`` bring it about on stock trio; if ``reliable``, in whatever order trio moves its tasks. None: not looked for, where
    ``unsought`` may say why.
    """

    rung: Fidelity
    below: tuple[Tried, ...]
    misfortunes: tuple[str, ...]
    holds: tuple[Hold, ...] | None
    reliable: bool = True
    unsought: str = ""

    @property
    def grade(self) -> str:
        """The label, in words."""
        place = f" at {self.holds[0].place}" if self.holds else ""
        match self.rung:
            case Fidelity.ROUNDS:
                needs = "feasible on stock trio"
            case Fidelity.STEP:
                needs = f"needs a delay{place}"
            case Fidelity.TIES:
                needs = "needs timers at the same instant to fire in another order"
            case Fidelity.FREE:
                needs = "needs a slow machine"
        return "; ".join([needs, *(f"needs {misfortune}" for misfortune in self.misfortunes)])

    @property
    def lines(self) -> list[str]:
        """All of it, for a report."""
        text = [f"Rung    {self.rung.word}: {self.grade}", *(f"        {tried}" for tried in self.below)]
        if self.holds is not None:
            text += [f"Delay   {hold}" for hold in self.holds] or ["Delay   none found: none that was tried does it"]
        if self.unsought:
            text.append(f"Delay   not looked for: {self.unsought}")
        return text if self.reliable else [*text, "        not in every order in which trio may move its tasks"]

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "rung": self.rung.word,
            "grade": self.grade,
            "below": [{"rung": tried.rung.word, "trials": tried.trials, "exhausted": tried.exhausted} for tried in self.below],
            "delays": [str(hold.delay) for hold in self.holds or ()],
        }


@dataclass(frozen=True, slots=True)
class Labelled:
    """A failure, shrunk and told, on the lowest rung that has it. ``feasibility`` is None as long as nobody looked."""

    program: Program
    story: Story
    shrunk: Shrunk
    minimal: bool
    feasibility: Feasibility | None = None


def label(found: Labelled) -> Labelled:
    """The same failure, on the lowest rung that has it, with at most 300 trials on each, and 300 more to find a delay."""
    below: list[Tried] = []
    for rung in Fidelity:
        if rung >= found.program.conditions.fidelity:
            break
        program = found.program.under(replace(found.program.conditions, fidelity=rung))
        lower = _sweep(program.attempt, found.shrunk.attempt, rung)
        if isinstance(lower, Tried):
            below.append(lower)
            continue
        story = program.tell(following({c.site.key: c.answer for c in lower.attempt.deviations}))
        if story.attempt.digest == lower.attempt.digest:
            found = Labelled(program, story, replace(lower, others=found.shrunk.others), lower.minimal)
            break
    return replace(found, feasibility=_feasibility(found, tuple(below)))


def _feasibility(found: Labelled, below: tuple[Tried, ...]) -> Feasibility:
    rung = found.program.conditions.fidelity
    needed = tuple(filter(None, map(_needed, found.story.attempt.deviations)))
    if rung is Fidelity.ROUNDS or not isinstance(found.program, PlainProgram):
        return Feasibility(rung, below, needed, None)
    if found.story.trial.restarted:
        return Feasibility(rung, below, needed, None, unsought="stock trio starts nothing after the program")
    if _misfortunes(found.story.attempt):
        return Feasibility(rung, below, needed, None)
    return Feasibility(rung, below, needed, *find_holds(found.program, found.story))


def _misfortunes(attempt: Attempt) -> int:
    """How often the outside world did not behave. A failure that needs it more often than before is another failure."""
    return sum(choice.site.kind not in _TIMING for choice in attempt.deviations)


def _needed(choice: Choice) -> str | None:
    """What the outside world has to do, if that is what was chosen."""
    site = choice.site
    match site.kind:
        case Kind.FAULT:
            return f"fault {site.label or site}"
        case Kind.CANCEL:
            return f"a cancel before step {site.n} of {site.path}"
        case Kind.CRASH:
            return f"a kill after step {site.n} of {site.path}" if site.path != INIT else "a kill before its first step"
    return None


def _sweep(run: RunTrial, failure: Attempt, rung: Fidelity) -> Shrunk | Tried:
    """The failure with the fewest deviations on this rung; or the very same deviations, if these do it here as well."""
    sweep = Sweep()
    trials = steps = incomplete = 0
    while trials < _TRIALS and steps < _STEPS and (decide := sweep.next()) is not None:
        attempt = run(decide)
        sweep.learn(attempt)
        trials, steps, incomplete = trials + 1, steps + attempt.steps, incomplete + (not attempt.complete)
        if same_claim(attempt, failure) and _misfortunes(attempt) <= _misfortunes(failure):
            return Shrunk(attempt, 0, settled=True, minimal=not incomplete)  # those with fewer deviations came before
    exhausted = sweep.exhausted and not incomplete
    if not exhausted and same_claim(attempt := run(following({c.site.key: c.answer for c in failure.deviations})), failure):
        return shrink(run, attempt, limit=_TRIALS)
    return Tried(rung, trials, exhausted)
