"""Waiting for the host: in asyncio, in trio, or with the thread. Giving up a wait ends the wait, and never what is waited for."""

import asyncio
import math
import signal
import threading
import time
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import Future
from concurrent.futures import wait as wait_for_futures
from contextlib import contextmanager, suppress
from typing import Any, Generic, TypeVar

import trio

from finale.errors import FinaleError
from finale.notebook.host import Host, Job
from finale.notebook.wording import Tell, is_ours, spell_out, where_it_is

__all__ = ["Waitable", "ask", "await_job", "block_on"]

_T = TypeVar("_T")
_TICK_S = 0.1


class Waitable(Generic[_T]):
    """Something to wait for: ``await`` it in a cell, or in any task of asyncio or trio; ``wait()`` for it anywhere else.

    As often as you like. Whoever stops waiting, by an interrupt, a cancellation or a timeout, stops nothing else.
    """

    __slots__ = ("_host", "_otherwise", "_seen", "_start")

    def __init__(
        self, host: Host, start: Callable[[], Job[_T]], otherwise: Tell, seen: Callable[[], object] = lambda: None
    ) -> None:
        self._host = host
        self._start = start
        self._otherwise = otherwise  # what is going on although nobody waits
        self._seen = seen

    def __await__(self) -> Generator[Any, Any, _T]:
        return self._wait().__await__()

    def wait(self, timeout_s: float | None = None) -> _T:
        """Block until it is there, in any thread but finale's own.

        Raises:
            TimeoutError: it took longer than ``timeout_s`` seconds.
            KeyboardInterrupt: the wait was interrupted.
        """
        try:
            return block_on(self._host, self._start, self._otherwise, timeout_s)
        finally:
            self._seen()

    async def _wait(self) -> _T:
        try:
            return await await_job(self._start(), self._otherwise)
        finally:
            self._seen()

    def __repr__(self) -> str:
        return f"<to be awaited, or .wait()ed for; {self._otherwise()}>"


def ask(host: Host, function: Callable[[], _T]) -> _T:
    """Call a plain function in the host's thread and return what it returns, or raise what it raises.

    Raises:
        KeyboardInterrupt: while the host was too busy to listen; then the function is not called.
    """
    answer = host.call(function)
    with _interruptible():
        try:
            while not wait_for_futures([answer], _TICK_S).done:
                pass
        except KeyboardInterrupt:
            if not answer.cancel():
                raise
            busy = where_it_is(host.thread.ident) or "a coordinator"
            message = f"nothing was done: the thread of all runs is held up by {busy}, which should await instead of blocking"
            raise spell_out(KeyboardInterrupt(message)) from None
    return _result(answer)


def block_on(host: Host, start: Callable[[], Job[_T]], otherwise: Tell, timeout_s: float | None = None) -> _T:
    """The answer to a job, for which this thread stands still. The rest is as in ``Waitable.wait``."""
    if threading.current_thread() is host.thread:
        raise spell_out(RuntimeError("a wait() here would hold up the thread that all runs live in; use await instead"))
    until = math.inf if timeout_s is None else time.monotonic() + timeout_s
    job = None
    try:
        with _interruptible():
            job = start()
            while not wait_for_futures([job.future], min(_TICK_S, max(until - time.monotonic(), 0))).done:
                if time.monotonic() >= until:
                    break
    except KeyboardInterrupt:
        if job is not None:
            job.give_up()
        raise spell_out(KeyboardInterrupt(f"the wait was interrupted; {otherwise()}")) from None
    if not job.future.done():
        job.give_up()
        raise spell_out(TimeoutError(f"waited for {timeout_s:g} s; {otherwise()}"))
    return _result(job.future)


async def await_job(job: Job[_T], otherwise: Tell) -> _T:
    """The same for a task of trio or asyncio."""
    try:
        await (_in_trio(job.future) if _is_trio() else _in_asyncio(job.future))
    except BaseException as error:
        job.give_up()
        if isinstance(error, asyncio.CancelledError | KeyboardInterrupt) and not error.args:
            error.args = (f"the wait was interrupted; {otherwise()}",)
            spell_out(error)
        raise
    return _result(job.future)


def _is_trio() -> bool:
    try:
        trio.lowlevel.current_task()
    except RuntimeError:
        return False
    return True


async def _in_trio(answer: "Future[Any]") -> None:
    token = trio.lowlevel.current_trio_token()
    there = trio.Event()

    def tell(_: object) -> None:
        with suppress(trio.RunFinishedError):
            token.run_sync_soon(there.set)

    answer.add_done_callback(tell)
    await there.wait()


async def _in_asyncio(answer: "Future[Any]") -> None:
    """Wakes the loop now and then: in a kernel it hears of an interrupt only when it wakes up by itself."""
    loop = asyncio.get_running_loop()
    there: asyncio.Future[None] = loop.create_future()

    def set_there() -> None:
        if not there.done():
            there.set_result(None)

    def tell(_: object) -> None:
        with suppress(RuntimeError):  # the loop is closed
            loop.call_soon_threadsafe(set_there)

    def tick() -> None:
        if not there.done():
            loop.call_later(_TICK_S, tick)

    answer.add_done_callback(tell)
    tick()
    await there


def _result(answer: "Future[_T]") -> _T:
    """What an answer says. Errors that are meant for the caller come without the way that they took in here."""
    error = answer.exception()
    if error is None:
        return answer.result()
    if isinstance(error, FinaleError) or is_ours(error):
        spell_out(error)
    raise error


@contextmanager
def _interruptible() -> Iterator[None]:
    """In a cell with an ``await``, and in ``asyncio.run``, Ctrl-C asks a loop that cannot hear while this thread waits."""
    handler = signal.getsignal(signal.SIGINT)
    asks_a_loop = str(getattr(getattr(handler, "func", handler), "__module__", "")).startswith(("ipykernel.", "asyncio."))
    if not asks_a_loop or threading.current_thread() is not threading.main_thread():
        yield
        return
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, handler)
