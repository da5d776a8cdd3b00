"""What finale raises, and when.

``Rejected`` is raised before a run is accepted; ``RunFailed`` and ``RunCancelled`` are raised by ``run.result()``, to tell
the ending of a run that was. The rest are mistakes in a call.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from finale.events import RunComplete

__all__ = [
    "ContractViolation",
    "DuplicateRun",
    "EmptyPrompt",
    "FinaleError",
    "JournalError",
    "JournalUnavailable",
    "QueueFull",
    "Rejected",
    "RunCancelled",
    "RunEnded",
    "RunFailed",
    "RunTimedOut",
    "SessionBusy",
    "SessionMissing",
    "WorkspaceClosing",
    "WrongThread",
    "shown",
]


class FinaleError(Exception):
    """Base of every error that finale raises on purpose."""


class Rejected(FinaleError):
    """The request was not accepted: nothing was recorded, and no event will ever mention it."""


class EmptyPrompt(Rejected):
    """The prompt has no text, and no attachment supplies any."""


class SessionMissing(Rejected):
    """The request names no session."""


class DuplicateRun(Rejected):
    """The run id is taken by a different request."""


class SessionBusy(Rejected):
    """The session is busy, and the request was not to wait (``when_busy="reject"``)."""


class QueueFull(Rejected):
    """As many runs of the session wait as the workspace allows (``queue_limit``)."""


class WorkspaceClosing(Rejected):
    """The workspace takes no more requests: it is closing or closed."""


class JournalUnavailable(Rejected):
    """The journal failed for good, so that no acceptance could be made durable. Reopen the workspace to go on."""


class RunEnded(FinaleError):
    """Base of what ``run.result()`` raises. ``complete`` is the run's terminal event."""

    def __init__(self, complete: "RunComplete") -> None:
        super().__init__(complete)
        self.complete = complete

    def __str__(self) -> str:
        error = self.complete.error
        why = f"{error.type}: {error.message}" if error else self.complete.cancelled_by or "no reason was given"
        return f"run {self.complete.run_id} {self.complete.status}: {why}"


class RunFailed(RunEnded):
    """The run failed; ``complete.error`` has type, message and traceback text."""


class RunCancelled(RunEnded):
    """The run was cancelled; ``complete.cancelled_by`` says by what."""


class JournalError(FinaleError):
    """A journal could not be opened, read or written."""


class RunTimedOut(FinaleError):
    """The run was stopped because it took too long, or was silent for too long. Seen as the error of a failed run.

    An error that its clean-up raised then is told in the same message, with its traceback.
    """


class ContractViolation(FinaleError):
    """A coordinator did what its contract forbids, such as returning something that is not text."""


def shown(value: object) -> str:
    """The start of the value's repr, for a message about it; if even that fails, what it is."""
    try:
        return f"{value!r:.200}"
    except Exception:  # noqa: BLE001  # the __repr__ of somebody else's object may raise anything
        return f"<a {type(value).__name__} without a repr>"


class WrongThread(FinaleError):
    """A workspace was called, or waited for, in a thread that is not its own."""
