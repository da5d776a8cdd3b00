"""The report of a search: what was looked at, what it says, and, if something failed, how, told in full."""

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from finale.drawing import Picture
from finale.drawing.tables import Cell, block, table
from finale_sim.coverage.tables import Coverage, covered_by
from finale_sim.failure.curve import curve
from finale_sim.failure.feasibility import Feasibility
from finale_sim.failure.nearest import Nearest, where_they_part
from finale_sim.failure.regression import Case, write_test
from finale_sim.kernel import Conditions
from finale_sim.render import Curve, coverage_picture, in_words, trial_picture, waits_picture
from finale_sim.search import Attempt, RunTrial, Search
from finale_sim.shrink import Shrunk
from finale_sim.story import Story
from finale_sim.token import Token, encode, program_key
from finale_sim.verdict import Exhausted, NotReproducible, Truncated, Verdict, Violated
from finale_sim.wording import counted

__all__ = ["Counterexample", "Report", "failure_told", "indented", "mood", "token_of"]

_MOST_LINES = 40  # of a message; a deadlock of a thousand tasks is told by its first ones


def token_of(program: str, attempt: Attempt, conditions: Conditions) -> str:
    """The line that replays a trial of the program of this name."""
    pairs = tuple((choice.site.key, choice.answer) for choice in attempt.deviations)
    return encode(Token(program_key(program), attempt.digest & 0xFFFFFFFF, pairs, conditions.code))


@dataclass(frozen=True, slots=True, repr=False)
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

    def __str__(self) -> str:
        return f"{failure_told(self)}\nAgain   {_call(self.program, self.token)}"

    def __repr__(self) -> str:
        return f"<Counterexample of {self.program}, {self.token}; print it to read it>"

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        return {"text/plain": str(self), "text/html": self.html}

    @property
    def html(self) -> str:
        """The same as a piece of a page, with pictures: the timeline, and, if it is stuck, who waits for whom."""
        before, after = _told(self)
        stuck = self.waits()
        pictures = self.timeline().html + (f"<br>{stuck.html}" if stuck is not None else "")
        return f"{block(before)}{pictures}{block(f'{after}{chr(10)}Again   {_call(self.program, self.token)}')}"

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

    def curve(self, *, samples: int = 20, seed: int = 0) -> Curve:
        """For each choice of the trial: the share of ``samples`` random futures behind it that break the same claim.

        Where the share jumps, the failure was decided. One seed, one curve. Runs ``samples`` trials per choice.
        """
        assert self.run is not None, "a counterexample of a search can run its program"
        return Curve(curve(self.run, self.story.attempt, samples=samples, seed=seed))

    def emit_test(self, file: str | Path, target: str | None = None, *, crash: str | None = None, force: bool = False) -> None:
        """Write a pytest file that fails as long as this failure is there. ``target`` and ``crash``: as on the command line.

        Raises:
            FileExistsError: there is such a file, and ``force`` is not set.
        """
        write_test(Path(file), [self.case()], target, crash=crash, force=force)

    def case(self) -> Case:
        """What a regression test is made of."""
        breach = self.story.attempt.breach
        assert breach is not None, "a counterexample breaks a claim"
        return Case(self.program, breach.claim, breach.message, tuple(self.in_words()), self.token)

    def _token_of(self, attempt: Attempt) -> str:
        return token_of(self.program, attempt, self.conditions)

    def in_words(self) -> list[str]:
        """A sentence per deviation."""
        return in_words(self.story)

    def timeline(self, *, steps: tuple[int, int] | None = None) -> Picture:
        """The trial step by step: a drawing in a notebook, text where it is printed.

        A long trial is folded around what matters. ``steps``, the first and the last number, zooms in.
        """
        return trial_picture(self.story, steps=steps)

    def waits(self) -> Picture | None:
        """Who waits for whom, if the trial is stuck."""
        return waits_picture(self.story.trial)


@dataclass(frozen=True, slots=True, repr=False)
class Report:
    """What a search of one program says."""

    program: str
    search: Search
    seconds: float
    counterexample: Counterexample | None = None
    unstable: str | None = None  #: how a trial came out differently when it was run again
    untold: str | None = None  #: why a failure could not be told
    within: str = ""  #: what could be chosen at all

    def __str__(self) -> str:
        line = (
            f"{self.program.partition('/')[2]}: {self.verdict} "
            f"({counted(self.search.trials, 'trial')}, {counted(self.search.choices, 'choice')})"
        )
        return line if self.counterexample is None else f"{line}\n\n{self.counterexample}"

    def __repr__(self) -> str:
        return f"<Report on {self.program}: {self.verdict}; print it to read it>"

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        return {"text/plain": str(self), "text/html": self.html}

    @property
    def html(self) -> str:
        """The same as a piece of a page: the verdict with its numbers in a table, and the failure, if there is one."""
        search = self.search
        head = ["program", "trials", "choices", "steps", "verdict"]
        row: list[Cell] = [self.program.partition("/")[2], f"{search.trials:,}", f"{search.choices:,}", f"{search.steps:,}"]
        numbers = table(head, [[*row, (str(self.verdict), mood(self.verdict))]])
        return numbers + (self.counterexample.html if self.counterexample else "")

    @property
    def verdict(self) -> Verdict:
        """The conclusion."""
        if self.unstable is not None:
            return NotReproducible(self.unstable)
        if self.untold is not None:
            return Truncated(self.untold)
        if self.counterexample is not None and self.counterexample.story.attempt.breach is not None:
            return Violated(self.counterexample.story.attempt.breach)
        verdict = self.search.verdict
        return replace(verdict, within=self.within) if isinstance(verdict, Exhausted) else verdict

    @property
    def token(self) -> str | None:
        """The line that replays the failure, if there is one."""
        return self.counterexample.token if self.counterexample else None

    def coverage(self) -> Coverage:
        """What the trials came by, and what not: cancels by checkpoint, faults by place, situations; of a scenario runs.

        And its ``curve``, distinct behaviours over trials: what outsiders of a scenario saw; of a plain program its steps.
        """
        curve = coverage_picture([(self.program.rpartition("/")[2], self.search.novelty.curve())])
        return covered_by(curve, [(self.search.covered, self.search.probes)])

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
            "strategies": dict(self.search.tried),
            "orders": self.search.behaviours.distinct,
            "unseen": self.search.behaviours.unseen,
            "endings": dict(self.search.seen),
            "probes": dict(self.search.probes),
            "faults": dict(self.search.struck),
            "coverage": self.coverage().as_dict(),
            "raised": dict(self.search.raised),
            "late": self.search.late,
            "discarded": self.search.discarded,
            "cancels": {"points": self.search.cancel_points, "tried": len(self.search.cancelled)},
            "crashes": {"points": self.search.crash_points, "tried": len(self.search.crashed)},
            "token": self.token,
            "deviations": self.counterexample.deviations if self.counterexample else None,
            "feasibility": feasibility.as_dict() if feasibility else None,
            "minimal": self.counterexample.minimal if self.counterexample else None,
            "nearest": self.counterexample.passing if self.counterexample else None,
            "reruns": list(self.counterexample.reruns) if self.counterexample else [],
            "others": self.counterexample.others if self.counterexample else {},
            "seconds": round(self.seconds, 3),
        }


def mood(verdict: Verdict) -> str:
    """How a verdict looks in a table: ``good``, ``bad`` or ``unsure``."""
    return {0: "good", 1: "bad"}.get(verdict.exit_code, "unsure")


def failure_told(counterexample: Counterexample) -> str:
    """The claim, what happened in words, the timeline, how far from stock trio it is, and, as the last line, the token."""
    before, after = _told(counterexample)
    return f"{before}\n\nTimeline (» a deviation, · an observation)\n{counterexample.timeline()}\n\n{after}"


def indented(message: str) -> list[str]:
    """The lines of a message, as many as one wants to read."""
    lines = message.splitlines()
    more = [f"… {counted(len(lines) - _MOST_LINES, 'more line')}"] if len(lines) > _MOST_LINES else []
    return [f"  {line}" for line in lines[:_MOST_LINES] + more]


def _told(counterexample: Counterexample) -> tuple[str, str]:
    """What stands before the timeline, and what behind it."""
    breach = counterexample.story.attempt.breach
    assert breach is not None, "a counterexample breaks a claim"
    count, label = counterexample.deviations, counterexample.feasibility
    if count == 0:
        size = "on the happy path, without any deviation"
    else:
        kind = "minimal: no stream with fewer does it" if counterexample.minimal else "locally minimal: no smaller one was found"
        size = f"{counted(count, 'deviation')} from the happy path; {kind}"
    before = [
        f"VIOLATED  {breach.claim!r}",
        *indented(breach.message),
        "",
        f"What happened ({size})",
        *(f"  {number}. {sentence}" for number, sentence in enumerate(counterexample.in_words(), 1)),
    ]
    passing = counterexample.passing
    after = [
        *(label.lines if label else ()),
        *([f"Nearest {passing}"] if passing is not None else []),
        *([f"Same    {'; '.join(counterexample.reruns)}"] if counterexample.reruns else []),
        *(f"Also    {claim!r}: {token}" for claim, token in counterexample.others.items()),
        f"Token   {counterexample.token}",
    ]
    return "\n".join(before), "\n".join(after)


def _call(program: str, token: str) -> str:
    """What replays a trial in Python, as far as the name of the program tells."""
    kind, _, rest = program.partition("/")
    name = rest.rpartition("/")[0] if kind == "check" else rest
    target = "" if kind == "campaign" else f", {name.rpartition('.')[2]}"
    return f'finale_sim.replay("{token}"{target})'
