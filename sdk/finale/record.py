"""What the ledger knows of one run, and how the work of a run ended, as one value."""

from dataclasses import dataclass, field

from finale.events import ErrorInfo, Request, RunComplete, Status
from finale.runs import RunState

__all__ = ["Ending", "RunRecord"]


@dataclass(frozen=True, slots=True)
class Ending:
    """How the work of a run ended."""

    status: Status
    text: str | None = None
    error: ErrorInfo | None = None
    abandoned: bool = False


@dataclass(slots=True, eq=False)
class RunRecord:
    """The truth about one run. ``number`` is its place in the order of acceptance, ``events`` how many it has had."""

    request: Request
    number: int
    state: RunState = RunState.NEW
    events: int = 0
    accepted_seq: int = 0
    cancelled_by: str | None = None
    superseded_by: str | None = None
    timeout: ErrorInfo | None = None  # why it was stopped, if time was up
    ending: RunComplete | None = None
    late_progress: bool = False
    foldable: bool = False
    host: "RunRecord | None" = None  # the active run that took this one's prompt along
    folded: "list[RunRecord] | None" = None  # the runs whose prompts this one took along
    follower: "RunRecord | None" = field(default=None, repr=False)  # the next in the session's queue
