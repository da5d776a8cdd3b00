"""What ``submit`` returns here: one run, for those who are not in its loop."""

from collections.abc import Awaitable, Callable, Generator
from functools import partial
from typing import Any, TypeVar

from finale.events import Request, RunComplete, Status
from finale.handle import RunHandle
from finale.notebook.events import Events
from finale.notebook.host import Host
from finale.notebook.view import View
from finale.notebook.waiting import Waitable, ask
from finale.runs import RunState

__all__ = ["Run"]

_T = TypeVar("_T")


class Run:
    """One accepted run: ``await`` it, or ``wait()`` for it, and get its terminal event. Shown in a cell, it shows how it goes on.

    Its methods may be called in any thread, and in tasks of asyncio and trio. What they do is that of ``finale.RunHandle``.
    """

    def __init__(self, host: Host, handle: RunHandle) -> None:
        self._host = host
        self._handle = handle
        self._view = View(host, handle)
        self._ending: Waitable[RunComplete] = self._waitable(handle.wait)

    # These are read where they are: each is one value, and a display must not have to wait for a thread that is held up.

    @property
    def run_id(self) -> str:
        """The run's id: the caller's own, or the one that the workspace made."""
        return self._handle.run_id

    @property
    def session(self) -> str:
        """The session that the run belongs to."""
        return self._handle.session

    @property
    def request(self) -> Request:
        """What was submitted."""
        return self._handle.request

    @property
    def state(self) -> RunState:
        """Where the run is in its life, as of now."""
        return self._handle.state

    @property
    def status(self) -> Status | None:
        """How the run ended; None as long as it has not."""
        return self._handle.status

    @property
    def complete(self) -> RunComplete | None:
        """The run's terminal event, as soon as it is published."""
        return self._handle.complete

    @property
    def position(self) -> int | None:
        """How many runs of the session start before this one while it waits, else None."""
        return ask(self._host, lambda: self._handle.position)

    def __await__(self) -> Generator[Any, Any, RunComplete]:
        return self._ending.__await__()

    def wait(self, timeout_s: float | None = None) -> RunComplete:
        """Block until the run has ended, in any thread but finale's own, and return its terminal event.

        Raises:
            TimeoutError: it took longer than ``timeout_s`` seconds. The run goes on.
            KeyboardInterrupt: the wait was interrupted. The run goes on.
        """
        return self._ending.wait(timeout_s)

    def result(self) -> Waitable[str | None]:
        """The text of the completed run: ``await run.result()``, or ``run.result().wait()``.

        Raises:
            RunFailed: when it is waited for; the run failed, and ``complete`` is its terminal event.
            RunCancelled: the same for a run that was cancelled.
        """
        return self._waitable(self._handle.result)

    def accepted(self) -> Waitable[None]:
        """Done when the acceptance is as durable as the workspace's journal can make it.

        Raises:
            JournalError: when it is waited for; the acceptance will not survive the process. The run goes on all the same.
        """
        return self._waitable(self._handle.accepted)

    def events(self) -> Events:
        """The run's events from its acceptance to its terminal event, for ``for`` or ``async for``, as often as it is called."""
        return Events(self._host, ask(self._host, self._handle.events), self._otherwise)

    def cancel(self, by: str = "the caller") -> bool:
        """Cancel the run. Whether this call did it: False if it was cancelled before or has ended."""
        return ask(self._host, partial(self._handle.cancel, by))

    def terminate(self, by: str = "the caller") -> bool:
        """Cancel the run and settle it at once. Whether this settled it, as with ``finale.RunHandle``."""
        return ask(self._host, partial(self._handle.terminate, by))

    def seen(self) -> None:
        """Somebody in a cell has waited for more than this run: what shows it there is brought up to date."""
        self._view.seen()

    def _waitable(self, function: Callable[[], Awaitable[_T]]) -> Waitable[_T]:
        return Waitable(self._host, partial(self._host.start, function), self._otherwise, self._view.seen)

    def _otherwise(self) -> str:
        if self._handle.status is not None:
            return f"run {self.run_id} has ended: {self._handle.status}"
        return f"run {self.run_id} goes on: wait for it again, or cancel() it"

    def __repr__(self) -> str:
        return f"<Run {self.run_id} of session {self.session}: {self._handle.status or self.state.value}>"

    def _ipython_display_(self) -> None:
        self._view.show()

    def _repr_mimebundle_(self, **_: object) -> dict[str, str]:
        return self._view.bundle()
