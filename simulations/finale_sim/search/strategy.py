"""What the search asks of a strategy, and what it tells it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol, TypeAlias

from finale_sim.choices import Choice, Decide
from finale_sim.injected import Injected
from finale_sim.verdict import Breach

__all__ = ["Attempt", "EndSearch", "RunTrial", "Strategy"]


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


class Strategy(Protocol):
    """Only answers "which number next"; it never sees the program."""

    name: str

    def next(self) -> Decide | None:
        """The answers for the next trial, or None if there is nothing left to try."""

    def learn(self, choices: Sequence[Choice]) -> None:
        """The choices that the trial really made; called once after each trial."""
