"""A workspace that lives in the host's thread until it is closed, or the interpreter ends."""

import inspect
import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, suppress
from functools import partial
from types import TracebackType
from typing import Any, ParamSpec, Self, TypeVar
from weakref import WeakValueDictionary, finalize

import trio

import finale
from finale.coordinator import Coordinator, CoordinatorFunction
from finale.errors import FinaleError
from finale.events import Attachment
from finale.handle import RunHandle
from finale.notebook.events import Events
from finale.notebook.host import CLEANUP_S, Host, the_host
from finale.notebook.run import Run
from finale.notebook.waiting import Waitable, ask, block_on
from finale.views import Statistics
from finale.workspace import WhenBusy

__all__ = ["Workspace", "open_workspace"]

_P = ParamSpec("_P")
_R = TypeVar("_R")

# Without a handler the warnings of background runs would be printed, under whichever cell happens to run.
logging.getLogger("finale").addHandler(logging.NullHandler())


def _with_the_options_of(function: Callable[_P, object]) -> Callable[[Callable[..., _R]], Callable[_P, _R]]:
    """For help() and completion: it takes what ``function`` takes."""

    def same(face: Callable[..., _R]) -> Callable[_P, _R]:
        returns = inspect.signature(face).return_annotation
        vars(face)["__signature__"] = inspect.signature(function).replace(return_annotation=returns)
        return face

    return same


@_with_the_options_of(finale.open_workspace)
def open_workspace(coordinator: Coordinator | CoordinatorFunction, **options: Any) -> "Workspace":
    """Open a workspace that lives on when the cell has ended; otherwise as ``finale.open_workspace``, with the same options.

    It ends with ``close()``, with the ``with`` block around it, or with the interpreter, which gives its runs about a second.
    One that nothing refers to any more closes when its runs have ended. Returns when the journal has been read.

    Raises:
        TypeError: ``coordinator`` is none.
        ValueError: an option is out of its range.
        JournalError: the journal has events that no workspace wrote in this order.
    """
    host = the_host()
    keeper = _Keeper(finale.open_workspace(coordinator, **options), host)
    life = host.start(keeper.keep)
    try:
        opened = block_on(host, partial(host.start, keeper.wait_opened), lambda: "the workspace was not opened")
    except BaseException:
        life.give_up()
        raise
    return Workspace(host, keeper, opened)


class _Keeper:
    """Holds a workspace open, in the host's thread."""

    def __init__(self, opening: AbstractAsyncContextManager[finale.Workspace], host: Host) -> None:
        self._opening = opening
        self._host = host
        self._workspace: finale.Workspace | None = None
        self._decided = trio.Event()  # whether it is open
        self._leaving = trio.Event()
        self._patient = False
        self._closed = trio.Event()
        self._error: BaseException | None = None

    async def keep(self) -> None:
        """From the opening to the end."""
        try:
            async with self._opening as self._workspace:
                self._decided.set()
                await self._stay(self._workspace)
        except trio.Cancelled:
            raise
        except BaseException as error:  # noqa: BLE001  # told to whoever opens or closes; the thread lives on for other workspaces
            self._error = error
        finally:
            self._decided.set()
            self._closed.set()

    async def _stay(self, workspace: finale.Workspace) -> None:
        try:
            await self._leaving.wait()
            if self._patient:
                await workspace.wait_idle()
        except trio.Cancelled:
            if self._host.stopping:
                by = "the program ended"
                workspace.close(by)
                with trio.move_on_after(CLEANUP_S, shield=True):
                    await workspace.wait_idle()
                for run in workspace.runs():
                    run.terminate(by)
            raise

    async def wait_opened(self) -> finale.Workspace:
        """The workspace, or why there is none."""
        await self._decided.wait()
        if self._workspace is None:
            raise self._error or FinaleError("the workspace was not opened: the program ends")
        return self._workspace

    async def wait_closed(self) -> None:
        """Return when all is over."""
        await self._closed.wait()
        if self._error is not None:
            raise FinaleError(f"the workspace ended with an error of a run or of the journal: {self._error!r}")

    def leave(self, *, patient: bool = False) -> None:
        """Leave the ``async with`` block, when all runs have ended if ``patient``."""
        self._patient = patient
        self._leaving.set()


def _forget(host: Host, keeper: _Keeper) -> None:
    with suppress(FinaleError):
        host.soon(partial(keeper.leave, patient=True))


class Workspace:
    """Owner of runs, for those who are not in its loop.

    Its methods may be called in any thread, and in tasks of asyncio and trio. What they do is that of ``finale.Workspace``.
    """

    def __init__(self, host: Host, keeper: _Keeper, workspace: finale.Workspace) -> None:
        self._host = host
        self._keeper = keeper
        self._workspace = workspace
        self._known: WeakValueDictionary[str, Run] = WeakValueDictionary()
        finalize(self, _forget, host, keeper).atexit = False

    def submit(
        self,
        prompt: str,
        session: str,
        *,
        run_id: str | None = None,
        attachments: Sequence[Attachment] = (),
        metadata: Mapping[str, Any] | None = None,
        when_busy: WhenBusy = "enqueue",
    ) -> Run:
        """Have a prompt worked on. Returns at once, with the accepted run; its work goes on in the background.

        Raises:
            Rejected: it was not accepted, and nothing was recorded. The subclass says why.
            TypeError: an argument is not of its type.
            ValueError: ``when_busy`` is none of its words.
        """
        options: dict[str, Any] = {"run_id": run_id, "attachments": attachments, "metadata": metadata, "when_busy": when_busy}
        return self._run(ask(self._host, partial(self._workspace.submit, prompt, session, **options)))

    def cancel(self, session: str, by: str = "the caller") -> int:
        """Cancel all runs of the session that have not ended, and none that are submitted later. How many this call covered."""
        return ask(self._host, partial(self._workspace.cancel, session, by))

    def terminate(self, session: str, by: str = "the caller") -> int:
        """Cancel all runs of the session and settle them at once. How many were settled."""
        return ask(self._host, partial(self._workspace.terminate, session, by))

    def clear_queue(self, session: str, by: str = "the caller") -> int:
        """Cancel the runs of the session that wait, and leave the active one alone. How many they were."""
        return ask(self._host, partial(self._workspace.clear_queue, session, by))

    def close(self, by: str = "the workspace closed") -> Waitable[None]:
        """Take no more requests, and cancel everything that has not ended. To wait for the rest: ``await``, or ``.wait()``.

        Raises:
            FinaleError: when it is waited for; an error that means "stop the program", of a run or the journal, ended it.
        """

        def close() -> None:
            self._workspace.close(by)
            self._keeper.leave()

        ask(self._host, close)
        wait_closed = partial(self._host.start, self._keeper.wait_closed)
        return Waitable(self._host, wait_closed, lambda: "the closing goes on", self._seen)

    def subscribe(self, *, session: str | None = None, run_id: str | None = None, since: int | None = None) -> Events:
        """Events from now on, or all behind ``since``: of everything, of one session, or of one run.

        Raises:
            ValueError: ``since`` is negative.
        """
        subscribe = partial(self._workspace.subscribe, session=session, run_id=run_id, since=since)
        return Events(self._host, ask(self._host, subscribe), lambda: "the runs go on")

    def run(self, run_id: str) -> Run | None:
        """The run with this id, in flight or remembered."""
        handle = ask(self._host, partial(self._workspace.run, run_id))
        return None if handle is None else self._run(handle)

    def runs(self) -> tuple[Run, ...]:
        """The runs in flight, in order of acceptance."""
        return tuple(map(self._run, ask(self._host, self._workspace.runs)))

    def wait_idle(self, session: str | None = None) -> Waitable[None]:
        """Done when no run (of the session) is in flight and the task of none is cleaning up."""
        wait_idle = partial(self._host.start, self._workspace.wait_idle, session)
        return Waitable(self._host, wait_idle, lambda: "the runs go on", self._seen)

    def statistics(self) -> Statistics:
        """Counts as of now."""
        return ask(self._host, self._workspace.statistics)

    def _seen(self) -> None:
        for run in list(self._known.values()):
            run.seen()

    def _run(self, handle: RunHandle) -> Run:
        """The same object for the same run, so that it has one view."""
        return self._known.setdefault(handle.run_id, Run(self._host, handle))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if kind is not None:
            self.close().wait()
            return
        ask(self._host, self._keeper.leave)
        otherwise = "the runs go on, and the workspace closes behind them; close() cancels them"
        block_on(self._host, partial(self._host.start, self._keeper.wait_closed), lambda: otherwise)

    def __repr__(self) -> str:
        return "<Workspace in the background: submit(), cancel(), runs(), close() …>"
