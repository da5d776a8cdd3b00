"""A workspace that lives beside the program."""

import gc
import inspect
import logging
import weakref

import pytest
import trio

import finale
from finale import notebook
from finale.journal import MemoryJournal
from tests.finale.notebook.helpers import agent


def test_it_takes_the_options_of_the_other_one() -> None:
    """Whoever asks for help sees them, and wrong ones are told at once, in one step."""
    ours, other = inspect.signature(notebook.open_workspace), inspect.signature(finale.open_workspace)
    assert list(ours.parameters.values()) == list(other.parameters.values())
    with pytest.raises(TypeError, match="3 is no coordinator") as caught:
        notebook.open_workspace(3)  # type: ignore[arg-type]
    assert caught.value._render_traceback_()[0].startswith("TypeError: 3 is no coordinator: it needs an async method run")
    with pytest.raises(ValueError, match="grace_s is -1"):
        notebook.open_workspace(agent, grace_s=-1)
    with pytest.raises(TypeError, match="unknown"):
        notebook.open_workspace(agent, unknown=1)  # type: ignore[call-arg]


def test_its_methods_are_those_of_the_other_one() -> None:
    """What differs is that waiting can be awaited or blocked on; and one asks for sessions through runs."""
    public = {name for name in vars(finale.Workspace) if not name.startswith("_")}
    assert public - set(vars(notebook.Workspace)) == {"session"}
    handle = {name for name in vars(finale.RunHandle) if not name.startswith("_")}
    assert handle - set(vars(notebook.Run)) == set()


def test_a_rejected_request_raises_and_leaves_no_trace() -> None:
    """Here and now, as itself."""
    with notebook.open_workspace(agent, queue_limit=1, on_exit="cancel") as ws:
        with pytest.raises(finale.EmptyPrompt):
            ws.submit("", session="s1")
        ws.submit("never", session="s1")
        ws.submit("one", session="s1")
        with pytest.raises(finale.QueueFull) as caught:
            ws.submit("two", session="s1")
        assert caught.value.__context__ is None
        assert ws.statistics().accepted == 2


def test_the_same_run_is_the_same_object() -> None:
    """However one came by it, so that it has one view."""
    with notebook.open_workspace(agent, on_exit="cancel") as ws:
        run = ws.submit("never", session="s1", run_id="r1", metadata={"a": 1})
        waiting = ws.submit("hello", session="s1")
        assert ws.submit("never", session="s1", run_id="r1", metadata={"a": 1}) is run
        assert ws.run("r1") is run
        assert ws.runs() == (run, waiting)
        assert ws.run("r2") is None
        assert (run.run_id, run.session, run.request.metadata) == ("r1", "s1", {"a": 1})
        assert (run.state, run.status, run.complete, run.position) == (finale.RunState.ACTIVE, None, None, None)
        assert (waiting.state, waiting.position) == (finale.RunState.WAITING, 0)
        assert repr(run) == "<Run r1 of session s1: active>"
    assert repr(run) == "<Run r1 of session s1: cancelled>"


def test_there_are_two_words_for_stopping() -> None:
    """For a session, its queue, and a run; each tells what it did."""
    with notebook.open_workspace(agent) as ws:
        one, two, three = [ws.submit("never", session="s1") for _ in range(3)]
        assert ws.clear_queue("s1", by="ann") == 2
        assert ws.terminate("s1", by="bob") == 1
        assert [run.wait().cancelled_by for run in (one, two, three)] == ["bob", "ann", "ann"]
        four = ws.submit("never", session="s1")
        assert ws.cancel("s1") == 1
        assert four.wait().status == "cancelled"
        five = ws.submit("never", session="s1")
        assert five.terminate()
        assert not five.terminate()
        ws.wait_idle().wait()
        assert ws.statistics().cancelled == 5


def test_closing_cancels_and_can_be_waited_for() -> None:
    """Afterwards nothing is in flight, and nothing is accepted."""
    ws = notebook.open_workspace(agent)
    run = ws.submit("never", session="s1")
    closing = ws.close(by="the night shift")
    closing.wait()
    closing.wait()
    assert run.complete is not None
    assert run.complete.cancelled_by == "the night shift"
    with pytest.raises(finale.WorkspaceClosing):
        ws.submit("hello", session="s1")


def test_a_block_waits_for_its_runs_unless_it_fails() -> None:
    """As with ``async with``: left by itself it waits, left by an error it cancels."""
    with notebook.open_workspace(agent) as ws:
        run = ws.submit("5000", session="s1")
    assert run.status == "completed"
    ws = notebook.open_workspace(agent)
    run = ws.submit("never", session="s1")
    with pytest.raises(ZeroDivisionError), ws:
        _ = 1 / 0
    assert run.status == "cancelled"


def test_one_that_is_forgotten_ends_when_its_runs_have() -> None:
    """A cell that is executed again must not pile up workspaces; and no run is lost by it, whatever ``on_exit`` says."""

    class Journal(MemoryJournal):
        async def aclose(self) -> None:
            closed.set()

    closed, go_on = trio.Event(), trio.Event()

    async def waits(request: finale.Request, ctx: finale.RunContext) -> str:
        await go_on.wait()
        return "done"

    ws = notebook.open_workspace(waits, journal=Journal(), on_exit="cancel")
    host, gone = ws._host, weakref.ref(ws)
    run = ws.submit("wait", session="s1")
    del ws
    gc.collect()
    assert gone() is None
    host.call(go_on.set)
    assert run.wait().text == "done"
    host.start(closed.wait).future.result()


def test_a_run_that_stops_the_program_stops_its_workspace() -> None:
    """And no other one: there is no program here that it could stop. Who closes the workspace is told."""

    async def exits(request: finale.Request, ctx: finale.RunContext) -> None:
        raise SystemExit(3)

    with notebook.open_workspace(agent) as other:
        ws = notebook.open_workspace(exits)
        run = ws.submit("exit", session="s1")
        assert run.wait().status == "failed"
        with pytest.raises(finale.FinaleError, match=r"SystemExit\(3\)"):
            ws.close().wait()
        assert other.submit("hello", session="s1").wait().text == "HELLO"


def test_a_warning_of_a_background_run_is_not_printed(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Without handlers of the program's own, logging would print it, under whichever cell is being executed."""

    class Broken(MemoryJournal):
        async def append(self, events: object) -> None:
            raise OSError("no space left")

    monkeypatch.setattr(logging.getLogger(), "handlers", [])
    monkeypatch.setattr("finale.pump._BACKOFF_S", 0)
    with notebook.open_workspace(agent, journal=Broken()) as ws:
        run = ws.submit("hello", session="s1")
        assert run.wait().durable is False
        with pytest.raises(finale.JournalError, match="not durable"):
            run.accepted().wait()
    assert capfd.readouterr() == ("", "")
