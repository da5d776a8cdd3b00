"""The thread in which runs live."""

import contextvars
import importlib
import subprocess
import sys
import threading
from concurrent.futures import Future

import pytest
import trio

import finale
from finale import notebook
from finale.notebook import host as module
from finale.notebook.host import Host, Job, the_host


def test_there_is_one_for_the_process() -> None:
    """Also after its module was loaded anew, as notebooks do when a file changes; and it is a daemon."""
    host = the_host()
    again = importlib.reload(module)
    try:
        assert again.the_host() is host
        assert again.Host is not Host
    finally:
        module.Host, module.Job, module.the_host = Host, Job, the_host  # type: ignore[misc]
    assert [thread for thread in threading.enumerate() if thread.name == "finale"] == [host.thread]
    assert host.thread.daemon


def test_importing_it_starts_nothing() -> None:
    """The thread begins with the first workspace."""
    code = "from threading import active_count; import finale.notebook as it; print(active_count()); it.open_workspace(print)"
    code += "; print(active_count())"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split() == ["1", "2"]


def test_nothing_of_the_first_cell_sticks_to_runs() -> None:
    """A coordinator sees no context variable of whoever opened the workspace or submitted the run."""
    variable = contextvars.ContextVar("variable", default="nothing")
    variable.set("something")

    async def looks(request: finale.Request, ctx: finale.RunContext) -> str:
        return variable.get()

    with notebook.open_workspace(looks) as ws:
        assert ws.submit("look", session="s1").wait().text == "nothing"


def test_a_call_that_was_cancelled_in_time_is_not_made() -> None:
    """Withdrawn before the thread had a moment for it, it leaves no trace."""
    host, busy, go_on, called = the_host(), threading.Event(), threading.Event(), list[int]()

    def blocks() -> None:
        busy.set()
        go_on.wait()

    first = host.call(blocks)
    busy.wait()
    second = host.call(called.append, 1)
    assert second.cancel()
    go_on.set()
    first.result()
    host.call(int).result()
    assert called == []


def test_a_job_that_was_given_up_ends() -> None:
    """Whether it had begun or not; and its future is answered, for it may be shared."""
    host, ended = the_host(), Future[str]()

    async def waits() -> None:
        try:
            await trio.sleep_forever()
        finally:
            ended.set_result("ended")

    job = host.start(waits)
    host.call(int).result()
    while not job.future.running():
        host.call(int).result()
    job.give_up()
    assert ended.result() == "ended"
    assert isinstance(job.future.exception(), finale.FinaleError)
    never = host.start(waits)
    never.give_up()
    assert never.future.done() or isinstance(never.future.exception(), finale.FinaleError)


def test_what_a_job_raises_is_its_own_business() -> None:
    """Even SystemExit, which kills other portals, leaves the thread alive."""

    async def exits() -> None:
        raise SystemExit(3)

    host = the_host()
    assert isinstance(host.start(exits).future.exception(), SystemExit)
    assert host.call(lambda: 1 + 1).result() == 2
    assert isinstance(host.call(lambda: 1 // 0).exception(), ZeroDivisionError)


def test_a_host_that_has_stopped_answers_everybody() -> None:
    """Who waits is told, and who comes later is, too. Stopping twice is harmless."""
    host = Host()
    job = host.start(trio.sleep_forever)
    host.stop()
    host.stop()
    assert not host.thread.is_alive()
    assert isinstance(job.future.exception(), finale.FinaleError)
    with pytest.raises(finale.FinaleError, match="the thread that runs live in is gone"):
        host.call(int)
    with pytest.raises(finale.FinaleError, match="the thread that runs live in is gone"):
        host.start(trio.sleep_forever)


def test_a_loop_that_breaks_answers_everybody(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits for a thread that is gone, whatever it died of."""
    monkeypatch.setattr(threading, "excepthook", lambda _: None)
    host, jobs = Host(), list[Job[None]]()

    def breaks() -> None:
        host.soon(lambda: 1 // 0)
        jobs.append(host.start(trio.sleep_forever))  # comes right behind it

    jobs.append(host.start(trio.sleep_forever))
    host.soon(breaks)
    host.thread.join()
    assert len(jobs) == 2
    assert all(isinstance(job.future.exception(timeout=10), finale.FinaleError) for job in jobs)
