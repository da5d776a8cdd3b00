"""What the search asks of a strategy, and what it tells it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeAlias

from finale_sim.choices import Choice, Decide, Site
from finale_sim.injected import Injected
from finale_sim.verdict import Breach

__all__ = ["Attempt", "EndSearch", "Planned", "RunTrial", "Strategy"]


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
    behaviour: int | None = None  #: a fingerprint of what outsiders saw; None where nobody looks on, and the digest stands for it
    late: bool = False  #: it took more steps than choices are asked for in

    @property
    def complete(self) -> bool:
        """Whether it was judged; and, if it holds, whether all that it did was up to its choices."""
        return self.undecided is None and (self.breach is not None or not self.late)

    @property
    def deviations(self) -> tuple[Choice, ...]:
        """The choices that were not 0, in order."""
        return tuple(choice for choice in self.choices if choice.answer)


RunTrial: TypeAlias = Callable[[Decide], Attempt]
"""Runs one trial whose choices are answered by the argument, and judges it."""


class Planned:
    """The answers for one trial, as ``make(*arguments)`` gives them at the first question; until then they can be pickled.

    ``make`` is a function with a name of its own, so that another process finds it.
    """

    __slots__ = ("_answer", "_arguments", "_make")

    def __init__(self, make: Callable[..., Decide], *arguments: Any) -> None:
        self._make = make
        self._arguments = arguments
        self._answer: Decide | None = None

    def __call__(self, site: Site, options: int) -> int:
        if self._answer is None:
            self._answer = self._make(*self._arguments)
        return self._answer(site, options)

    def __reduce__(self) -> tuple[Any, ...]:
        return Planned, (self._make, *self._arguments)


class Strategy(Protocol):
    """Only answers "which number next"; it never sees the program."""

    name: str
    ahead: int
    """How often at most ``next`` may be called beyond what was learnt, so that trials can run side by side; 0: in turns with it.

    It is a constant, so that the trials are the same however many processes run them. Where it is not 0 the answers can be
    pickled, and so can the strategy between two calls: ``Planned`` and ``following`` see to the former.
    """

    def next(self) -> Decide | None:
        """The answers for the next trial. None: nothing can be said before more is learnt, or, if all is, nothing is left."""

    def learn(self, choices: Sequence[Choice]) -> None:
        """The choices that a trial really made; called once for each, in the order of ``next``."""
