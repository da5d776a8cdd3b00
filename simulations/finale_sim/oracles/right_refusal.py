"""E1: a request is refused if and only if something forbids it; the error names the first such thing, and nothing is left of it.

The order is that of ``Workspace.submit``. What is known from outside a moment later than from inside, such as a journal that is
being given up, may be the reason already, and need not be.
"""

from collections.abc import Iterator
from functools import partial

from finale import Attachment, Request, RunComplete
from finale_sim.calls import Submitted
from finale_sim.history import History, What
from finale_sim.oracles.oracle import Case, Oracle

__all__ = ["oracle"]

_Reason = tuple[str, bool, str]  # the name of the error, whether it is certain, what its message must show


def oracle(queue_limit: int | None = None) -> Oracle:
    """For a workspace with this limit; None: there is none."""
    claim = "a request is refused for the first reason that holds and for no other, and leaves nothing behind"
    return Oracle("right refusal", claim, partial(_check, limit=queue_limit), _CASES)


_ERRORS = (
    "TypeError",
    "DuplicateRun",
    "WorkspaceClosing",
    "JournalUnavailable",
    "SessionMissing",
    "EmptyPrompt",
    "ValueError",
    "SessionBusy",
    "QueueFull",
)


def _refused_with(name: str, history: History) -> bool:
    return any(type(asked.error).__name__ == name for asked in history.submitted)


_CASES: dict[str, Case] = {
    "the same again": lambda history: any(asked.known and asked.run_id for asked in history.submitted),
    **{name: partial(_refused_with, name) for name in _ERRORS},
}


def _check(history: History, limit: int | None) -> Iterator[str]:
    for place, asked in enumerate(history.submitted):
        what = f"the request for {asked.request.prompt!r} in session {asked.request.session!r}"
        got = type(asked.error).__name__ if asked.error is not None else "accepted"
        wanted = dict(_possible(history, place, asked, limit))
        if got not in wanted:
            yield f"{what} was to be {' or '.join(wanted)}, and got {got}{f': {asked.error}' if asked.error else ''}"
        elif (shown := wanted[got]) not in str(asked.error):
            yield f"{what} was refused without a word of {shown}: {asked.error}"
        if asked.trace:
            yield f"{what} was refused, and afterwards {asked.trace}"
        if asked.error is None and asked.request.run_id not in ("", asked.run_id):
            yield f"{what} was to have the id {asked.request.run_id}, and got {asked.run_id}"


def _possible(history: History, place: int, asked: Submitted, limit: int | None) -> Iterator[tuple[str, str]]:
    """What the answer may be, each with what its message must show."""
    for name, certain, shown in _reasons(history, place, asked, limit):
        yield name, shown
        if certain:
            return
    yield "accepted", ""


def _reasons(history: History, place: int, asked: Submitted, limit: int | None) -> Iterator[_Reason]:
    request = asked.request
    if (wrong := _wrong_type(request)) is not None:
        yield "TypeError", True, wrong
    if (
        request.run_id
        and (first := _owner(history, place, request.run_id)) is not None
        and (asked.known or _open(history, asked))
    ):
        same = first.request == request
        yield ("accepted", True, "") if same else ("DuplicateRun", True, repr(request.run_id))
    yield from _of_workspace(history, asked)
    if not request.session.strip():
        yield "SessionMissing", True, repr(request.session)
    if not request.prompt.strip() and not any(isinstance(item.content, str) for item in request.attachments):
        yield "EmptyPrompt", True, repr(request.prompt)
    if asked.when_busy not in ("enqueue", "reject", "interrupt", "fold"):
        yield "ValueError", True, repr(asked.when_busy)
    if asked.busy and asked.when_busy == "reject":
        yield "SessionBusy", True, repr(request.prompt)
    if asked.busy and asked.when_busy != "interrupt" and limit is not None and asked.waiting >= limit:
        yield "QueueFull", True, repr(request.session)


def _of_workspace(history: History, asked: Submitted) -> Iterator[_Reason]:
    """What forbids any request: the workspace closes, or its journal is lost."""
    prompt = repr(asked.request.prompt)
    before = [e for e in history.of(What.CLOSE, What.LEFT, What.OUTSIDE, What.RAISED) if e.number < asked.at]
    if any(e.what in (What.CLOSE, What.LEFT) for e in before):
        yield "WorkspaceClosing", True, prompt
    elif any(e.what is What.OUTSIDE or isinstance(e.detail, SystemExit | KeyboardInterrupt) for e in before):
        yield "WorkspaceClosing", False, prompt
    if _lost(history, asked):
        yield "JournalUnavailable", True, prompt
    elif any(strike.at <= asked.at and strike.fault.startswith("journal append") for strike in history.struck):
        yield "JournalUnavailable", False, prompt


def _lost(history: History, asked: Submitted) -> bool:
    """Whether somebody had been told that the journal is lost."""
    unkept = [e for e in history.of(What.EVENT) if isinstance(e.detail, RunComplete) and not e.detail.durable]
    denied = [e for e in history.of(What.ASSURED) if e.detail is not None]
    if history.durable is not None and any(e.number < asked.at for e in [*denied, *(unkept if history.durable else ())]):
        return True
    return any(type(before.error).__name__ == "JournalUnavailable" and before.at < asked.at for before in history.submitted)


def _owner(history: History, place: int, run_id: str) -> Submitted | None:
    """The request that became the run with this id."""
    return next((s for s in history.submitted[:place] if s.run_id == run_id), None)


def _open(history: History, asked: Submitted) -> bool:
    """Whether the run with that id had not ended, as far as anybody knew: such a run is never forgotten."""
    seen = (e.number for e in history.of(What.EVENT, run_id=asked.request.run_id) if isinstance(e.detail, RunComplete))
    return all(number >= asked.at for number in seen)


def _wrong_type(request: Request) -> str | None:
    """What is of a type that it must not be, as the message must show it."""
    texts: list[object] = [request.prompt, request.session, request.run_id]
    parts: list[object] = [*request.attachments]
    wrong = [value for value in texts if not isinstance(value, str)]
    wrong += [item for item in parts if not isinstance(item, Attachment)]
    return repr(wrong[0]) if wrong else None
