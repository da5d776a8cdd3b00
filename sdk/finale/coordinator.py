"""The two seams between a workspace and the work of a run: what you write, and what you are handed."""

import inspect
from collections.abc import Awaitable, Callable
from typing import Any, Protocol, TypeAlias, runtime_checkable

from finale.events import Request

__all__ = ["Coordinator", "CoordinatorFunction", "RunContext", "as_coordinator"]


class RunContext(Protocol):
    """What a coordinator can say about its run while the run is active."""

    @property
    def run_id(self) -> str:
        """The id of this run."""

    @property
    def session(self) -> str:
        """The session that this run holds."""

    async def progress(self, payload: Any) -> None:
        """Report ``payload`` (JSON-able, if it is to leave the process) to all subscribers. A checkpoint."""

    def progress_nowait(self, payload: Any) -> None:
        """The same from synchronous code; no checkpoint."""

    def take_folded(self) -> list[Request]:
        """The requests that were submitted meanwhile with ``when_busy="fold"``, to be answered together with this one.

        Call it where a further prompt can still be taken in. What is taken settles with this run; what never is, gets a turn of
        its own.
        """

    def complete(self, text: str | None = None) -> None:
        """Publish the result now, and go on (cleaning up, say). Nothing that happens later can change this ending."""


@runtime_checkable
class Coordinator(Protocol):
    """Does the work of one run. One object serves all runs of a workspace, several at once if sessions differ.

    An optional ``async def prepare(self) -> None`` is awaited before each run and is part of it: what it raises is the run's
    failure, and the next run prepares again.
    """

    def run(self, request: Request, ctx: RunContext, /) -> Awaitable[str | None]:
        """An async method: do what ``request`` asks.

        Return the text of the answer (the run is completed), raise (failed), or let ``trio.Cancelled`` through when a cancel
        reaches you (cancelled). An error raised while cleaning up after a cancel is attached to the cancelled ending.
        """


CoordinatorFunction: TypeAlias = Callable[[Request, RunContext], Awaitable[str | None]]
"""A plain async function is a coordinator, too."""


class _Function:
    """A coordinator that is a plain function."""

    __slots__ = ("run",)

    def __init__(self, function: CoordinatorFunction) -> None:
        self.run = function


def as_coordinator(target: Any) -> Coordinator:
    """``target`` itself if it has a ``run`` method, else a coordinator that calls it.

    Raises:
        TypeError: ``target`` is a class, or neither has ``run(request, ctx)`` nor can be called, or not with these two.
    """
    if isinstance(target, type):
        raise TypeError(f"{target.__name__} is a class; pass an instance of it: {target.__name__}()")
    if isinstance(target, Coordinator):
        _see_that_it_takes_two(target.run, "run")
        return target
    if callable(target):
        _see_that_it_takes_two(target, getattr(target, "__name__", type(target).__name__))
        return _Function(target)
    raise TypeError(f"{target!r} is no coordinator: it needs an async method run(request, ctx), or to be such a function")


def _see_that_it_takes_two(function: Callable[..., object], name: str) -> None:
    """Now, where the caller is at hand, and not in the first run."""
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):
        return  # a C function may tell nothing
    try:
        signature.bind("request", "ctx")
    except TypeError as error:
        raise TypeError(
            f"{name}{signature} is no coordinator: {error}; it is called with two arguments: async def {name}(request, ctx)"
        ) from None
