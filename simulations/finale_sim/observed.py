"""A coordinator with an observer: whatever it is called with and does goes into the history."""

from collections.abc import Callable
from typing import Any

import trio

from finale import Coordinator, Request, RunContext
from finale_sim.history import History, What

__all__ = ["NotAsync", "Observed"]


class NotAsync(TypeError):
    """A coordinator's method gave something that cannot be awaited."""


class Observed:
    """Wraps any coordinator. What it does to its run is noted before anybody else gets to see it."""

    def __init__(self, coordinator: Coordinator, history: History) -> None:
        self._coordinator = coordinator
        self._history = history

    async def run(self, request: Request, ctx: RunContext) -> str | None:
        """Preparation and call, as the workspace would do them."""
        prepare = getattr(self._coordinator, "prepare", None)
        if prepare is not None:
            self._note(request, What.PREPARING)
            await self._watched(request, "prepare()", prepare)
        self._note(request, What.CALLED)
        observed = _ObservedContext(ctx, self._history)
        value: str | None = await self._watched(request, "run(request, ctx)", self._coordinator.run, request, observed)
        self._note(request, What.RETURNED, value)
        return value

    async def _watched(self, request: Request, name: str, function: Callable[..., Any], *args: Any) -> Any:
        try:
            return await _awaitable(name, function(*args))
        except BaseException as error:
            self._note(request, What.STOPPED if _by_cancellation(error) else What.RAISED, error)
            raise

    def _note(self, request: Request, what: What, detail: Any = None) -> None:
        self._history.note("coordinator", what, request.run_id, request.session, detail)


def _awaitable(name: str, work: Any) -> Any:
    if not hasattr(work, "__await__"):
        raise NotAsync(f"{name} must be async; it returned {type(work).__name__}")
    return work


class _ObservedContext:
    """A ``RunContext`` that tells the history what the coordinator says through it."""

    def __init__(self, ctx: RunContext, history: History) -> None:
        self._ctx = ctx
        self._history = history
        self.run_id = ctx.run_id
        self.session = ctx.session

    async def progress(self, payload: Any) -> None:
        if not self._history.now()[2]:  # else the cancellation comes out of this, before anything is reported
            self._history.note("coordinator", What.REPORTED, self.run_id, self.session, payload)
        await self._ctx.progress(payload)

    def progress_nowait(self, payload: Any) -> None:
        self._ctx.progress_nowait(payload)
        self._history.note("coordinator", What.REPORTED, self.run_id, self.session, payload)

    def take_folded(self) -> list[Request]:
        taken = self._ctx.take_folded()
        for request in taken:
            self._history.note("coordinator", What.FOLDED, request.run_id, request.session, self.run_id)
        return taken

    def complete(self, text: str | None = None) -> None:
        self._ctx.complete(text)  # what it refuses was not published; nobody sees the rest before this function returns
        self._history.note("coordinator", What.PUBLISHED, self.run_id, self.session, text)


def _by_cancellation(error: BaseException) -> bool:
    """Whether a cancellation came out, alone or in a group, or each error was raised while one unwound."""
    return _has_cancelled(error) or _in_cleanup(error)


def _has_cancelled(error: BaseException) -> bool:
    if isinstance(error, BaseExceptionGroup):
        return error.split(trio.Cancelled)[0] is not None
    return isinstance(error, trio.Cancelled)


def _in_cleanup(error: BaseException) -> bool:
    context, seen = error.__context__, {id(error)}
    while context is not None and id(context) not in seen:
        if _has_cancelled(context):
            return True
        seen.add(id(context))
        context = context.__context__
    return isinstance(error, BaseExceptionGroup) and all(_in_cleanup(part) for part in error.exceptions)
