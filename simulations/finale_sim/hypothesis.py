"""A bridge to Hypothesis: it draws a schedule along with the data of a test, and makes both small together.

Needs hypothesis, which nothing else here does; importing this module is what asks for it.
"""

import warnings
from collections.abc import Awaitable, Callable
from functools import partial
from random import Random
from typing import Any, TypeVar

from hypothesis import reject
from hypothesis import strategies as st

from finale_sim.choices import Decide, Site
from finale_sim.investigate import replay_token
from finale_sim.kernel import Conditions, Fidelity
from finale_sim.program import PlainProgram
from finale_sim.render import in_words, timeline
from finale_sim.report import token_of
from finale_sim.story import Story
from finale_sim.token import decode

__all__ = ["Schedule", "recorded", "schedules"]

_T = TypeVar("_T")

_MOST_DRAWS = 1000  # of a trial; Hypothesis gives up an example that draws much more


class Schedule:
    """One way in which an async program may go. It is used for one trial."""

    def __init__(self, decide: Decide | None = None, token: str | None = None) -> None:
        self._decide = decide
        self._token = token

    def __repr__(self) -> str:
        return f"recorded({self._token!r})" if self._token is not None else "<a schedule; see the note above>"

    def run(self, async_fn: Callable[..., Awaitable[_T]], *args: Any, cancel: bool = False, fidelity: str = "ties") -> _T:
        """Run ``await async_fn(*args)`` as a trial that goes as this schedule says; what it returns.

        ``cancel`` and ``fidelity`` are those of ``explore``. An error bears a note that tells what happened, with a token for
        ``recorded``. A ``finale_sim.assume`` that does not hold is one of Hypothesis.

        Raises:
            AssertionError: it is stuck: nothing can ever happen again.
            RuntimeError: the trial cannot be judged, because it does not end, say.
            BaseException: whatever leaves ``async_fn``.
        """
        __tracebackhide__ = True
        name = f"explore/{getattr(async_fn, '__qualname__', type(async_fn).__name__)}"
        program = PlainProgram(name, partial(async_fn, *args), Conditions(Fidelity.named(fidelity), cancels=cancel))
        story = self._trial(program)
        attempt, trial = story.attempt, story.trial
        if trial.injected.discarded:
            reject()
        if attempt.breach is not None:
            error = trial.error or AssertionError(str(attempt.breach))
            error.add_note(_told(story, self._token or token_of(name, attempt, program.conditions)))
            raise error
        if attempt.undecided is not None:
            raise trial.error or RuntimeError(attempt.undecided)
        value: _T = trial.value
        return value

    def _trial(self, program: PlainProgram) -> Story:
        if self._token is None:
            assert self._decide is not None, "a schedule is drawn or recorded"
            return program.tell(self._decide)
        replayed = replay_token(program, decode(self._token))
        if replayed.drift is not None:
            warnings.warn(f"DRIFT  {replayed.drift} ({self!r})", stacklevel=3)
        return replayed.story


def schedules() -> st.SearchStrategy[Schedule]:
    """A strategy for schedules. The simplest one is the happy path; shrinking takes deviations away."""
    return _schedules()


@st.composite
def _schedules(draw: st.DrawFn) -> Schedule:
    return Schedule(_drawn_from(draw(st.randoms(use_true_random=False))))


def recorded(token: str) -> Schedule:
    """The schedule of a failure, for ``@hypothesis.example``. Where the program has changed since, running it warns of a DRIFT.

    Raises:
        BadToken: the text is no token of this version.
    """
    decode(token)
    return Schedule(token=token)


def _drawn_from(random: Random) -> Decide:
    drawn = 0

    def decide(site: Site, options: int) -> int:
        nonlocal drawn
        drawn += 1
        return random.randrange(options) if drawn <= _MOST_DRAWS else 0

    return decide


def _told(story: Story, token: str) -> str:
    words = [f"  {number}. {sentence}" for number, sentence in enumerate(in_words(story), 1)]
    return "\n".join(
        [
            "What happened",
            *(words or ["  the happy path, without any deviation"]),
            "Timeline (» a deviation, · an observation)",
            timeline(story),
            f'Again   @example(…, recorded("{token}"))',
        ]
    )
