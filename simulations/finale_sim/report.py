"""The report of a search: what was looked at, what it says, and, if something failed, how, told in full."""

from dataclasses import dataclass
from typing import Any

from finale_sim.feasibility import Feasibility
from finale_sim.kernel import Conditions
from finale_sim.render import in_words, timeline
from finale_sim.search import Search
from finale_sim.shrink import Shrunk
from finale_sim.story import Story
from finale_sim.token import Token, encode, program_key
from finale_sim.verdict import Truncated, Verdict, Violated

__all__ = ["Counterexample", "Report"]


@dataclass(frozen=True, slots=True)
class Counterexample:
    """A failing trial, shrunk. ``minimal``: every stream with fewer deviations was tried and holds."""

    program: str
    conditions: Conditions
    story: Story
    found_with: int  #: deviations before shrinking
    shrunk: Shrunk
    minimal: bool
    feasibility: Feasibility | None = None  #: how far from stock trio it is; None if a Ctrl-C came before that was known

    @property
    def deviations(self) -> int:
        """How many choices deviate from the happy path."""
        return len(self.story.attempt.deviations)

    @property
    def token(self) -> str:
        """The line that replays the trial."""
        pairs = tuple((choice.site.key, choice.answer) for choice in self.story.attempt.deviations)
        return encode(Token(program_key(self.program), self.story.attempt.digest & 0xFFFFFFFF, pairs, self.conditions.code))

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
    unstable: str | None = None  #: why a failure is not believed: it does not come out twice in the same way

    @property
    def verdict(self) -> Verdict:
        """The conclusion."""
        if self.unstable is not None:
            return Truncated(self.unstable)
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
            "discarded": self.search.discarded,
            "cancels": {"points": self.search.cancel_points, "tried": len(self.search.cancelled)},
            "token": self.token,
            "deviations": self.counterexample.deviations if self.counterexample else None,
            "feasibility": feasibility.as_dict() if feasibility else None,
            "seconds": round(self.seconds, 3),
        }
