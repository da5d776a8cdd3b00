"""Admission: whether a request can be accepted at all. Pure; what is raised here leaves no trace."""

import json
from types import UnionType
from typing import Any, Literal, TypeAlias

from finale.errors import EmptyPrompt, QueueFull, SessionBusy, SessionMissing, shown
from finale.events import Attachment, Request

__all__ = ["WhenBusy", "check_by", "check_content", "check_queue", "check_types", "owned"]

WhenBusy: TypeAlias = Literal["enqueue", "reject", "interrupt", "fold"]
"""What becomes of a request whose session is busy; see ``Workspace.submit``."""


def check_types(request: Request, *, stored: bool) -> None:
    """Look at what the request is made of. ``stored``: it goes into a journal, so its metadata must be JSON-able.

    Raises:
        TypeError: something in it is of another type; the message shows what.
    """
    _expect("prompt", request.prompt, str)
    _expect("session", request.session, str)
    _expect("run_id", request.run_id, str)
    for item in request.attachments:
        _expect("attachment", item, Attachment)
        _expect("an attachment's name", item.name, str)
        _expect("an attachment's content", item.content, str | bytes)
        _expect("an attachment's media_type", item.media_type, str)
    if stored and request.metadata:
        try:
            json.dumps(dict(request.metadata))
        except (TypeError, ValueError, RecursionError) as error:
            raise TypeError(
                f"metadata is {shown(request.metadata)}, which cannot be kept in a journal: {error}; make it JSON-able"
            ) from error


def check_by(by: str) -> None:
    """Look at what a cancel says of itself, which goes into the terminal event.

    Raises:
        TypeError: it is no ``str``.
    """
    _expect("by", by, str)


def _expect(name: str, value: object, kind: type | UnionType) -> None:
    if not isinstance(value, kind):
        wanted = kind.__name__ if isinstance(kind, type) else str(kind)
        raise TypeError(f"{name} is {shown(value)}, a {type(value).__name__}; it must be of type {wanted}")


def owned(request: Request, *, plain: bool = False) -> Request:
    """The request with strings that are nothing but strings, and with metadata that nobody else's change can reach.

    Dicts, lists and tuples in the metadata are copied all the way down; any other object is shared. ``plain``: what only derives
    from dict, list or tuple becomes one, as it does in JSON.
    """
    if not request.metadata and type(request.prompt) is type(request.session) is type(request.run_id) is str:
        return request
    prompt, session, run_id = map(str.__str__, (request.prompt, request.session, request.run_id))
    return Request(prompt, session, run_id, request.attachments, _copied(request.metadata, plain, {}))


def _copied(value: Any, plain: bool, seen: dict[int, Any]) -> Any:
    if id(value) in seen:
        return seen[id(value)]
    kind = next((kind for kind in (dict, list, tuple) if type(value) is kind or (plain and isinstance(value, kind))), None)
    if kind is None:
        return value
    if kind is tuple:
        return tuple([_copied(item, plain, seen) for item in value])
    copy: Any = kind()
    seen[id(value)] = copy  # known before it is filled: it may hold itself
    if kind is dict:
        copy.update([(key, _copied(item, plain, seen)) for key, item in value.items()])
    else:
        copy.extend([_copied(item, plain, seen) for item in value])
    return copy


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
