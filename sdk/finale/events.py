"""Requests, and the frozen records of what happened to their runs.

Every event knows its place twice: ``seq`` counts the events of its workspace from 1, ``index`` those of its run from 0. Both
are without holes where the ledger wrote them, so a hole that a subscriber sees is exactly what was dropped on the way.

Whoever opens a journal again counts on from the next thousand million. Subscribers may have seen progress, or endings that were
not durable, which the journal knows nothing of: no ``seq`` that anybody remembers may mean another event later.
"""

import base64
import enum
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

__all__ = [
    "OPENING",
    "Attachment",
    "ErrorInfo",
    "Event",
    "Gap",
    "Notification",
    "Progress",
    "Request",
    "RunAccepted",
    "RunComplete",
    "RunStarted",
    "Status",
    "between",
    "decode",
    "encode",
]


OPENING = 10**9  # from the first seq of one opening to that of the next; events beyond go on counting, and no harm is done


def between(earlier: int, later: int) -> int:
    """How many events there are between two ``seq``; those of earlier openings, whose number nobody knows, not counted."""
    return later - max(earlier, later // OPENING * OPENING) - 1


class Status(enum.StrEnum):
    """How a run ended."""

    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Attachment:
    """A named piece of content that travels with a prompt: text as ``str``, anything else as ``bytes``."""

    name: str
    content: str | bytes
    media_type: str = "text/plain"


@dataclass(frozen=True, slots=True)
class Request:
    """What was submitted. Two requests with one run id are the same run if they are equal, and a conflict if not."""

    prompt: str
    session: str
    run_id: str
    attachments: tuple[Attachment, ...] = ()
    metadata: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ErrorInfo:
    """An exception as text, so that it can be stored and sent: its type's name, its message, its formatted traceback."""

    type: str
    message: str
    traceback: str = field(default="", repr=False)  # it is long, and a repr is for one line


@dataclass(frozen=True, slots=True)
class Event:
    """What all events share. ``at`` is in seconds, by the clock that the workspace was opened with (default: Unix time)."""

    run_id: str
    session: str
    seq: int
    index: int
    at: float


@dataclass(frozen=True, slots=True)
class RunAccepted(Event):
    """The first event of every run: from here on it is owed a terminal event."""

    request: Request


@dataclass(frozen=True, slots=True)
class RunStarted(Event):
    """The run holds its session, and its coordinator is about to be called."""


@dataclass(frozen=True, slots=True)
class Progress(Event):
    """What the coordinator reported, as it came. The only kind of event that may be dropped on its way to a slow subscriber."""

    payload: Any


@dataclass(frozen=True, slots=True)
class Notification(Event):
    """Something about a run that is worth knowing and changes nothing: an error after its ending, a broken contract."""

    kind: str
    message: str


@dataclass(frozen=True, slots=True)
class RunComplete(Event):
    """The terminal event. Every accepted run gets exactly one.

    ``durable`` says whether a journal that survives the process had confirmed the event when it was published, ``abandoned``
    that the run's task was still unwinding, ``folded_into`` which run took this one's prompt along and gave it its own ending,
    ``superseded_by`` which run was submitted to take its place.
    """

    status: Status
    text: str | None = None
    error: ErrorInfo | None = None
    cancelled_by: str | None = None
    durable: bool = False
    abandoned: bool = False
    folded_into: str | None = None
    superseded_by: str | None = None


@dataclass(frozen=True, slots=True)
class Gap:
    """Stands in a subscriber's stream where events were dropped: how many, and how many of them were terminal events.

    ``endings`` is 0 unless the subscriber fell behind by more than the workspace's ``retain``, or began behind a ``seq`` that is
    as old; what it missed can then be asked of the run handles, which never forget. Neither number is ever too small.
    """

    dropped: int
    endings: int = 0


_KINDS: dict[str, type[Event]] = {kind.__name__: kind for kind in (RunAccepted, RunStarted, Progress, Notification, RunComplete)}


def encode(event: Event) -> dict[str, Any]:
    """The event as a dict of JSON-able values (as far as its payload and metadata are), tagged with ``type``."""
    return {"type": type(event).__name__, **_plain(event)}


def _plain(value: Any) -> Any:
    if isinstance(value, Event | Request | Attachment | ErrorInfo):
        return {item.name: _plain(getattr(value, item.name)) for item in fields(value)}
    if isinstance(value, bytes):
        return {"base64": base64.b64encode(value).decode("ascii")}
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return value


def decode(data: Mapping[str, Any]) -> Event:
    """The event that ``encode`` made ``data`` of.

    Raises:
        ValueError: ``data`` is not an encoded event; the message shows its ``type``.
    """
    kind = next((kind for name, kind in _KINDS.items() if name == data.get("type")), None)
    if kind is None:
        raise ValueError(f"not an encoded event: type {data.get('type')!r}, where one of {', '.join(_KINDS)} is wanted")
    try:
        return _event(kind, {name: value for name, value in data.items() if name != "type"})
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise ValueError(f"not an encoded event: as a {kind.__name__} it breaks with {error!r}") from error


def _event(kind: type[Event], values: dict[str, Any]) -> Event:
    if "request" in values:
        values["request"] = _request(values["request"])
    if kind is RunComplete:
        values["status"] = Status(values["status"])
        values["error"] = ErrorInfo(**values["error"]) if values["error"] else None
    return kind(**values)


def _request(data: Mapping[str, Any]) -> Request:
    attachments = tuple(Attachment(**{**item, "content": _content(item["content"])}) for item in data["attachments"])
    return Request(**{**data, "attachments": attachments})


def _content(content: Any) -> str | bytes:
    return base64.b64decode(content["base64"]) if isinstance(content, Mapping) else content
