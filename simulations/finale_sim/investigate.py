"""From a program to a report: search, shrink what fails, make sure that it can be repeated, and tell it."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from finale_sim.choices import Decide
from finale_sim.feasibility import Labelled, label
from finale_sim.kernel import Conditions
from finale_sim.program import Program
from finale_sim.report import Counterexample, Report
from finale_sim.search import Attempt, OnTrial, RunTrial, Search, following, search
from finale_sim.shrink import shrink
from finale_sim.story import Story
from finale_sim.token import BadToken, Token, program_key

__all__ = ["Replayed", "investigate", "replay_token"]


def investigate(
    program: Program,
    *,
    trials: int,
    seed: int = 0,
    deviations: int | None = None,
    on_trial: OnTrial | None = None,
    clock: Callable[[], float] = time.perf_counter,
) -> Report:
    """Search ``program`` with at most ``trials`` trials, plus at most 500 for shrinking a failure.

    With ``deviations``, every stream with at most so many of them is tried first, and ``trials`` come on top.
    """
    started = clock()
    with _attentive(program.attempt) as attempt:
        state = search(attempt, trials=trials, seed=seed, deviations=deviations, on_trial=on_trial)
        if state.failure is None:
            return Report(program.name, state, clock() - started)
        try:
            found = _explain(program, attempt, state, state.failure)
        except KeyboardInterrupt:
            state.interrupted = True
            found = "interrupted while a failure was being told"
    if isinstance(found, str):
        return Report(program.name, state, clock() - started, unstable=found)
    return Report(program.name, state, clock() - started, found)


@contextmanager
def _attentive(run: RunTrial) -> Iterator[RunTrial]:
    """Python drops what a destructor raises, a Ctrl-C that arrives in one as well; this raises it again before the next trial."""
    pressed, before = False, sys.unraisablehook

    def notice(unraisable: Any) -> None:
        nonlocal pressed
        if unraisable.exc_type is not KeyboardInterrupt:
            before(unraisable)
        pressed = pressed or unraisable.exc_type is KeyboardInterrupt

    def attempt(decide: Decide) -> Attempt:
        if pressed:
            raise KeyboardInterrupt
        return run(decide)

    sys.unraisablehook = notice
    try:
        yield attempt
    finally:
        sys.unraisablehook = before


def _explain(program: Program, run: RunTrial, state: Search, failure: Attempt) -> Counterexample | str:
    """The failure, shrunk and told; or a sentence that says why it is not to be believed."""
    shrunk = shrink(run, failure)
    state.interrupted = shrunk.interrupted
    story = _tell(program, shrunk.attempt)
    if story.attempt.digest != shrunk.attempt.digest or story.attempt.breach != shrunk.attempt.breach:
        seen = shrunk.attempt.breach
        what = f"a failure ({seen.claim}: {seen.message.partition(chr(10))[0]})" if seen is not None else "a failure"
        return f"{what} came out differently the second time: the program keeps something from one trial to the next"
    found = Labelled(program, story, shrunk, minimal=len(shrunk.attempt.deviations) <= state.swept + 1)
    if not state.interrupted:
        try:
            found = label(found)
        except KeyboardInterrupt:
            state.interrupted = True
    return Counterexample(
        program.name,
        found.program.conditions,
        found.story,
        len(failure.deviations),
        found.shrunk,
        found.minimal,
        found.feasibility,
    )


def _tell(program: Program, attempt: Attempt) -> Story:
    return program.tell(following({choice.site.key: choice.answer for choice in attempt.deviations}))


@dataclass(frozen=True, slots=True)
class Replayed:
    """A token, replayed. ``drift`` says where the program is not what it was; None if the trial is the recorded one."""

    story: Story
    drift: str | None

    @property
    def exit_code(self) -> int:
        """0 the recorded trial holds, 1 violation, 3 undecided."""
        if self.story.attempt.breach is not None:
            return 1
        return 3 if self.drift or self.story.attempt.undecided else 0

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


def replay_token(program: Program, token: Token) -> Replayed:
    """Run the recorded trial.

    Raises:
        ValueError: the token belongs to another program.
        BadToken: it was made under conditions that this version does not know.
    """
    if token.program != program_key(program.name):
        raise ValueError(f"the token belongs to another program than {program.name!r}")
    try:
        conditions = Conditions.of_code(token.conditions)
    except ValueError as error:
        raise BadToken(f"the token was made under conditions that this version does not know: {error}") from error
    story = program.under(conditions).tell(following(dict(token.deviations)))
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
