"""finale: background runs on trio, each with exactly one terminal event.

Before a run is accepted, a rejected request raises. After it is accepted, it gets exactly one terminal event. Never both,
never neither.
"""

from finale.coordinator import Coordinator, RunContext
from finale.errors import (
    ContractViolation,
    DuplicateRun,
    EmptyPrompt,
    FinaleError,
    JournalError,
    JournalUnavailable,
    QueueFull,
    Rejected,
    RunCancelled,
    RunEnded,
    RunFailed,
    RunTimedOut,
    SessionBusy,
    SessionMissing,
    WorkspaceClosing,
    WrongThread,
)
from finale.events import (
    Attachment,
    ErrorInfo,
    Event,
    Gap,
    Notification,
    Progress,
    Request,
    RunAccepted,
    RunComplete,
    RunStarted,
    Status,
)
from finale.handle import RunHandle
from finale.opening import open_workspace
from finale.runs import RunState
from finale.subscription import Subscription, SubscriptionStatistics
from finale.views import BrokerStatistics, SessionView, Statistics
from finale.workspace import WhenBusy, Workspace

__all__ = [
    "Attachment",
    "BrokerStatistics",
    "ContractViolation",
    "Coordinator",
    "DuplicateRun",
    "EmptyPrompt",
    "ErrorInfo",
    "Event",
    "FinaleError",
    "Gap",
    "JournalError",
    "JournalUnavailable",
    "Notification",
    "Progress",
    "QueueFull",
    "Rejected",
    "Request",
    "RunAccepted",
    "RunCancelled",
    "RunComplete",
    "RunContext",
    "RunEnded",
    "RunFailed",
    "RunHandle",
    "RunStarted",
    "RunState",
    "RunTimedOut",
    "SessionBusy",
    "SessionMissing",
    "SessionView",
    "Statistics",
    "Status",
    "Subscription",
    "SubscriptionStatistics",
    "WhenBusy",
    "Workspace",
    "WorkspaceClosing",
    "WrongThread",
    "open_workspace",
]
