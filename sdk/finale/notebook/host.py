"""The thread in which runs live: one for the process, with a trio loop that nobody else runs anything in.

Rules:

1. Whatever touches a workspace does so in this thread, and gets there through the loop's token.
2. What somebody waits for is a ``Job``: it may be given up without harm, and it is answered whatever becomes of the thread.
3. The thread is a daemon and begins with the first use, in an empty context, so that nothing of the cell that happened to be
   first sticks to it. It ends with the interpreter, which gives runs a moment to clean up.
4. The list of living threads is where it is found again. That outlives a reload of this module, and is right after a fork.
"""

import atexit
import contextvars
import threading
from collections.abc import Awaitable, Callable
from concurrent.futures import Future
from contextlib import suppress
from functools import partial
from typing import Any, Generic, TypeVar, TypeVarTuple

import trio

from finale.errors import FinaleError

__all__ = ["CLEANUP_S", "Host", "Job", "the_host"]

# A Jupyter server sends SIGTERM 2.5 s after it has asked a kernel to end: until then endings must be told.
CLEANUP_S = 1.2  # how long runs may clean up when the interpreter ends
_FAREWELL_S = 2.2  # how long the interpreter waits for all of it

_T = TypeVar("_T")
_Args = TypeVarTuple("_Args")
_starting = threading.Lock()


class Job(Generic[_T]):
    """Something that the host is asked for. ``future`` gets the answer, in any case."""

    __slots__ = ("_function", "_host", "_scope", "future")

    def __init__(self, host: "Host", function: Callable[[], Awaitable[_T]]) -> None:
        self.future: Future[_T] = Future()
        self._host = host
        self._function = function
        self._scope = trio.CancelScope()

    def give_up(self) -> None:
        """Nobody waits for the answer any more."""
        if not self.future.cancel():
            with suppress(FinaleError):
                self._host.soon(self._scope.cancel)

    async def run(self) -> None:
        """In the host's thread."""
        if not self.future.set_running_or_notify_cancel():
            return
        error: BaseException = _gone()
        try:
            with self._scope:
                self.future.set_result(await self._function())
        except trio.Cancelled:
            raise
        except BaseException as raised:  # noqa: BLE001  # whatever it is, it is for who waits, and not for the other jobs
            error = raised
        finally:
            if not self.future.done():
                self.future.set_exception(error)


class Host:
    """The thread and its loop. Use ``the_host()``."""

    def __init__(self) -> None:
        self._token: trio.lowlevel.TrioToken
        self._nursery: trio.Nursery
        self._open = False
        started = threading.Event()
        self.thread = threading.Thread(target=self._main, args=(started,), name="finale", daemon=True)
        setattr(self.thread, _MARK, self)
        contextvars.Context().run(self.thread.start)
        started.wait()
        atexit.register(self.stop)

    def soon(self, function: Callable[[*_Args], object], *args: *_Args) -> None:
        """Have a function, which must not raise, called in the host's thread.

        Raises:
            FinaleError: the thread is gone.
        """
        if not self.thread.is_alive():  # so it is in a child that this process has forked, too
            raise _gone()
        try:
            self._token.run_sync_soon(partial(function, *args))
        except trio.RunFinishedError:
            raise _gone() from None

    def call(self, function: Callable[[*_Args], _T], *args: *_Args) -> "Future[_T]":
        """Have a plain function called in the host's thread. Cancelling the future before that withdraws the call."""
        answer: Future[_T] = Future()
        if threading.current_thread() is self.thread:
            _answer(answer, partial(function, *args))
        else:
            self.soon(_answer, answer, partial(function, *args))
        return answer

    def start(self, function: Callable[[*_Args], Awaitable[_T]], *args: *_Args) -> Job[_T]:
        """Have an async function run in the host's thread, beside everything else there."""
        job = Job(self, partial(function, *args))
        self.soon(self._start, job)
        return job

    def stop(self) -> None:
        """End all workspaces, and wait a moment for it. What is not over by then ends with the process."""
        with suppress(FinaleError):
            self.soon(self._stop)
        self.thread.join(_FAREWELL_S)

    @property
    def stopping(self) -> bool:
        """Whether the interpreter is about to end."""
        return not self._open

    def _start(self, job: Job[Any]) -> None:
        if self._open:
            self._nursery.start_soon(job.run)
        elif job.future.set_running_or_notify_cancel():  # trio calls what comes in while its loop ends, too
            job.future.set_exception(_gone())

    def _stop(self) -> None:
        self._open = False
        self._nursery.cancel_scope.cancel()

    def _main(self, started: threading.Event) -> None:
        try:
            trio.run(self._live, started)
        finally:
            self._open = False
            started.set()

    async def _live(self, started: threading.Event) -> None:
        self._token = trio.lowlevel.current_trio_token()
        async with trio.open_nursery() as self._nursery:
            self._open = True
            started.set()
            await trio.sleep_forever()


_MARK = "finale_host"


def the_host() -> Host:
    """That of this process. It is started if need be."""
    with _starting:
        found = (getattr(thread, _MARK, None) for thread in threading.enumerate())
        return next((host for host in found if host is not None), None) or Host()


def _answer(answer: "Future[_T]", function: Callable[[], _T]) -> None:
    if answer.set_running_or_notify_cancel():
        try:
            answer.set_result(function())
        except BaseException as error:  # noqa: BLE001  # it is raised where the call came from
            answer.set_exception(error)


def _gone() -> FinaleError:
    return FinaleError("the thread that runs live in is gone: it ends with the interpreter, and a forked child has none")
