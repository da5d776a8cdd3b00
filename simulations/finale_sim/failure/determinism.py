"""Is a trial the same when it is run again? What differs between the two runs is what the simulator does not control.

A failure is run again in this process, each time under another memory layout, so that a program that orders by ``id()`` or keeps
something from one trial to the next shows itself. So is one of twenty passing trials, and, after a search, its first one. What
comes out differently is *not reproducible*; nobody is accused of it.
"""

import gc
import random
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import zip_longest

from finale_sim.choices import Decide, deviations
from finale_sim.kernel.trial import Step
from finale_sim.program import Program
from finale_sim.search import Attempt, EndSearch, RunTrial, following

__all__ = [
    "ELSEWHERE",
    "LAYOUTS",
    "SAME_PROCESS",
    "Difference",
    "Rechecked",
    "Unstable",
    "another_layout",
    "differs",
    "fails_again",
    "parting",
    "told",
]

LAYOUTS = 5
"""In how many other memory layouts a failure is run again."""

_EVERY = 20  # passing trials to one that is run again
_SIZES = range(15, 480, 16)  # of bytes objects: one of each size class that CPython's allocator has for small objects
_BLOCKS = 16  # of each size
_JUNK = len(_SIZES) * _BLOCKS
_ORDERS = [random.Random(number).sample(range(_JUNK), _JUNK // 2) for number in range(16)]
ELSEWHERE = "when it was run again, perhaps in another process than the one that found it"
SAME_PROCESS = "in the same process, under another memory layout"
_ADDRESS = re.compile(r"0x[0-9a-fA-F]+")


@dataclass(frozen=True, slots=True)
class Difference:
    """Two runs of one trial that are not alike. ``where`` says what the second had that the first had not."""

    where: str
    details: tuple[str, ...]

    def __str__(self) -> str:
        return "\n".join([f"the same trial came out differently {self.where}", *self.details])


@contextmanager
def another_layout(number: int = 0) -> Iterator[None]:
    """What is allocated inside gets other addresses, and addresses in another order, than it would get outside.

    Half of some junk is held meanwhile; the other half is given back in disorder, and CPython hands out first what came last.
    """
    junk: list[bytes | None] = [bytes(size) for _ in range(_BLOCKS) for size in _SIZES]
    for at in _ORDERS[number % len(_ORDERS)]:
        junk[at] = None
    yield
    junk.clear()


class Unstable(EndSearch):
    """A trial that holds came out differently when it was run again."""

    @property
    def difference(self) -> Difference:
        """How."""
        difference: Difference = self.args[0]
        return difference


class Rechecked:
    """Runs the trials of a search, each with its number in it, and every twentieth twice if it holds."""

    def __init__(self, program: Program, run: RunTrial) -> None:
        self._program = program
        self._run = run

    def __call__(self, decide: Decide, number: int) -> Attempt:
        """One trial.

        Raises:
            Unstable: the second run is not like the first.
        """
        attempt = self._run(decide)
        if number % _EVERY == 0 and attempt.breach is None and attempt.undecided is None:
            difference = _again(self._program, self._run, attempt, number)
            if difference is not None:
                raise Unstable(difference)
        return attempt


def fails_again(program: Program, run: RunTrial, attempt: Attempt) -> Difference | None:
    """Run a failing trial again in other memory layouts. None if it always fails in the same way."""
    gc.collect()
    differences = (_again(program, run, attempt, number) for number in range(LAYOUTS))
    return next((difference for difference in differences if difference is not None), None)


def _again(program: Program, run: RunTrial, attempt: Attempt, number: int) -> Difference | None:
    """Run a trial again under the memory layout ``number``. None if all is as it was."""
    with another_layout(number):
        second = run(following(deviations(attempt.choices)))
    return differs(program, attempt, second, number)


def differs(
    program: Program, attempt: Attempt, again: Attempt, number: int = 0, *, where: str = SAME_PROCESS
) -> Difference | None:
    """How a second run of a trial, under the memory layout ``number``, is unlike the first. Addresses in messages don't count."""
    alike = attempt.digest == again.digest and _outcome(attempt) == _outcome(again) and attempt.seen == again.seen
    return None if alike else _first_difference(program, attempt, again, number, where)


def told(step: Step) -> tuple[str, ...]:
    """A step as lines: what it was, the site of its choice, where its task then stood."""
    asked = (f"chosen at {step.choice.site}, of {', '.join(step.options)}",) if step.choice is not None else ()
    return (str(step).strip(), *asked, *step.stack)


def parting(one: Sequence[tuple[str, ...]], two: Sequence[tuple[str, ...]]) -> tuple[str, ...]:
    """The first of the told steps that differs, in both versions."""
    for first, then in zip_longest(one, two, fillvalue=("the trial is over",)):
        if first != then:
            return ("  first:", *(f"    {line}" for line in first), "  then:", *(f"    {line}" for line in then))
    return ()


def _first_difference(program: Program, attempt: Attempt, again: Attempt, number: int, where: str) -> Difference:
    """Where two runs of a trial part. To see that, both are run once more, one of them under the memory layout ``number``."""
    decide = following(deviations(attempt.choices))
    one = program.tell(decide)
    with another_layout(number):
        two = program.tell(decide)
    details = parting([told(step) for step in one.trial.trace], [told(step) for step in two.trial.trace])
    if not details:
        details = (f"  the steps are the same; first: {_said(attempt)}", f"  then: {_said(again)}")
    return Difference(where, details)


def _outcome(attempt: Attempt) -> tuple[str, str]:
    """The claim and the message, or why it could not be judged; without addresses."""
    breach = attempt.breach
    claim, message = (breach.claim, breach.message) if breach is not None else ("", attempt.undecided or "")
    return claim, _ADDRESS.sub("0x…", message)


def _said(attempt: Attempt) -> str:
    claim, message = _outcome(attempt)
    return f"{claim}: {message.partition(chr(10))[0]}" if claim else message or "it holds"
