"""Other places in which there is no trio: shells, scripts, executed notebooks, forks."""

import subprocess
import sys
from pathlib import Path

import nbclient
import nbformat
import pytest

PRELUDE = """\
import finale, trio
from finale import notebook

async def agent(request, ctx):
    await ctx.progress("thinking")
    await trio.sleep(0.01)
    return request.prompt.upper()

ws = notebook.open_workspace(agent)
run = ws.submit("hello", session="s1", run_id="r1")
"""


def typed(command: list[str], text: str, folder: Path) -> str:
    """What a shell says to what is typed."""
    environment = {"PATH": "", "IPYTHONDIR": str(folder), "HOME": str(folder)}
    command = [sys.executable, *command]
    done = subprocess.run(command, input=text, capture_output=True, text=True, timeout=120, env=environment, check=False)
    return done.stdout + done.stderr


@pytest.mark.parametrize("shell", ["-m IPython --simple-prompt --colors=NoColor", "-m asyncio"])
def test_a_shell_with_await(shell: str, tmp_path: Path) -> None:
    """Runs live between inputs; what is raised is one error; leaving ends everything."""
    prelude = tmp_path / "prelude.py"
    prelude.write_text(PRELUDE, encoding="utf-8")  # typed through a pipe, a block confuses the shell of Python 3.13.0
    lines = "run\nawait run.result()\nrun.wait().status.value\nws.submit('', session='s1')\n"
    said = typed(shell.split(), f"exec(open({str(prelude)!r}).read())\n{lines}", tmp_path)
    assert "r1" in said
    assert "'HELLO'" in said
    assert "'completed'" in said
    assert "EmptyPrompt: prompt is '', and no attachment holds text" in said
    assert "Task exception" not in said
    assert "never awaited" not in said


def test_a_script_needs_no_loop(tmp_path: Path) -> None:
    """Blocking calls alone, in a ``with`` block, without a warning."""
    script = PRELUDE + "with ws:\n    print(*(type(event).__name__ for event in run.events()), run.result().wait())"
    said = typed(["-W", "error", "-X", "dev", "-c", script], "", tmp_path)
    assert said == "RunAccepted RunStarted Progress RunComplete HELLO\n"


KEPT = """
class Journal(finale.journal.MemoryJournal):
    durable = True
    async def append(self, events):
        for event in events:
            print(type(event).__name__, getattr(event, "cancelled_by", ""), getattr(event, "abandoned", ""), flush=True)
"""


@pytest.mark.parametrize(("shielded", "abandoned"), [("trio.sleep(0.1)", False), ("trio.sleep_forever()", True)])
def test_the_end_of_the_program_is_the_end_of_its_runs(shielded: str, abandoned: bool, tmp_path: Path) -> None:
    """They clean up, for a moment; their endings reach the journal in any case; a deaf one does not keep the process alive."""
    program = f"""
async def agent(request, ctx):
    await ctx.progress("begun")
    try:
        await trio.sleep_forever()
    finally:
        with trio.CancelScope(shield=True):
            await {shielded}
        print("cleaned up", flush=True)

ws = notebook.open_workspace(agent, journal=Journal())
run = ws.submit("work", session="s1")
print(*(type(event).__name__ for event, _ in zip(run.events(), "12")))
"""
    said = typed(["-W", "error", "-c", PRELUDE + "import finale.journal" + KEPT + program], "", tmp_path).splitlines()
    assert said[-2 + abandoned :] == ["cleaned up"] * (not abandoned) + [f"RunComplete the program ended {abandoned}"]


def test_a_forked_child_has_a_thread_of_its_own(tmp_path: Path) -> None:
    """What belongs to the parent raises there instead of hanging; what is opened there works."""
    fork = """
import os, warnings
warnings.simplefilter("ignore", DeprecationWarning)
run.wait()
child = os.fork()
if child:
    os.waitpid(child, 0)
    print("parent", ws.submit("still here", session="s1").wait().text)
else:
    try:
        ws.submit("two", session="s1")
    except finale.FinaleError as error:
        print("child:", error)
    print("child:", notebook.open_workspace(agent).submit("new", session="s1").wait().text)
"""
    said = typed(["-c", PRELUDE + fork], "", tmp_path).splitlines()
    assert said == [
        "child: the thread that runs live in is gone: it ends with the interpreter, and a forked child has none",
        "child: NEW",
        "parent STILL HERE",
    ]


def test_an_executed_notebook_is_saved_with_the_ending(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """nbclient, on which papermill and nbconvert stand, finds the last picture of a run in its cell."""
    for name in ("IPYTHONDIR", "JUPYTER_RUNTIME_DIR", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR"):
        monkeypatch.setenv(name, str(tmp_path))
    cells = [PRELUDE + "run", "await run.result()"]
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code) for code in cells])
    nbclient.NotebookClient(book, kernel_name="python3", resources={"metadata": {"path": str(tmp_path)}}).execute()
    (box,), (value,) = (cell.outputs for cell in book.cells)
    told = [line.strip() for line in box.data["text/plain"].splitlines()]
    assert told[:-1] == ["completed: hello (session s1, run r1)", "report 1: thinking", "HELLO"]
    assert value.data["text/plain"] == "'HELLO'"
