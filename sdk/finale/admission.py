"""Admission: whether a request can be accepted at all. Pure; what is raised here leaves no trace."""

from typing import Literal, TypeAlias

from finale.errors import EmptyPrompt, QueueFull, SessionBusy, SessionMissing
from finale.events import Request

__all__ = ["WhenBusy", "check_content", "check_queue"]

WhenBusy: TypeAlias = Literal["enqueue", "reject", "interrupt", "fold"]


def check_content(request: Request) -> None:
    """Look at the request alone.

    Raises:
        SessionMissing, EmptyPrompt: it names no session, or holds no text.
    """
    if not request.session.strip():
        raise SessionMissing(f"session is {request.session!r}; name the conversation that the prompt belongs to")
    if not request.prompt.strip() and not any(isinstance(a.content, str) and a.content.strip() for a in request.attachments):
        raise EmptyPrompt(f"prompt is {request.prompt!r}, and no attachment holds text; say what is to be done")


def check_queue(request: Request, when_busy: WhenBusy, *, busy: bool, waiting: int, limit: int | None) -> None:
    """Look at the session, in which ``waiting`` runs wait.

    Raises:
        SessionBusy, QueueFull: the request was not to wait, or cannot.
        ValueError: ``when_busy`` is none of its four words.
    """
    if when_busy not in ("enqueue", "reject", "interrupt", "fold"):
        raise ValueError(f"when_busy is {when_busy!r}; it is 'enqueue', 'reject', 'interrupt' or 'fold'")
    if when_busy == "reject" and busy:
        raise SessionBusy(f"session {request.session!r} is busy, and {request.prompt[:60]!r} was not to wait")
    if busy and when_busy != "interrupt" and limit is not None and waiting >= limit:
        raise QueueFull(f"{waiting} runs of session {request.session!r} wait, which is the limit; try again later")
