"""What clients asked of a workspace, and what it answered in the same step. ``History`` keeps them beside what was observed.

Each knows its place: ``at`` is how many entries the history had. Oracles put both together.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from finale import Request, RunState

__all__ = ["WORDS", "Kept", "States", "Stopped", "Submitted", "Subscribed"]

WORDS = ("cancel", "terminate", "clear queue", "interrupt", "close")
"""For stopping runs."""

States: TypeAlias = Mapping[str, RunState]
"""Run id → what its handle said of its state; of every run that was accepted so far."""


@dataclass(frozen=True, slots=True)
class Submitted:
    """A request. ``run_id`` is that of the run that it became; "" if it was not accepted, and then ``error`` says why."""

    at: int
    request: Request  #: its run id is "" if none was asked for
    when_busy: str
    busy: bool  #: what the session said of itself before
    waiting: int
    known: bool  #: whether the workspace knew a run by this id before
    run_id: str = ""
    error: Exception | None = None
    trace: str = ""  #: what was different after a rejection, in words


@dataclass(frozen=True, slots=True)
class Stopped:
    """Runs are stopped: ``word`` is one of ``WORDS``; ``session`` or ``run_id``: of what, else everything.

    ``answer`` is what the call returned. ``by`` is what the endings of those that it covers must say.
    """

    at: int
    at_s: float
    word: str
    by: str
    before: States
    after: States
    session: str = ""
    run_id: str = ""
    answer: int | bool | None = None

    def named(self, sessions: Mapping[str, str]) -> list[str]:
        """The runs that it could concern, by what it names. ``sessions``: that of each run."""
        if self.run_id:
            return [self.run_id]
        return [run_id for run_id in self.before if self.session in ("", sessions[run_id])]

    def stops_host(self, host: str | None, named: Sequence[str]) -> bool:
        """Whether what ``host`` had taken along falls with it: not if ``host`` was being stopped before, which it takes alone."""
        return host in named and self.before.get(host or "") is RunState.ACTIVE


@dataclass(frozen=True, slots=True)
class Subscribed:
    """A reader came: ``who``. ``error``: it was sent away. Following one run, it ends with that run.

    ``slow``: it pauses between events. ``known``: the workspace knew the run that it follows.
    """

    at: int
    at_s: float
    who: str
    slow: bool = False
    known: bool = False
    session: str | None = None
    run_id: str | None = None
    since: int | None = None
    error: Exception | None = None


@dataclass(frozen=True, slots=True)
class Kept:
    """The journal has confirmed an event."""

    at: int
    at_s: float
