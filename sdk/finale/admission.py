"""Admission: whether a request can be accepted at all. Pure; what is raised here leaves no trace."""

import json
from typing import Literal, TypeAlias

from finale.errors import EmptyPrompt, QueueFull, SessionBusy, SessionMissing
from finale.events import Attachment, Request

__all__ = ["WhenBusy", "check_content", "check_queue", "check_types"]

WhenBusy: TypeAlias = Literal["enqueue", "reject", "interrupt", "fold"]
"""What becomes of a request whose session is busy; see ``Workspace.submit``."""


def check_types(request: Request, *, stored: bool) -> None:
    """Look at what the request is made of. ``stored``: it goes into a journal, so its metadata must be JSON-able.

    Raises:
        TypeError: something in it is of another type; the message shows what.
    """
    given = [("prompt", request.prompt, str), ("session", request.session, str), ("run_id", request.run_id, str)]
    for name, value, kind in [*given, *(("attachment", item, Attachment) for item in request.attachments)]:
        if not isinstance(value, kind):
            raise TypeError(f"{name} is {value!r:.100}, a {type(value).__name__}; it must be of type {kind.__name__}")
    if stored and request.metadata:
        try:
            json.dumps(dict(request.metadata))
        except (TypeError, ValueError, RecursionError) as error:
            raise TypeError(
                f"metadata is {request.metadata!r:.100}, which cannot be kept in a journal: {error}; make it JSON-able"
            ) from error


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
        runs = "1 run waits" if waiting == 1 else f"{waiting} runs wait"
        raise QueueFull(f"{runs} in session {request.session!r}, which is the limit; try again later")
