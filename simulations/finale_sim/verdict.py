"""What a search may conclude. Never a bare "passed": each verdict says what was and was not looked at."""

from dataclasses import dataclass
from typing import ClassVar, TypeAlias

from finale_sim.wording import counted

__all__ = ["Bounded", "Breach", "Exhausted", "NotReproducible", "Sampled", "Truncated", "Verdict", "Violated"]

_TELLS_NOTHING = 0.9  # a chance of "at most" that is no news


@dataclass(frozen=True, slots=True)
class Breach:
    """A claim that did not hold in one trial. ``claim`` names it for good; ``message`` tells this case."""

    claim: str
    message: str

    def __str__(self) -> str:
        return f"{self.claim!r} is violated: {self.message}"


@dataclass(frozen=True, slots=True)
class Violated:
    """A trial broke a claim. The report has its token."""

    word: ClassVar[str] = "violated"
    exit_code: ClassVar[int] = 1
    breach: Breach

    def __str__(self) -> str:
        return f"violated: {self.breach.claim!r}"


@dataclass(frozen=True, slots=True)
class Exhausted:
    """Every possible stream of choices was tried, or one of each of so many ``classes`` that end alike, and all of them hold.

    ``within``: what could be chosen at all.
    """

    word: ClassVar[str] = "exhausted"
    exit_code: ClassVar[int] = 0
    trials: int
    classes: int | None = None
    within: str = ""

    def __str__(self) -> str:
        within = f"; {self.within}" if self.within else ""
        if self.classes is None:
            return f"exhausted: no stream of choices is left untried{within}"
        if self.classes == 1:
            return f"exhausted: all orders end alike, so one was tried{within}"
        return f"exhausted: each of the {self.classes:,} classes of orders that differ was tried{within}"


@dataclass(frozen=True, slots=True)
class Bounded:
    """Every stream with at most ``deviations`` deviations was tried and holds; so do ``sampled`` random ones beyond.

    ``unseen``: 95 % sure, at most this is the chance that one more random one shows a behaviour that none has shown.
    """

    word: ClassVar[str] = "bounded"
    exit_code: ClassVar[int] = 0
    deviations: int
    sampled: int
    unseen: float | None = None

    def __str__(self) -> str:
        swept = f"all streams with at most {counted(self.deviations, 'deviation')}"
        return f"bounded: {swept}, {counted(self.sampled, 'random one')} beyond{_unseen(self.unseen)}"


@dataclass(frozen=True, slots=True)
class Sampled:
    """``trials`` streams were tried and hold. That is a sample; what it says of the rest is ``unseen``, as for ``Bounded``."""

    word: ClassVar[str] = "sampled"
    exit_code: ClassVar[int] = 0
    trials: int
    unseen: float | None = None

    def __str__(self) -> str:
        return f"sampled: {counted(self.trials, 'stream')}{_unseen(self.unseen)}"


def _unseen(share: float | None) -> str:
    if share is None:
        return ""
    if share > _TELLS_NOTHING:
        return ", too few to tell how much is unseen"
    return f", a further one would be new with a chance of at most {_percent(share)}"


def _percent(share: float) -> str:
    return f"{share:.1%}" if share < 0.1 else f"{share:.0%}"  # below that a digit more tells something


@dataclass(frozen=True, slots=True)
class Truncated:
    """Undecided: the search was stopped, or some trials could not be judged. No violation was seen before."""

    word: ClassVar[str] = "truncated"
    exit_code: ClassVar[int] = 3
    why: str

    def __str__(self) -> str:
        return f"undecided: {self.why}"


@dataclass(frozen=True, slots=True)
class NotReproducible:
    """Undecided: equal choices gave unequal trials, so the program depends on something that is not simulated."""

    word: ClassVar[str] = "not reproducible"
    exit_code: ClassVar[int] = 3
    why: str

    def __str__(self) -> str:
        return f"not reproducible: {self.why}"


Verdict: TypeAlias = Violated | Exhausted | Bounded | Sampled | Truncated | NotReproducible
