"""Waiting in asyncio, in trio, and with a thread."""

import asyncio
import functools
import os
import signal
import threading
from collections.abc import Callable, Iterator

import pytest
import trio

import finale
from finale import notebook
from finale.journal import MemoryJournal
from finale.notebook.host import the_host
from finale.notebook.waiting import block_on
from tests.finale.notebook.helpers import agent


@pytest.fixture(scope="module")
def ws() -> Iterator[notebook.Workspace]:
    workspace = notebook.open_workspace(agent)
    yield workspace
    workspace.close().wait()


def test_a_thread_waits(ws: notebook.Workspace) -> None:
    """For the terminal event, for the text, for the acceptance; as often as it likes."""
    run = ws.submit("hello", session="s1")
    assert run.accepted().wait() is None
    assert [run.wait().text, run.wait().text, run.result().wait()] == ["HELLO"] * 3
    assert run.complete == run.wait()


def test_asyncio_awaits(ws: notebook.Workspace) -> None:
    """One run or many, with what asyncio has for it."""

    async def main() -> None:
        one, two = ws.submit("one", session="s1"), ws.submit("two", session="s2")
        assert (await one).text == "ONE"
        assert await one.result() == "ONE"
        assert [ending.text for ending in await asyncio.gather(one, two)] == ["ONE", "TWO"]
        await ws.wait_idle()

    asyncio.run(main())


async def test_trio_awaits(ws: notebook.Workspace) -> None:
    """In a loop that is not that of the runs."""
    run = ws.submit("hello", session="s1")
    assert (await run).text == "HELLO"
    assert await run.result() == "HELLO"


def test_a_coordinator_awaits_other_runs(ws: notebook.Workspace) -> None:
    """In the very thread in which they live; blocking there is refused, for nothing could ever end it."""

    async def asks_another(request: finale.Request, ctx: finale.RunContext) -> str | None:
        run = ws.submit("never", session="inner")
        with pytest.raises(RuntimeError, match="use await instead"):
            run.wait()
        run.cancel(by="its colleague")
        return (await run).cancelled_by

    with notebook.open_workspace(asks_another) as other:
        assert other.submit("ask", session="s1").result().wait() == "its colleague"


def test_a_timeout_ends_the_wait(ws: notebook.Workspace) -> None:
    """By ``wait()``, by asyncio and by trio; the run goes on, and can be cancelled."""
    run = ws.submit("never", session="s1")
    with pytest.raises(TimeoutError, match=rf"waited for 0\.01 s; run {run.run_id} goes on"):
        run.wait(0.01)

    async def in_asyncio() -> None:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(run, 0.01)

    async def in_trio() -> None:
        with trio.move_on_after(0.01) as scope:
            await run
        assert scope.cancelled_caught

    asyncio.run(in_asyncio())
    trio.run(in_trio)
    assert run.cancel()
    assert not run.cancel()
    assert run.wait().status is finale.Status.CANCELLED
    with pytest.raises(finale.RunCancelled):
        run.result().wait()


def test_waits_that_were_given_up_leave_nothing_behind(ws: notebook.Workspace) -> None:
    """A loop that looks now and then costs the same after a thousand times."""
    run = ws.submit("never", session="s1")

    async def in_asyncio() -> None:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(run, 0.001)

    async def in_trio() -> None:
        with trio.move_on_after(0.001):
            await run

    for _ in range(5):
        with pytest.raises(TimeoutError):
            run.wait(0)
        asyncio.run(in_asyncio())
        trio.run(in_trio)
    while len(ws._host._nursery.child_tasks) > 1:  # that which keeps the workspace open
        ws.statistics()
    assert run.cancel()


def test_an_error_has_no_frames_of_the_thread_in_it(ws: notebook.Workspace) -> None:
    """What is raised is one exception of its own for everybody who asks, without cause or context."""
    run = ws.submit("fails", session="s1")
    errors = []
    for _ in range(2):
        with pytest.raises(finale.RunFailed, match="this is a failure") as caught:
            run.result().wait()
        errors.append(caught.value)
    assert errors[0] is not errors[1]
    assert (errors[0].__cause__, errors[0].__context__) == (None, None)
    assert not [frame for frame in caught.traceback if str(frame.path).endswith("host.py")]


def test_an_error_of_somebody_elses_keeps_its_way() -> None:
    """What a journal of the user's raises is to be found in the journal."""

    class Broken(MemoryJournal):
        async def read(self, after: int = 0) -> list[finale.Event]:
            raise ValueError("no such file")

    with pytest.raises(ValueError, match="no such file") as caught:
        notebook.open_workspace(agent, journal=Broken())
    assert caught.traceback[-1].name == "read"


async def interrupts() -> None:
    """A job that never ends, and sends a Ctrl-C to whoever has begun to wait for it."""
    os.kill(os.getpid(), signal.SIGINT)
    await trio.sleep_forever()


def kernels_handler(*_: object) -> None:
    """As a kernel has it for a cell with an ``await``: it asks a loop, which does not run while a thread blocks it."""


kernels_handler.__module__ = "ipykernel.ipkernel"
runners_handler = functools.partial(asyncio.Runner._on_sigint, asyncio.Runner())


@pytest.mark.parametrize("handler", [signal.default_int_handler, kernels_handler, runners_handler])
def test_an_interrupt_is_heard_whoever_handles_it(handler: Callable[..., object]) -> None:
    """It says what goes on, and the handler is the one from before."""
    before = signal.signal(signal.SIGINT, handler)
    host = the_host()
    try:
        with pytest.raises(KeyboardInterrupt, match="the wait was interrupted; it goes on"):
            block_on(host, lambda: host.start(interrupts), lambda: "it goes on")
        assert signal.getsignal(signal.SIGINT) is handler
    finally:
        signal.signal(signal.SIGINT, before)


def test_a_handler_of_the_programs_own_is_left_alone() -> None:
    """A server that shuts down gracefully goes on doing so."""
    heard, host = threading.Event(), the_host()

    def own(*_: object) -> None:
        heard.set()

    async def interrupts_and_ends() -> str:
        os.kill(os.getpid(), signal.SIGINT)
        return "the answer"

    before = signal.signal(signal.SIGINT, own)
    try:
        assert block_on(host, lambda: host.start(interrupts_and_ends), str) == "the answer"
        assert heard.wait(10)
    finally:
        signal.signal(signal.SIGINT, before)


def test_any_thread_may_wait(ws: notebook.Workspace) -> None:
    """Several at once."""
    run = ws.submit("hello", session="s1")
    texts: list[str | None] = []
    threads = [threading.Thread(target=lambda: texts.append(run.wait().text)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert texts == ["HELLO"] * 3


def test_a_cancelled_task_is_told_what_goes_on(ws: notebook.Workspace) -> None:
    """It is asyncio's own exception, with a message."""
    run = ws.submit("never", session="s1")

    async def main() -> None:
        task = asyncio.ensure_future(run)
        await asyncio.sleep(0)
        task.cancel()
        await task

    with pytest.raises(asyncio.CancelledError, match=f"the wait was interrupted; run {run.run_id} goes on: wait for it again"):
        asyncio.run(main())
    assert run.cancel()


def test_it_shows_how_to_wait(ws: notebook.Workspace) -> None:
    """Who forgets the ``await`` sees what this is."""
    run = ws.submit("hello", session="s1")
    run.wait()
    assert repr(run.result()) == f"<to be awaited, or .wait()ed for; run {run.run_id} has ended: completed>"
