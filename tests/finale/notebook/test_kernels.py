"""Real kernels, one for most of this file: what somebody at a notebook sees."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.finale.notebook.helpers import Kernel, kernel_in

ROOT = Path(__file__).resolve().parents[3]
PRELUDE = """
import asyncio, sys, threading, time, traceback, trio, finale
from itertools import islice
from finale import notebook

async def agent(request, ctx):
    for number in range(int(request.prompt)):
        await ctx.progress(f"step {number}")
    if request.session == "good":
        return request.prompt
    try:
        await (trio.sleep_forever() if request.session == "long" else trio.lowlevel.checkpoint())
        if request.session == "bad":
            raise ZeroDivisionError("this is a failure")
        if request.session == "worse":
            async with trio.open_nursery() as nursery:
                nursery.start_soon(trio.sleep_forever)
                raise ZeroDivisionError("this is a failure, in a nursery")
    finally:
        with trio.CancelScope(shield=True):
            await trio.sleep(0.01)
        print(file=open("cleaned-up", "a"))

def say_when_somebody_waits():
    def look(others):
        while not ws._host._nursery.child_tasks - others and not stands_still(threading.main_thread().ident):
            time.sleep(0.001)
        print("waiting", flush=True)
    threading.Thread(target=look, args=[ws._host._nursery.child_tasks]).start()

def stands_still(thread_id):
    called = [frame.name for frame in traceback.extract_stack(sys._current_frames()[thread_id])]
    return "ask" in called and "wait" in called

def say_it_when_nothing_follows(event):
    if getattr(event, "payload", "") == "step 1":
        say_when_somebody_waits()

ws = notebook.open_workspace(agent)
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("kernel")


@pytest.fixture(scope="module")
def kernel(folder: Path) -> Iterator[Kernel]:
    with kernel_in(folder) as kernel:
        assert kernel.cell(PRELUDE).error == []
        yield kernel


@pytest.fixture(autouse=True)
def _no_run_is_left(kernel: Kernel) -> Iterator[None]:
    """A test that fails must not hold up the next one."""
    yield
    kernel.cell("ws.terminate('long')")


def test_a_run_goes_on_between_cells(kernel: Kernel) -> None:
    """Submitted in one cell, working in the next, cancelled and awaited in others, as often as one likes."""
    kernel.cell("run = ws.submit('3', session='long')")
    assert kernel.cell("[type(event).__name__ for event in islice(run.events(), 4)][-1]").text == "'Progress'"
    assert kernel.cell("run.status, run.state.value").text == "(None, 'active')"
    assert kernel.cell("run.cancel(), (await run).status.value").text == "(True, 'cancelled')"
    assert kernel.cell("(await run).status.value, run.wait().status.value").text == "('cancelled', 'cancelled')"


@pytest.mark.parametrize("way", ["await run.result()", "run.result().wait()", "(await run).text", "run.wait().text"])
def test_a_cell_may_await_or_block(kernel: Kernel, way: str) -> None:
    """Both styles give the same."""
    assert kernel.cell(f"run = ws.submit('3', session='good')\n{way}").text == "'3'"


def test_events_come_by_for_and_by_async_for(kernel: Kernel) -> None:
    """From the start, with the terminal event at the end, in a cell and in a trio program in a cell."""
    kernel.cell("run = ws.submit('3', session='good')\nexpected = [type(event).__name__ for event in run.events()]")
    assert kernel.cell("expected[0], len(expected), expected[-1]").text == "('RunAccepted', 6, 'RunComplete')"
    assert kernel.cell("[type(event).__name__ async for event in run.events()] == expected").text == "True"
    program = "async def main():\n    return [type(event).__name__ async for event in run.events()]\ntrio.run(main) == expected"
    assert kernel.cell(program).text == "True"


WAITS = {
    "a cell that awaits": "await run",
    "a cell that blocks": "run.wait()",
    "a cell that blocks and also awaits": "await asyncio.sleep(0); run.wait()",
    "a loop": "for event in run.events(): say_it_when_nothing_follows(event)",
    "an async loop": "async for event in run.events(): say_it_when_nothing_follows(event)",
    "a trio program": "async def main():\n    await run\ntrio.run(main)",
}


@pytest.mark.parametrize("wait", WAITS.values(), ids=WAITS.keys())
def test_an_interrupt_ends_the_wait_and_not_the_run(kernel: Kernel, wait: str) -> None:
    """It is heard while the run, which never ends by itself, goes on; and the cell says so, in a few lines."""
    say = "" if "say" in wait else "say_when_somebody_waits()\n"
    cell = kernel.interrupted(f"run = ws.submit('2', session='long')\n{say}{wait}")
    run_id = kernel.cell("print(run.run_id, end='')").text
    assert cell.error[0].startswith(("CancelledError: ", "KeyboardInterrupt: "))
    assert cell.error[0].endswith(f": the wait was interrupted; run {run_id} goes on: wait for it again, or cancel() it")
    assert len(cell.error) <= 15
    assert "waiting.py" not in "\n".join(cell.error)
    assert kernel.cell("run.state.value, run.cancel(), run.wait().cancelled_by").text == "('active', True, 'the caller')"


def test_a_call_that_nobody_can_answer_is_interrupted_and_withdrawn(kernel: Kernel) -> None:
    """Some coordinator blocks the thread of all runs: the message names its line, and the request is not accepted later."""
    kernel.cell("gate, reached = threading.Event(), threading.Event()")
    kernel.cell("async def blocks(request, ctx):\n    reached.set()\n    gate.wait()")
    kernel.cell("other = notebook.open_workspace(blocks)\nother.submit('one', session='s'); reached.wait()")
    cell = kernel.interrupted("say_when_somebody_waits()\nother.submit('two', session='s')")
    assert cell.error[0].startswith("KeyboardInterrupt: nothing was done: the thread of all runs is held up by")
    assert re.search(r"In\[\d+\]|ipykernel", cell.error[0])
    assert "line 3, in blocks" in cell.error[0]
    assert kernel.cell("gate.set(); other.wait_idle().wait(); other.statistics().accepted").text == "1"


def test_a_rejection_is_one_message_and_the_line_of_the_cell(kernel: Kernel) -> None:
    """No frame of finale, none of the thread."""
    cell = kernel.cell("def helper():\n    return ws.submit(' ', session='s')\nhelper()")
    assert cell.name == "EmptyPrompt"
    assert cell.error[0].startswith("EmptyPrompt: prompt is ' '")
    assert [line.strip() for line in cell.error if "    " in line] == ["helper()", "return ws.submit(' ', session='s')"]
    assert len(cell.error) == 5
    assert kernel.cell("run = ws.submit('1', session='good')\n(await run).text").text == "'1'"


@pytest.mark.parametrize("session", ["bad", "worse"])
def test_a_failed_run_is_shown_with_the_line_that_failed(kernel: Kernel, session: str) -> None:
    """The ending, the line in the coordinator, the line in the cell, and where the rest is; of a nursery's failure, too."""
    cell = kernel.cell(f"await ws.submit('1', session='{session}').result()")
    assert cell.name == "RunFailed"
    assert "this is a failure" in "\n".join(cell.error) or session == "worse"
    assert 'raise ZeroDivisionError("this is a failure' in "\n".join(cell.error)
    assert f"await ws.submit('1', session='{session}').result()" in cell.error[4]
    assert len(cell.error) <= 8
    assert not [line for line in cell.error if "notebook/" in line or "site-packages" in line or "Cancelled" in line]


def test_the_box_of_a_run_changes_in_its_place(kernel: Kernel) -> None:
    """Shown twice it has one id; the last update has the ending, and nothing is ever printed."""
    cell = kernel.cell("run = ws.submit('5', session='long')\nrun")
    again = kernel.cell("run")
    (first,), (second,) = cell.shown, again.shown
    assert first["transient"] == second["transient"]
    assert first["data"]["text/plain"].startswith("active: 5 (session long, run ")
    ended = kernel.cell("run.cancel(); await run; None")
    updates = ended.updates or kernel.rest()
    assert updates[-1]["transient"] == first["transient"]
    assert updates[-1]["data"]["text/plain"].splitlines()[-2].strip() == "cancelled by the caller"
    assert cell.text + again.text + ended.text == ""


def test_a_cell_is_executed_again(kernel: Kernel) -> None:
    """The workspace that was there before lets its runs end in peace; the new one knows nothing of them."""
    cell = "mine = notebook.open_workspace(agent)\nrun = mine.submit('2', session='long', run_id='r1')"
    kernel.cell(f"{cell}\nbefore = run")
    assert kernel.cell(cell).error == []
    assert kernel.cell("before is run, before.state.value, len(mine.runs())").text == "(False, 'active', 1)"
    assert kernel.cell("before.cancel(), (await before).cancelled_by").text == "(True, 'the caller')"
    assert kernel.cell("run.state.value, run.cancel()").text == "('active', True)"


def test_open_workspace_in_a_cell_says_what_to_use(kernel: Kernel) -> None:
    """The SDK's own one needs trio; the message names both ways out."""
    cell = kernel.cell("async with finale.open_workspace(agent) as wrong: pass")
    assert cell.name == "RuntimeError"
    assert "trio.run(main)" in cell.error[-1]
    assert "finale.notebook.open_workspace()" in cell.error[-1]


def test_the_readme_works_in_the_first_cell(kernel: Kernel) -> None:
    """Its first program, pasted into a cell, prints what it says."""
    program = next(iter(re.findall(r"^```python\n(.*?)^```", (ROOT / "README.md").read_text("utf-8"), re.MULTILINE | re.DOTALL)))
    cell = kernel.cell(program)
    assert cell.error == []
    assert cell.text.split()[-2:] == ["BUG", "cancelled"]


def test_a_restart_with_runs_in_flight_cleans_up(kernel: Kernel, folder: Path) -> None:
    """The coordinator's ``finally`` is over before the kernel is gone, and the next one starts afresh."""
    (folder / "cleaned-up").unlink(missing_ok=True)
    kernel.cell("list(islice(ws.submit('1', session='long').events(), 3)); waits = ws.submit('1', session='long')")
    kernel.restart()
    assert (folder / "cleaned-up").read_text() == "\n"
    assert kernel.cell("ws").name == "NameError"
    assert kernel.cell(PRELUDE + "(await ws.submit('1', session='good')).text").text == "'1'"


def test_a_kernel_that_is_shut_down_cleans_up(tmp_path: Path) -> None:
    """The same where nothing follows."""
    with kernel_in(tmp_path) as kernel:
        kernel.cell(PRELUDE + "run = ws.submit('1', session='long')\nlist(islice(run.events(), 3)); None")
        assert not (tmp_path / "cleaned-up").exists()
    assert (tmp_path / "cleaned-up").read_text() == "\n"


def test_the_cells_of_the_page_show_what_it_says(kernel: Kernel) -> None:
    """docs/notebooks.md, from top to bottom: what a cell shows stands in the comment behind its last line."""
    page = (ROOT / "docs/notebooks.md").read_text("utf-8")
    cells = re.findall(r"^```ipython\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    promised = [code.splitlines()[-1].partition("  # ")[2] for code in cells]
    shown = [kernel.cell(code) for code in cells]
    assert [cell.error for cell in shown] == [[]] * len(cells)
    assert [" ".join(cell.text.split()) for cell in shown[1:]] == promised[1:]
    kernel.cell(PRELUDE)
