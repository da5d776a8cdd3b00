"""What the search asks of a strategy, and what it tells it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeAlias

from finale_sim.choices import Candidate, Choice, Decide, Picking, Site
from finale_sim.injected import Injected
from finale_sim.profile import Profile
from finale_sim.verdict import Breach

__all__ = ["Attempt", "Completed", "EndSearch", "Planned", "RunTrial", "Strategy"]


class EndSearch(Exception):
    """Raised by what runs trials: no further one would tell anything. The message says why."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One judged trial: its choices, and the claim that it broke, if any."""

    choices: tuple[Choice, ...]
    digest: int
    breach: Breach | None = None
    undecided: str | None = None  #: why the trial could not be judged
    steps: int = 0
    seen: tuple[str, ...] = ()  #: names of the situations that it reached
    injected: Injected = field(default_factory=Injected)  #: what the program said of itself
    profile: Profile | None = field(default=None, compare=False)  #: what it did, if a ``Picking`` made its choices
    observed: int | None = None  #: a fingerprint of what outsiders saw; None where nobody looks on, and the digest stands for it
    raised: tuple[str, ...] = ()  #: what a coordinator that is checked raised, and where; not a breach, but good to know
    result: str = ""  #: what a plain program has returned, if that is plain data
    late: bool = False  #: it took more steps than choices are asked for in

    @property
    def complete(self) -> bool:
        """Whether it was judged; and, if it holds, whether all that it did was up to its choices."""
        return self.undecided is None and (self.breach is not None or not self.late)

    @property
    def deviations(self) -> tuple[Choice, ...]:
        """The choices that were not 0, in order."""
        return tuple([choice for choice in self.choices if choice.answer])


RunTrial: TypeAlias = Callable[[Decide], Attempt]
"""Runs one trial whose choices are answered by the argument, and judges it."""


class Planned:
    """The answers for one trial, as ``make(*arguments)`` gives them at the first question; until then they can be pickled.

    ``make`` is a function with a name of its own, so that another process finds it.
    """

    __slots__ = ("_answers", "_arguments", "_make")

    def __init__(self, make: Callable[..., Picking], *arguments: Any) -> None:
        self._make = make
        self._arguments = arguments
        self._answers: Picking | None = None

    def __call__(self, site: Site, options: int) -> int:
        return self._made()(site, options)

    def pick(self, site: Site, tasks: Sequence[Candidate]) -> int:
        return self._made().pick(site, tasks)

    def _made(self) -> Picking:
        if self._answers is None:
            self._answers = self._make(*self._arguments)
        return self._answers

    def __reduce__(self) -> tuple[Any, ...]:
        return Planned, (self._make, *self._arguments)


@dataclass(frozen=True, slots=True)
class Completed:
    """What a strategy has gone through without a gap; a sampler never has anything."""

    deviations: int = -1  #: every stream with at most so many was tried
    everything: bool = False  #: every stream, or one of each class, was tried
    classes: int | None = None  #: of orders that make a difference, if it knows; each of them had a trial


class Strategy(Protocol):
    """Only answers "which number next"; it never sees the program.

    What it proposes follows from its seed and what it was told, in the order of the calls, and from nothing else.
    """

    @property
    def name(self) -> str:
        """What people call it."""

    @property
    def ahead(self) -> int:
        """How often at most ``next`` may be called beyond what was learnt, so that trials can run side by side.

        0: in turns with it. It is a constant, so that the trials are the same however many processes run them. Where it is not 0
        the answers can be pickled, and so can the strategy between two calls: ``Planned`` and ``following`` see to the former.
        """

    @property
    def completed(self) -> Completed:
        """What the verdict may say beyond "so many trials"."""

    def next(self) -> Decide | None:
        """The answers for the next trial. None: nothing can be said before more is learnt, or, if all is, nothing is left."""

    def learn(self, attempt: Attempt) -> None:
        """What came of a trial; called once for each, in the order of ``next``."""
