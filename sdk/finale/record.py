"""What the ledger knows of one run, how the work of a run ended, as one value, and the event that tells of both."""

from dataclasses import dataclass, field, replace

from finale.events import ErrorInfo, Request, RunComplete, Status
from finale.runs import RunState

__all__ = ["Ending", "RunRecord", "out_of_time", "terminal_event"]


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
    told: bool = False  # its ending is published
    late_progress: bool = False
    foldable: bool = False
    host: "RunRecord | None" = None  # the active run that took this one's prompt along
    folded: "list[RunRecord] | None" = None  # the runs whose prompts this one took along
    leader: "RunRecord | None" = field(default=None, repr=False)  # the one before it in the session's queue
    follower: "RunRecord | None" = field(default=None, repr=False)  # the one behind it

    def guests(self) -> "list[RunRecord]":
        """The runs that were folded into this one and will settle with it."""
        return [guest for guest in self.folded or () if guest.state is RunState.FOLDED]


def out_of_time(stopped: Ending, timeout: ErrorInfo) -> Ending:
    """How a run ended that was stopped because its time was up. What its clean-up raised is told behind ``timeout``."""
    if (raised := stopped.error) is not None:
        message = f"{timeout.message}; its clean-up raised {raised.type}: {raised.message}"
        timeout = replace(timeout, message=message, traceback=raised.traceback)
    return replace(stopped, status=Status.FAILED, error=timeout)


def terminal_event(
    run_id: str, session: str, seq: int, index: int, at: float, record: RunRecord, ending: Ending, durable: bool
) -> RunComplete:
    """The terminal event of the run: only a cancelled one names who cancelled it."""
    cancelled = ending.status is Status.CANCELLED
    return RunComplete(
        run_id,
        session,
        seq,
        index,
        at,
        ending.status,
        ending.text,
        ending.error,
        record.cancelled_by if cancelled else None,
        durable,
        ending.abandoned,
        record.host.request.run_id if record.host is not None else None,
        record.superseded_by if cancelled else None,
    )
