"""What a scenario is, and the stage that it plays on."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

import trio

from finale import RunHandle, Workspace

__all__ = ["Scenario", "Stage"]

_T = TypeVar("_T")


class Stage(Protocol):
    """The outside world of one trial. What is done through it goes into the history."""

    workspace: Workspace
    clients: trio.Nursery  #: for clients that act side by side; the workspace's block is left when all have ended

    def submit(self, prompt: str, session: str, **options: Any) -> RunHandle | None:
        """Submit, and let somebody wait for the run. None if it was rejected."""

    def cancel(self, session: str, **by: str) -> None:
        """Cancel a session. ``by``, here and below: who it is that does it, where that is to be told apart."""

    def cancel_run(self, run: RunHandle, **by: str) -> None:
        """Cancel one run."""

    def terminate(self, session: str, **by: str) -> None:
        """Terminate a session."""

    def terminate_run(self, run: RunHandle, **by: str) -> None:
        """Terminate one run."""

    def clear_queue(self, session: str, **by: str) -> None:
        """Cancel what waits in a session."""

    def close(self, **by: str) -> None:
        """Close the workspace."""

    def cancel_from_outside(self) -> None:
        """Cancel the scope around the workspace."""

    def assure(self, run: RunHandle) -> None:
        """Let somebody ask whether the acceptance of a run is durable."""

    def subscribe(
        self, name: str, *, pause_s: float = 0, leaves_after: int | None = None, session: str | None = None, **where: Any
    ) -> None:
        """Let a subscriber read along, which pauses after each event, or leaves after some. ``where``: ``since``, ``run_id``."""

    def follow(self, name: str, run: RunHandle) -> None:
        """Let a subscriber read the events of one run from its acceptance on."""

    def place(self, name: str) -> int:
        """The seq of the last event that a subscriber has seen."""

    def pick(self, label: str, options: Sequence[_T]) -> _T:
        """One of the options, as the trial's choices say; the first is the plainest."""

    async def moment(self, label: str, seconds: Sequence[float]) -> None:
        """Sleep until one of the given instants of virtual time, as the trial's choices say."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """What the outside world does during a trial.

    ``endings`` are those that it is there to show; ``stub`` names the coordinator that it is played with. Where that is
    "steady", any other coordinator can take its place, which is what ``finale-sim check`` does. ``calls`` are the methods of the
    workspace that it needs beyond those that all scenarios need.
    """

    name: str
    about: str
    endings: tuple[str, ...]
    play: Callable[[Stage], Awaitable[None]]
    stub: str = "steady"
    journal: str | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    calls: tuple[str, ...] = ()

    @property
    def any_coordinator(self) -> bool:
        """Whether a user's coordinator can take the stub's place."""
        return self.stub == "steady" and self.journal is None
