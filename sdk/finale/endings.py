"""How the call of a coordinator ended, judged: a return value or an exception becomes one ``Ending``.

A run is cancelled if something that covers it (a cancel, the closing, a cancellation from outside) stopped it. So an
exception alone decides nothing: ``trio.Cancelled`` that no such thing explains is a failure like any other, and an error
that was raised while a cancellation unwound is a clean-up error of a cancelled run.
"""

import traceback
from typing import Any

import trio

from finale.errors import ContractViolation, shown
from finale.events import ErrorInfo, Status
from finale.record import Ending

__all__ = ["describe", "ending_of_error", "ending_of_value", "must_propagate"]


def ending_of_value(value: Any) -> Ending:
    """What a coordinator's return value means: text or None completes the run, anything else breaks the contract."""
    if value is None or isinstance(value, str):
        return Ending(Status.COMPLETED, value)
    problem = ContractViolation(f"a coordinator returns str or None; this one returned {type(value).__name__}: {shown(value)}")
    return Ending(Status.FAILED, error=describe(problem))


def ending_of_error(error: BaseException, *, covered: bool) -> Ending:
    """What an exception means for the run. ``covered``: something that may stop this run asked it to."""
    cancelled, rest = _split(error)
    if covered and (cancelled is not None or (rest is not None and _raised_in_cleanup(rest))):
        return Ending(Status.CANCELLED, error=describe(rest) if rest is not None else None)
    return Ending(Status.FAILED, error=describe(error))


def must_propagate(error: BaseException, *, cancelled_from_outside: bool) -> BaseException | None:
    """What has to leave the run's task although its run is settled: a stop of the whole program, a cancellation from outside."""
    cancelled, rest = _split(error)
    if rest is not None and not isinstance(rest, Exception):
        return error
    return cancelled if cancelled_from_outside else None


def describe(error: BaseException) -> ErrorInfo:
    """The exception as text. An exception whose ``str`` itself fails is described by its type alone."""
    kind, name = type(error), "BaseException"
    try:
        name = kind.__qualname__ if kind.__module__ in ("builtins", "__main__") else f"{kind.__module__}.{kind.__qualname__}"
        message, text = str(error) + _hint(error), "".join(traceback.format_exception(error))
    except BaseException:  # noqa: BLE001  # how somebody else's exception shows itself may raise anything, and must not end here
        message, text = "<its message could not be read>", ""
    return ErrorInfo(name, message, text)


_ASYNCIO = (
    "; a coordinator runs on trio, and this asks for asyncio: use what trio has for it (trio.sleep, trio.open_nursery …) or a "
    "library that knows trio (httpx, anyio), or wrap what is asyncio's only with trio-asyncio"
)


def _hint(error: BaseException) -> str:
    """What to do about an error whose own words do not help somebody who comes from asyncio."""
    parts = [error]
    while parts:
        part = parts.pop()
        if isinstance(part, BaseExceptionGroup):
            parts.extend(part.exceptions)
        elif part.args and isinstance(said := part.args[0], str):  # not str(part), which may be somebody else's code
            of_asyncio = type(part) is RuntimeError and said.startswith(
                ("no running event loop", "There is no current event loop")
            )
            if of_asyncio or (type(part) is TypeError and said.startswith("trio.run received unrecognized yield message")):
                return _ASYNCIO
    return ""


def _split(error: BaseException) -> tuple[BaseException | None, BaseException | None]:
    """The part that is cancellation, and the rest."""
    if isinstance(error, BaseExceptionGroup):
        try:
            return error.split(trio.Cancelled)
        except Exception:  # noqa: BLE001  # split() calls the group's own derive(), somebody else's code like __str__ above
            return None, error
    return (error, None) if isinstance(error, trio.Cancelled) else (None, error)


def _raised_in_cleanup(error: BaseException) -> bool:
    """Whether each leaf of ``error`` was raised while a cancellation unwound: it is somewhere in the leaf's context."""
    parts = [error]  # not by recursion: groups may be nested deeper than calls
    while parts:
        part = parts.pop()
        if _cancellation_in_context(part):
            continue
        if not isinstance(part, BaseExceptionGroup):
            return False
        parts.extend(part.exceptions)
    return True


def _cancellation_in_context(error: BaseException) -> bool:
    seen: set[int] = set()
    context = error.__context__
    while context is not None and id(context) not in seen:
        if _split(context)[0] is not None:
            return True
        seen.add(id(context))
        context = context.__context__
    return False
