"""Generated regression tests: they fail as long as the failure is there, and no longer."""

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

import finale_sim
from finale_sim import BadTarget, BadToken
from finale_sim.failure.regression import Case, source_of
from finale_sim.targets import load

RACY = """
import trio

async def deposits():
    balance = 0

    async def deposit():
        nonlocal balance
        before = balance
        await trio.lowlevel.checkpoint()
        balance = before + 1

    async with trio.open_nursery() as nursery:
        nursery.start_soon(deposit)
        for _ in range(3):
            await trio.lowlevel.checkpoint()
        nursery.start_soon(deposit)
    assert balance == 2, f"one deposit is lost: {balance}"
"""
LOCKED = RACY.replace("balance = 0\n", "balance = 0\n    lock = trio.Lock()\n", 1).replace(
    "        before = balance\n        await trio.lowlevel.checkpoint()\n        balance = before + 1\n",
    "        async with lock:\n            before = balance\n            await trio.lowlevel.checkpoint()\n"
    "            balance = before + 1\n",
)
SAME_STEPS = RACY.replace("balance = before + 1", "balance += 1")
WORSE = RACY.replace("async def deposits():\n", "async def deposits():\n    await trio.lowlevel.checkpoint()\n").replace(
    "nursery.start_soon(deposit)\n", "nursery.start_soon(deposit)\n        nursery.start_soon(trio.lowlevel.checkpoint)\n", 1
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A program with a bug, and a test that was made of it."""
    (tmp_path / "tests").mkdir()
    (tmp_path / "bank.py").write_text(RACY, encoding="utf-8")
    done = command(tmp_path, "finale_sim", "explore", "bank.py:deposits", "--emit-test", "tests/test_bank.py")
    assert done.returncode == 1, done.stdout + done.stderr
    assert done.stderr == "wrote tests/test_bank.py: fails until it is put right\n"
    return tmp_path


def command(folder: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(map(os.path.abspath, sys.path)), "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run(
        [sys.executable, "-m", *arguments], cwd=folder, env=environment, capture_output=True, encoding="utf-8", check=False
    )


def outcome(folder: Path, program: str) -> "subprocess.CompletedProcess[str]":
    (folder / "bank.py").write_text(program, encoding="utf-8")
    return command(folder / "tests", "pytest", "-q", "-p", "no:cacheprovider", "test_bank.py")


def test_it_fails_today(folder: Path) -> None:
    """With the claim, the message, and the command that shows it step by step; from whichever folder it is started."""
    done = outcome(folder, RACY)
    assert done.returncode == 1
    assert "AssertionError: 'assertions hold' is violated: " in done.stdout
    assert "one deposit is lost: 1" in done.stdout
    assert "finale-sim replay fin1-" in done.stdout


@pytest.mark.parametrize("program", [LOCKED, SAME_STEPS], ids=["other steps", "the same steps"])
def test_it_passes_once_the_program_is_put_right(folder: Path, program: str) -> None:
    """If the recorded trial holds, and if it is gone and new ones hold."""
    done = outcome(folder, program)
    assert done.returncode == 0, done.stdout


def test_a_repair_that_only_moves_the_bug_fails(folder: Path) -> None:
    """The recorded trial is gone, a new one fails, and the message has its token."""
    done = outcome(folder, WORSE)
    assert done.returncode == 1
    assert "The recorded trial is gone (" in done.stdout
    assert "put its token into the test" in done.stdout


def test_what_is_generated_is_plain_python(folder: Path) -> None:
    """Formatted, with the failure in words in its docstring, and the target beside the file that it is in."""
    text = (folder / "tests" / "test_bank.py").read_text(encoding="utf-8")
    assert 'TARGET = str(Path(__file__).parent / "../bank.py") + ":deposits"' in text
    (function,) = [node for node in ast.parse(text).body if isinstance(node, ast.FunctionDef)]
    assert function.name == "test_deposits_assertions_hold"
    said = ast.get_docstring(function) or ""
    assert said.startswith("In deposits, 'assertions hold' is violated.\n\nbank.py:18: AssertionError: one deposit is lost: 1\n")
    assert "1. hold /main/deposit:0 at checkpoint 1 (bank.py:10) until /main/deposit:1 has run" in said
    assert "finale-sim" not in said
    formatted = command(folder, "ruff", "format", "--diff", "--isolated", "--line-length", "130", "tests/test_bank.py")
    assert formatted.returncode == 0, formatted.stdout + formatted.stderr


def test_a_file_is_not_written_over(folder: Path) -> None:
    """Unless that is asked for; a wrong place is told before anything is searched."""
    again = ("finale_sim", "explore", "bank.py:deposits", "--emit-test", "tests/test_bank.py")
    (folder / "tests" / "test_bank.py").write_text("precious", encoding="utf-8")
    done = command(folder, *again)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr == "finale-sim: tests/test_bank.py exists already; --force writes over it\n"
    assert (folder / "tests" / "test_bank.py").read_text(encoding="utf-8") == "precious"
    assert command(folder, *again, "--force").returncode == 1
    assert "assert_holds" in (folder / "tests" / "test_bank.py").read_text(encoding="utf-8")
    nowhere = command(folder, *again[:-1], "nowhere/test_x.py")
    assert nowhere.stderr == "finale-sim: there is no folder 'nowhere' to write test_x.py to\n"


CASE = Case("explore/deposits", "assertions hold", "message", ("hold a",), "fin1-x")


def functions(cases: list[Case], target: str | None = None) -> list[str]:
    tree = ast.parse(source_of(cases, target, Path()))
    return [node.name for node in tree.body if isinstance(node, ast.FunctionDef)]


def test_several_failures_are_several_tests() -> None:
    """Each with a name of its own."""
    names = functions([CASE, CASE, Case("campaign/one prompt", "I1 one terminal", "", (), "fin1-y")])
    assert names == [
        "test_deposits_assertions_hold",
        "test_deposits_assertions_hold_2",
        "test_one_prompt_i1_one_terminal",
    ]


@pytest.mark.parametrize("text", ['""" + evil() + """', "a\nb\\", "\x1b[31m\ud800", '"', "\\N{nothing}", ""])
def test_whatever_a_program_says_the_test_is_python(text: str) -> None:
    """Quotes, backslashes and control characters of a message or of a sentence don't leave the docstring."""
    case = Case(f"explore/{text}", text, text, (text,), "fin1-x")
    assert len(functions([case], f"a{chr(39)}b.py:f")) == 1
    tree = ast.parse(source_of([case], 'we"ird.py:f', Path()))
    assert "evil" not in {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}


@pytest.mark.parametrize(
    ("target", "written"),
    [(None, "TARGET = None\n"), ("pkg.mod:f", 'TARGET = "pkg.mod:f"\n'), ("mod:C.f", 'TARGET = "mod:C.f"\n')],
)
def test_what_is_no_file_is_written_as_it_is(target: str | None, written: str) -> None:
    """Standard scenarios have no target; modules are found by name."""
    text = source_of([CASE], target, Path())
    assert written in text
    assert "pathlib" not in text


def test_a_counterexample_writes_its_test(tmp_path: Path) -> None:
    """The same from Python."""

    async def fails() -> None:
        raise ValueError

    found = finale_sim.explore(fails).counterexample
    assert found is not None
    found.emit_test(tmp_path / "test_x.py", "mine:fails")
    with pytest.raises(FileExistsError, match="exists already"):
        found.emit_test(tmp_path / "test_x.py", "mine:fails")
    found.emit_test(tmp_path / "test_x.py", "mine:fails", force=True)
    text = (tmp_path / "test_x.py").read_text(encoding="utf-8")
    assert found.token in text
    assert "It failed on the happy path." in text


def test_a_test_of_something_else_says_so() -> None:
    """A target that is gone, a token of another one."""
    with pytest.raises(BadTarget, match="there is no module"):
        finale_sim.assert_holds("fin1-VO_yXEqcvooAPQY", "no_such_module:f")
    with pytest.raises(BadToken, match="no standard scenario"):
        finale_sim.assert_holds("fin1-VO_yXEqcvooAPQY", None)


CANCELLED = """
import trio

async def work():
    held = 0
    with trio.CancelScope():
        held += 1
        await trio.lowlevel.checkpoint()
        held -= 1
    assert held == 0, held
"""


def test_a_new_search_is_made_under_the_conditions_of_the_token(tmp_path: Path) -> None:
    """What only a cancel brings out is looked for with cancels."""
    file = tmp_path / "cancelled.py"
    file.write_text(CANCELLED, encoding="utf-8")
    found = finale_sim.explore(load(f"{file}:work")[1], cancel=True).token
    assert found is not None
    moved = CANCELLED.replace("    held = 0\n", "    await trio.lowlevel.checkpoint()\n    held = 0\n")
    file.write_text(moved, encoding="utf-8")
    os.utime(file, (1, 1))
    with pytest.raises(AssertionError, match=r"of \d+ new ones this one fails"):
        finale_sim.assert_holds(found, f"{file}:work")


KILLED = """
import trio
from finale_sim import disk

written = []

async def work():
    written.append(1)
    disk()["begun"] = True
    await trio.lowlevel.checkpoint()
    disk()["ended"] = True

async def opens():
    assert written, "another copy of the module"
    assert ("begun" in disk()) == ("ended" in disk()), "half"
"""


def test_a_failure_after_a_kill_becomes_a_test(tmp_path: Path) -> None:
    """It names what is run afterwards, fails, is searched anew when the steps have changed, and passes when it is put right."""
    (tmp_path / "bank.py").write_text(KILLED.replace("written.append(1)", "written[:] = [1]"), encoding="utf-8")
    done = command(tmp_path, "finale_sim", "explore", "bank.py:work", "--crash", "opens", "--emit-test", "test_bank.py")
    assert done.returncode == 1, done.stdout + done.stderr
    text = (tmp_path / "test_bank.py").read_text(encoding="utf-8")
    assert 'CRASH = str(Path(__file__).parent / "bank.py") + ":opens"' in text
    assert "kill the process after step 1 of /main (bank.py:10), and start /after" in text
    for change, passes in (("", False), ("await trio.sleep(1)\n    ", False), ("disk()['ended'] = True\n    ", True)):
        program = KILLED.replace('disk()["begun"]', f'{change}disk()["begun"]').replace("assert written", "assert 1")
        (tmp_path / "bank.py").write_text(program, encoding="utf-8")
        assert (command(tmp_path, "pytest", "-q", "test_bank.py").returncode == 0) is passes


def test_a_program_that_cannot_be_judged_any_more_fails(tmp_path: Path) -> None:
    """Undecided is not a pass."""
    file = tmp_path / "undecided.py"
    file.write_text(RACY, encoding="utf-8")
    found = finale_sim.explore(load(f"{file}:deposits")[1]).token
    assert found is not None
    online = "    await trio.open_tcp_stream('x', 80)\n    balance = 0\n"
    file.write_text(RACY.replace("    balance = 0\n", online), encoding="utf-8")
    os.utime(file, (1, 1))
    with pytest.raises(AssertionError, match="undecided: "):
        finale_sim.assert_holds(found, f"{file}:deposits")
