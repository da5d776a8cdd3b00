"""Real bugs that have no canary, each with the reason."""

from dataclasses import dataclass

__all__ = ["NOT_YET", "NotYet"]


@dataclass(frozen=True, slots=True)
class NotYet:
    """A real bug that cannot be re-created here. ``part`` is what finale would have to have for it."""

    case: str
    part: str
    reason: str


_HTTP, _HOST = "a server over HTTP", "processes that host workspaces"
_TOOLS, _TEXT, _SUMMARY = "tools and permissions", "a transcript of the conversation", "summaries of a session"

NOT_YET: tuple[NotYet, ...] = (
    NotYet(
        "accepted-status-treated-as-failure", _HTTP, "submitting is a call: it returns a run or raises, with no status between"
    ),
    NotYet("handler-panic-opaque", _HTTP, "there are no request handlers; an error in a call is raised where it was made"),
    NotYet(
        "stream-drop-orphans-client", _HTTP, "a subscription is an iterator in the same process, and there is no line to drop"
    ),
    NotYet("stream-blip-destroys-workspace", _HTTP, "a workspace belongs to its block, not to whoever is connected"),
    NotYet("not-attached-looks-like-gone", _HTTP, "nobody is attached or detached, and no status has to be guessed from"),
    NotYet("teardown-then-404", _HTTP, "a closing workspace says so in the error; nothing is looked up by an address"),
    NotYet("server-exits-during-create", _HOST, "no process decides by a count of workspaces when to exit"),
    NotYet("server-exits-between-sessions", _HOST, "no process lingers for the next client"),
    NotYet("version-upgrade-kills-live-sessions", _HOST, "no client can shut down a process that others use"),
    NotYet("second-client-swaps-coordinator", _HOST, "a workspace is opened with its coordinator and keeps it until it is left"),
    NotYet(
        "interactive-tool-in-noninteractive-run", _TOOLS, "a run asks nobody anything; what its coordinator may ask is its own"
    ),
    NotYet("lossy-fanin-drops-permission", _TOOLS, "there are no requests for permission; endings and all else share one log"),
    NotYet("cancel-leaves-tool-call-open", _TOOLS, "the journal has runs and their events, and no calls that want a result"),
    NotYet("bad-tool-args-brick-session", _TOOLS, "what a model says is not stored in a form that is parsed later"),
    NotYet("tools-missing-at-first-run", _TOOLS, "what a run needs, its coordinator prepares inside the run"),
    NotYet("assistant-row-before-folded-prompt", _TEXT, "the journal has one order, that of the events"),
    NotYet(
        "retry-concatenates-partial", _TEXT, "attempts are inside the coordinator's call, and its text is what that call returns"
    ),
    NotYet("duplicate-assistant-on-auth-retry", _TEXT, "as before: finale never sees an attempt"),
    NotYet("reauth-notice-after-successful-retry", _TEXT, "as before: finale tells no error but that of the whole call"),
    NotYet("summarize-strands-queue", _SUMMARY, "there is no second kind of turn; the queue is looked at when any run has ended"),
    NotYet("summarize-drain-unprotected", _SUMMARY, "one command starts runs, for all who make room for them"),
    NotYet("failed-predecessor-kills-continuation", _SUMMARY, "a run is not continued by a second one with its id"),
    NotYet("small-buffer-drops-tail", "a second buffer", "the same as buffer-option-ignored, one size further"),
    NotYet("queued-run-setup-error-lost", "storage of sessions", "there is nothing to load between the queue and the run"),
)
