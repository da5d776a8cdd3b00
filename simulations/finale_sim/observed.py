"""A coordinator with an observer: whatever it is called with and does goes into the history."""

from collections.abc import Awaitable
from typing import Any

import trio

from finale import Coordinator, Request, RunContext
from finale_sim.history import History, What

__all__ = ["Observed"]


class Observed:
    """Wraps any coordinator. What it does to its run is noted before the workspace gets to know it."""

    def __init__(self, coordinator: Coordinator, history: History) -> None:
        self._coordinator = coordinator
        self._history = history

    async def run(self, request: Request, ctx: RunContext) -> str | None:
        """Preparation and call, as the workspace would do them."""
        prepare = getattr(self._coordinator, "prepare", None)
        if prepare is not None:
            self._note(request, What.PREPARING)
            await self._watched(request, prepare())
        self._note(request, What.CALLED)
        value: str | None = await self._watched(request, self._coordinator.run(request, _ObservedContext(ctx, self._history)))
        self._note(request, What.RETURNED, value)
        return value

    async def _watched(self, request: Request, work: Awaitable[Any]) -> Any:
        try:
            return await work
        except BaseException as error:
            cancelled = (
                error.split(trio.Cancelled)[0] if isinstance(error, BaseExceptionGroup) else isinstance(error, trio.Cancelled)
            )
            self._note(request, What.STOPPED if cancelled or _in_cleanup(error) else What.RAISED, error)
            raise

    def _note(self, request: Request, what: What, detail: Any = None) -> None:
        self._history.note("coordinator", what, request.run_id, request.session, detail)


class _ObservedContext:
    """A ``RunContext`` that tells the history what the coordinator says through it."""

    def __init__(self, ctx: RunContext, history: History) -> None:
        self._ctx = ctx
        self._history = history
        self.run_id = ctx.run_id
        self.session = ctx.session

    async def progress(self, payload: Any) -> None:
        self._history.note("coordinator", What.REPORTED, self.run_id, self.session, payload)
        await self._ctx.progress(payload)

    def progress_nowait(self, payload: Any) -> None:
        self._history.note("coordinator", What.REPORTED, self.run_id, self.session, payload)
        self._ctx.progress_nowait(payload)

    def take_folded(self) -> list[Request]:
        taken = self._ctx.take_folded()
        for request in taken:
            self._history.note("coordinator", What.FOLDED, request.run_id, request.session, self.run_id)
        return taken

    def complete(self, text: str | None = None) -> None:
        self._history.note("coordinator", What.PUBLISHED, self.run_id, self.session, text)
        self._ctx.complete(text)


def _in_cleanup(error: BaseException) -> bool:
    """Whether the error was raised while a cancellation unwound."""
    context, seen = error.__context__, {id(error)}
    while context is not None and id(context) not in seen:
        if isinstance(context, trio.Cancelled):
            return True
        seen.add(id(context))
        context = context.__context__
    return False
