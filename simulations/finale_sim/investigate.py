"""From a program to a report: search, shrink what fails, make sure that it can be repeated, and tell it."""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import count
from typing import Any, TypeAlias

from finale.drawing import Picture
from finale.drawing.tables import block
from finale_sim.attentive import Attentive
from finale_sim.choices import deviations as deviations_of
from finale_sim.declared import declared_in
from finale_sim.failure.determinism import (
    ELSEWHERE,
    LAYOUTS,
    SAME_PROCESS,
    Difference,
    Rechecked,
    Unstable,
    another_layout,
    differs,
    fails_again,
)
from finale_sim.failure.feasibility import Labelled, label
from finale_sim.failure.nearest import nearest_passing
from finale_sim.failure.regression import Case
from finale_sim.kernel import Conditions
from finale_sim.program import PlainProgram, Program
from finale_sim.render import in_words, trial_picture
from finale_sim.report import Counterexample, Report, indented
from finale_sim.saved import Saved
from finale_sim.search import DEFAULT, EXHAUSTIVE, Alone, Attempt, Crew, OnTrial, RunTrial, Search, following, search
from finale_sim.shrink import Shrunk, same_claim, shrink
from finale_sim.story import Story
from finale_sim.token import BadToken, Token, program_key

__all__ = ["Hire", "Replayed", "as_recorded", "conditions_of", "investigate", "replay_token"]

Hire: TypeAlias = Callable[[Program, Rechecked, int], Crew]
"""Gives the search of a program its crew, which runs the trials as ``Rechecked`` does; an earlier search has taken so many."""


def investigate(
    program: Program,
    *,
    trials: int,
    seed: int = 0,
    deviations: int | None = None,
    strategy: str = DEFAULT,
    on_trial: OnTrial | None = None,
    clock: Callable[[], float] = time.perf_counter,
    hire: Hire | None = None,
    saved: Saved | None = None,
    taken: tuple[Search, float] | None = None,
) -> Report:
    """Search ``program`` with at most ``trials`` trials, plus at most 2,500 for shrinking a failure.

    One of twenty that hold, and each failure, is run again: what does not come out as before is not believed.
    With ``deviations``, every stream with at most so many of them is tried first, and ``trials`` come on top. ``strategy`` is a
    name (``search.NAMED``). ``hire``: who else may run trials. ``saved``: where the search is kept, and goes on from. ``taken``:
    what others have done of it, which is not less than what was kept, and in how many seconds.

    Raises:
        BadSave: what was saved cannot be continued.
        ValueError: there is no such strategy.
    """
    resumed, started = (taken[0], clock() - taken[1]) if taken is not None else (None, clock())
    found: Counterexample | Difference | None = None
    untold: str | None = None
    with Attentive(program.attempt) as attempt:
        resumed = resumed or (saved.search_of(program) if saved is not None else None)
        if strategy == EXHAUSTIVE:
            program.conditions.see_that_orders_can_be_left_out()
            hire = None  # what it learns of a trial, it learns in this process
        crew = (hire or _alone)(program, Rechecked(program, attempt), resumed.trials if resumed is not None else 0)
        watch = _saving(program, saved, on_trial) if saved is not None else on_trial
        state = search(crew, trials=trials, seed=seed, deviations=deviations, strategy=strategy, on_trial=watch, resumed=resumed)
        _name_all(program, state)
        if saved is not None:
            saved.keep(program, state)
        try:
            if state.failure is not None:
                elsewhere = hire is not None or resumed is not None  # is perhaps where it was found
                found = _explain(program, attempt, state, state.failure, elsewhere=elsewhere)
            elif not state.interrupted:
                found = state.ended.difference if isinstance(state.ended, Unstable) else _first_again(program, crew, state)
        except KeyboardInterrupt:
            state.interrupted = True
            untold = "interrupted while a failure was being told" if state.failure is not None else None
        state.interrupted = state.interrupted or attempt.pressed
    if isinstance(found, Difference):
        return Report(program.name, state, clock() - started, unstable=str(found))
    return Report(program.name, state, clock() - started, found, untold=untold, within=str(program.conditions))


def _name_all(program: Program, state: Search) -> None:
    """Probes and faults that the text of the program has, and that no trial came by, are never reached."""
    if isinstance(program, PlainProgram):
        declared = declared_in(program.function)
        state.probes.update(dict.fromkeys(declared.probes, 0))
        state.struck.update(dict.fromkeys(declared.faults, 0))


def _saving(program: Program, saved: Saved, on_trial: OnTrial | None) -> OnTrial:
    def watch(search: Search) -> None:
        saved.on_trial(program, search)
        if on_trial is not None:
            on_trial(search)

    return watch


def _alone(program: Program, run: Rechecked, before: int) -> Crew:
    numbers = count(before + 1)
    return Alone(lambda decide: run(decide, next(numbers)))


def _first_again(program: Program, crew: Crew, state: Search) -> Difference | None:
    """Run the first trial that held again: by now the program has had time to remember something. None if it is as it was."""
    if state.first is None or state.ended is not None:
        return None
    with another_layout(state.trials):
        crew.order(following(deviations_of(state.first.choices)))
        try:
            second = crew.take()
        except Unstable as unstable:
            return unstable.difference
    return differs(program, state.first, second, state.trials)


def _as_here(run: RunTrial, failure: Attempt) -> Attempt:
    """The failure as this process has it, whose messages may name other places; as it was, if it does not come out here."""
    here = run(following(deviations_of(failure.choices)))
    return here if here.digest == failure.digest and same_claim(here, failure) else failure


def _explain(program: Program, run: RunTrial, state: Search, failure: Attempt, *, elsewhere: bool) -> Counterexample | Difference:
    """The failure, shrunk and told; or how it comes out differently when it is run again, here if it was found elsewhere."""
    found_with = len(failure.deviations)
    try:
        state.failure = failure = _as_here(run, failure) if elsewhere else failure
        if failure.late:
            program, run, failure = _briefly(program, run, failure)
        shrunk = shrink(run, failure, swept=state.swept)
    except KeyboardInterrupt:
        shrunk = Shrunk(failure, 0, settled=False, interrupted=True)
    state.interrupted = shrunk.interrupted
    story = _tell(program, shrunk.attempt)
    found = Labelled(program, story, shrunk, shrunk.minimal)
    where = ELSEWHERE if elsewhere and shrunk.attempt is failure else SAME_PROCESS
    nearest, difference = None, differs(program, shrunk.attempt, story.attempt, where=where)
    if not shrunk.interrupted:  # who has pressed Ctrl-C wants to see what there is
        difference = difference or fails_again(program, run, shrunk.attempt)
        if difference is None:
            try:
                found = label(found)
                nearest = nearest_passing(found.program.attempt, found.shrunk.attempt)
            except KeyboardInterrupt:
                state.interrupted = True
    if difference is not None:
        return difference
    return Counterexample(
        program.name,
        found.program.conditions,
        found.story,
        found_with,
        found.shrunk,
        found.minimal,
        found.feasibility,
        nearest=nearest,
        nearest_story=_tell(found.program, nearest.attempt) if nearest is not None else None,
        reruns=() if shrunk.interrupted else (f"in this process, under {LAYOUTS} other memory layouts",),
        run=found.program.attempt,
    )


def _briefly(program: Program, run: RunTrial, failure: Attempt) -> tuple[Program, RunTrial, Attempt]:
    """The same failure under brief conditions, if they have it: a trial that goes on for ever costs as much as it may."""
    brief = program.under(replace(program.conditions, brief=True))
    attempt = brief.attempt(following(deviations_of(failure.choices)))
    return (brief, brief.attempt, attempt) if same_claim(attempt, failure) else (program, run, failure)


def _tell(program: Program, attempt: Attempt) -> Story:
    return program.tell(following(deviations_of(attempt.choices)))


@dataclass(frozen=True, slots=True, repr=False)
class Replayed:
    """A token, replayed. ``drift`` says where the program is not what it was; None if the trial is the recorded one."""

    story: Story
    drift: str | None

    def __str__(self) -> str:
        attempt = self.story.attempt
        lines = [f"DRIFT  {self.drift}"] if self.drift else []
        if attempt.breach is not None:
            lines += [f"VIOLATED  {attempt.breach.claim!r}", *indented(attempt.breach.message)]
        elif attempt.undecided is not None:
            lines.append(f"UNDECIDED  {attempt.undecided}")
        elif not self.drift:
            lines.append("The recorded trial holds: the same steps, and no claim is broken.")
        return "\n".join(lines)

    def __repr__(self) -> str:
        return f"<Replayed: {str(self).splitlines()[0]}>"

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        picture = self.timeline()
        return {"text/plain": f"{self}\n\n{picture}", "text/html": block(str(self)) + picture.html}

    def timeline(self, *, steps: tuple[int, int] | None = None) -> Picture:
        """The trial step by step, as in ``Counterexample.timeline``."""
        return trial_picture(self.story, steps=steps)

    @property
    def exit_code(self) -> int:
        """0 the recorded trial holds, 1 violation, 3 undecided."""
        if self.story.attempt.breach is not None:
            return 1
        return 3 if self.drift or self.story.attempt.undecided else 0

    @property
    def recorded(self) -> bool:
        """Whether the recorded failure is there, step by step."""
        return self.story.attempt.breach is not None and self.drift is None

    def case(self, program: str, token: str) -> Case:
        """What a regression test is made of."""
        breach = self.story.attempt.breach
        assert breach is not None, "only a failure is made a test of"
        return Case(program, breach.claim, breach.message, tuple(in_words(self.story)), token)

    def as_dict(self) -> dict[str, Any]:
        """For JSON: what scripts need."""
        attempt = self.story.attempt
        breach, undecided = attempt.breach, attempt.undecided
        return {
            "verdict": "violated" if breach else "truncated" if undecided else "diverged" if self.drift else "holds",
            "claim": breach.claim if breach else None,
            "message": breach.message if breach else undecided,
            "drift": self.drift,
            "trials": 1,
            "choices": len(attempt.choices),
            "deviations": len(attempt.deviations),
        }


def conditions_of(token: Token) -> Conditions:
    """The conditions of the token.

    Raises:
        BadToken: this version does not know them.
    """
    try:
        return Conditions.of_code(token.conditions)
    except ValueError as error:
        raise BadToken(f"the token was made under conditions that this version does not know: {error}") from error


def as_recorded(program: Program, token: Token) -> Program:
    """The program under the conditions of the token.

    Raises:
        ValueError: the token belongs to another program.
        BadToken: it was made under conditions that this version does not know.
    """
    if token.program != program_key(program.name):
        raise ValueError(f"the token belongs to another program than {program.name!r}")
    return program.under(conditions_of(token))


def replay_token(program: Program, token: Token) -> Replayed:
    """Run the recorded trial.

    Raises:
        ValueError, BadToken: as in ``as_recorded``.
    """
    story = as_recorded(program, token).tell(following(dict(token.deviations)))
    return Replayed(story, _drift(story, token))


def _drift(story: Story, token: Token) -> str | None:
    came_up = {choice.site.key: choice for choice in story.attempt.choices}
    for number, (key, index) in enumerate(token.deviations, 1):
        choice = came_up.get(key)
        before = came_up.get(token.deviations[number - 2][0]) if number > 1 else None
        after = f"the one before it was at {before.site}" if before else "it was the first"
        if choice is None:
            return (
                f"deviation {number} of {len(token.deviations)} never came up ({after}): the program has changed there or before"
            )
        if choice.answer != index:
            place = f"deviation {number} of {len(token.deviations)}, at {choice.site},"
            return f"{place} was option {index}; now there are only {choice.options}"
    if story.attempt.digest & 0xFFFFFFFF != token.digest:
        return "all deviations came up, but the steps between them are not the recorded ones: the program has changed"
    return None
