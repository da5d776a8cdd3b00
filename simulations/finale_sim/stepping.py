"""A person as the strategy: walk through a trial choice by choice, look, go back, try something else.

Nothing is suspended between two choices. What was chosen so far is run again from the start, with 0 behind it; trials are
deterministic, so that is the same as having stopped there, and going back or forking costs no more than going on.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from finale.drawing import Picture
from finale.drawing.tables import block
from finale_sim.choices import Choice, Decide, Kind, Site
from finale_sim.kernel import heard
from finale_sim.kernel.trial import Step
from finale_sim.program import Program
from finale_sim.render import in_words, trial_picture
from finale_sim.story import Story
from finale_sim.token import Token, encode, program_key
from finale_sim.wording import counted

__all__ = ["Option", "Stepping", "stepping"]

_MOST_OPTIONS = 12  # that are told in words; each may take a trial


@dataclass(frozen=True, slots=True)
class Option:
    """One possible answer to the choice at which a walk stands."""

    index: int
    text: str

    def __str__(self) -> str:
        return f"{self.index:>3}  {self.text}"


class Stepping:
    """A trial that stands at a choice. ``answers`` are the choices taken so far; everything else follows from them."""

    def __init__(self, program: Program, answers: Sequence[int] = ()) -> None:
        self._program = program
        self._take(tuple(answers))

    def _take(self, answers: tuple[int, ...]) -> None:
        self._story = self._told(answers)
        self.answers = answers[: len(self._story.attempt.choices)]
        self._options: tuple[Option, ...] | None = None

    def _told(self, answers: Sequence[int]) -> Story:
        with heard():
            return self._program.tell(_answering(answers))

    @property
    def story(self) -> Story:
        """The trial that comes of it if all further choices are 0."""
        return self._story

    @property
    def choice(self) -> Choice | None:
        """The choice that is to be made, with where it comes up; None if the trial is over."""
        made = self._story.attempt.choices
        return made[len(self.answers)] if len(self.answers) < len(made) else None

    @property
    def options(self) -> tuple[Option, ...]:
        """What can be chosen here; 0 is the least surprising. Empty if the trial is over."""
        if self._options is None:
            self._options = tuple(self._described())
        return self._options

    @property
    def token(self) -> str:
        """The line that replays the trial as it is, with 0 for all further choices."""
        attempt = self._story.attempt
        pairs = tuple((choice.site.key, choice.answer) for choice in attempt.deviations)
        return encode(Token(program_key(self._program.name), attempt.digest & 0xFFFFFFFF, pairs, self._program.conditions.code))

    def choose(self, *indexes: int) -> "Stepping":
        """Take these options, one after another, and stand at the choice behind them. Without any: option 0.

        Raises:
            ValueError: there is no such option, or the trial is over. What came before it in this call is taken.
        """
        for index in indexes or (0,):
            choice = self.choice
            if choice is None:
                made = counted(len(self.answers), "choice")
                raise ValueError(f"the trial is over after {made}; back() takes the last one back")
            if not 0 <= index < choice.options:
                raise ValueError(f"{index} is no option here; there are 0 to {choice.options - 1}")
            self._take((*self.answers, index))
        return self

    def back(self, choices: int = 1) -> "Stepping":
        """Take back the last so many choices; all of them if there are fewer."""
        self._take(self.answers[: max(len(self.answers) - choices, 0)])
        return self

    def fork(self, at: int | None = None) -> "Stepping":
        """Another walk which has made the same choices, or the first ``at`` of them. This one stays where it is."""
        return Stepping(self._program, self.answers[:at])

    def timeline(self) -> Picture:
        """The steps taken so far; what would come is folded into one column."""
        return trial_picture(self._story, steps=(1, self._here()))

    def __str__(self) -> str:
        attempt, choice = self._story.attempt, self.choice
        if attempt.breach is not None:
            end = f"violated: {attempt.breach.claim!r}"
        else:
            end = f"undecided: {attempt.undecided}" if attempt.undecided else "it holds"
        if choice is None:
            size = f"{counted(len(self.answers), 'choice')}, {counted(self._story.trial.steps, 'step')}"
            return f"The trial is over after {size}: {end}\nToken  {self.token}"
        more = choice.options - len(self.options)
        return "\n".join(
            [
                f"Choice {len(self.answers) + 1}, behind step {self._here()}: {_asks(choice.site)}",
                *(str(option) for option in self.options),
                *([f"     … {more} more"] if more else []),
                f"With 0 from here on: {end}",
            ]
        )

    def __repr__(self) -> str:
        return str(self)

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        return {"text/plain": str(self), "text/html": block(str(self)) + self.timeline().html}

    def _here(self) -> int:
        """The last step that the choices made so far have determined."""
        trace, choice = self._story.trial.trace, self.choice
        if choice is None:
            return trace[-1].number if trace else 0
        for step in trace:
            if step.choice is not None and step.choice.site == choice.site:
                return step.number if step.path.startswith("~") else step.number - 1
            if any(asked.site == choice.site for asked in step.asked):
                return step.number
        asking = (step.number for step in trace if step.path == choice.site.path and step.n == choice.site.n)
        if choice.site.kind is Kind.CRASH:
            return next(asking, 0)  # behind a step, or before all
        return next(asking, trace[-1].number) - (choice.site.kind is Kind.CANCEL)  # asked before a step; a jump, after one

    def _described(self) -> Iterator[Option]:
        choice = self.choice
        if choice is None:
            return
        step = next(
            (step for step in self._story.trial.trace if step.choice is not None and step.choice.site == choice.site), None
        )
        for index in range(min(choice.options, _MOST_OPTIONS)):
            if choice.site.kind is Kind.SCHEDULE and step is not None:
                yield Option(index, self._turn(step.options[index], step.number))
            elif index == 0:
                yield Option(0, "nothing special")
            else:
                yield Option(index, self._tried(index))

    def _turn(self, path: str, before: int) -> str:
        """Whose step it would be, and from where that task goes on."""
        taken = [step for step in self._story.trial.trace if step.path == path and step.number < before]
        where = f", from {_place(taken[-1])}" if taken and taken[-1].stack else ""
        return f"{path} takes its step {taken[-1].n + 1 if taken else 1}{where}"

    def _tried(self, index: int) -> str:
        """What an option means is told by the trial that takes it."""
        told = in_words(self._told((*self.answers, index)))
        return told[sum(bool(answer) for answer in self.answers)] if len(told) > sum(map(bool, self.answers)) else told[-1]


def stepping(program: Program, decide: Decide | None = None) -> Stepping:
    """A walk through a program, from its start; with ``decide``, from the end of that trial, from where one can go back."""
    if decide is None:
        return Stepping(program)
    return Stepping(program, [choice.answer for choice in program.tell(decide).attempt.choices])


def _answering(answers: Sequence[int]) -> Decide:
    given = iter(answers)

    def decide(site: Site, options: int) -> int:
        return min(next(given, 0), options - 1)

    return decide


def _asks(site: Site) -> str:
    match site.kind:
        case Kind.SCHEDULE:
            return "who takes the next step?"
        case Kind.TIE:
            return "several timers are due; which fires first?"
        case Kind.CANCEL:
            return f"is a scope cancelled before step {site.n} of {site.path}?"
        case Kind.CRASH:
            return "is the process killed here?"
        case Kind.JUMP:
            return "does time pass, although tasks can go on?"
        case _:
            return f"{site.label or site.kind.name.lower()}, asked by {site.path}"


def _place(step: Step) -> str:
    """``file.py:line: source`` of where a task stands, without the folder."""
    where, _, source = step.stack[-1].partition(" in ")
    return f"{where.rpartition('/')[2]}: {source.partition(': ')[2]}".removesuffix(": ")
