"""The report of a search: what was looked at, what it says, and, if something failed, how, told in full."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from finale_sim.failure.curve import Point, curve
from finale_sim.failure.feasibility import Feasibility
from finale_sim.failure.nearest import Nearest, where_they_part
from finale_sim.failure.regression import Case, write_test
from finale_sim.kernel import Conditions
from finale_sim.render import in_words, timeline
from finale_sim.search import Attempt, RunTrial, Search
from finale_sim.shrink import Shrunk
from finale_sim.story import Story
from finale_sim.token import Token, encode, program_key
from finale_sim.verdict import NotReproducible, Truncated, Verdict, Violated

__all__ = ["Counterexample", "Report"]


@dataclass(frozen=True, slots=True)
class Counterexample:
    """A failing trial, shrunk. ``minimal``: every stream with fewer deviations was tried, and none breaks this claim."""

    program: str
    conditions: Conditions
    story: Story
    found_with: int  #: deviations before shrinking
    shrunk: Shrunk
    minimal: bool
    feasibility: Feasibility | None = None  #: how far from stock trio it is; None if a Ctrl-C came before that was known
    nearest: Nearest | None = None  #: a trial that holds, and differs from this one by as little as possible
    nearest_story: Story | None = None
    reruns: tuple[str, ...] = ()  #: where it was run again and came out the same, or why it was not
    run: RunTrial | None = field(default=None, repr=False, compare=False)  #: runs a trial of the same program

    @property
    def deviations(self) -> int:
        """How many choices deviate from the happy path."""
        return len(self.story.attempt.deviations)

    @property
    def token(self) -> str:
        """The line that replays the trial."""
        return self._token_of(self.story.attempt)

    @property
    def others(self) -> dict[str, str]:
        """Claims that other trials broke while this one was shrunk, each with a token."""
        return {attempt.breach.claim: self._token_of(attempt) for attempt in self.shrunk.others if attempt.breach is not None}

    @property
    def passing(self) -> str | None:
        """The nearest passing trial in a sentence, with the step at which the two part; None if none was found."""
        if self.nearest is None or self.nearest_story is None:
            return None
        parted = where_they_part(self.story.trial.trace, self.nearest_story.trial.trace)
        where = ""
        if parted is not None:
            here, there = parted
            where = f"; they part at step {here.number} ({here.now_s:g} s): here {here.turn}, there {there.turn}"
        return f"the same trial {self.nearest.change} holds{where}"

    def curve(self, *, samples: int = 20, seed: int = 0) -> tuple[Point, ...]:
        """For each choice of the trial: the share of ``samples`` random futures behind it that break the same claim.

        Where the share jumps, the failure was decided. One seed, one curve. Runs ``samples`` trials per choice.
        """
        assert self.run is not None, "a counterexample of a search can run its program"
        return curve(self.run, self.story.attempt, samples=samples, seed=seed)

    def emit_test(self, file: str | Path, target: str | None = None, *, force: bool = False) -> None:
        """Write a pytest file that fails as long as this failure is there. ``target``: as on the command line.

        Raises:
            FileExistsError: there is such a file, and ``force`` is not set.
        """
        write_test(Path(file), [self.case()], target, force=force)

    def case(self) -> Case:
        """What a regression test is made of."""
        breach = self.story.attempt.breach
        assert breach is not None, "a counterexample breaks a claim"
        return Case(self.program, breach.claim, breach.message, tuple(self.in_words()), self.token)

    def _token_of(self, attempt: Attempt) -> str:
        pairs = tuple((choice.site.key, choice.answer) for choice in attempt.deviations)
        return encode(Token(program_key(self.program), attempt.digest & 0xFFFFFFFF, pairs, self.conditions.code))

    def in_words(self) -> list[str]:
        """A sentence per deviation."""
        return in_words(self.story)

    def timeline(self) -> str:
        """The trial step by step, as text."""
        return timeline(self.story)


@dataclass(frozen=True, slots=True)
class Report:
    """What a search of one program says."""

    program: str
    search: Search
    seconds: float
    counterexample: Counterexample | None = None
    unstable: str | None = None  #: how a trial came out differently when it was run again
    untold: str | None = None  #: why a failure could not be told

    @property
    def verdict(self) -> Verdict:
        """The conclusion."""
        if self.unstable is not None:
            return NotReproducible(self.unstable)
        if self.untold is not None:
            return Truncated(self.untold)
        if self.counterexample is not None and self.counterexample.story.attempt.breach is not None:
            return Violated(self.counterexample.story.attempt.breach)
        return self.search.verdict

    @property
    def token(self) -> str | None:
        """The line that replays the failure, if there is one."""
        return self.counterexample.token if self.counterexample else None

    def as_dict(self) -> dict[str, Any]:
        """For JSON: what scripts need."""
        verdict = self.verdict
        feasibility = self.counterexample.feasibility if self.counterexample else None
        return {
            "program": self.program,
            "verdict": verdict.word,
            "detail": str(verdict),
            "claim": verdict.breach.claim if isinstance(verdict, Violated) else None,
            "message": verdict.breach.message if isinstance(verdict, Violated) else None,
            "trials": self.search.trials,
            "choices": self.search.choices,
            "steps": self.search.steps,
            "swept": max(self.search.swept, 0),
            "endings": dict(self.search.seen),
            "probes": dict(self.search.probes),
            "faults": dict(self.search.struck),
            "late": self.search.late,
            "discarded": self.search.discarded,
            "cancels": {"points": self.search.cancel_points, "tried": len(self.search.cancelled)},
            "token": self.token,
            "deviations": self.counterexample.deviations if self.counterexample else None,
            "feasibility": feasibility.as_dict() if feasibility else None,
            "minimal": self.counterexample.minimal if self.counterexample else None,
            "nearest": self.counterexample.passing if self.counterexample else None,
            "reruns": list(self.counterexample.reruns) if self.counterexample else [],
            "others": self.counterexample.others if self.counterexample else {},
            "seconds": round(self.seconds, 3),
        }
