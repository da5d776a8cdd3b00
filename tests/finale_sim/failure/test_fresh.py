"""Failures in a fresh process: the same, another one, or an honest word on why nobody knows."""

import functools
import sys
from pathlib import Path

import pytest
import trio

import finale_sim
from finale_sim import NotReproducible, Report, Violated
from finale_sim.failure.fresh import confirmed, import_name
from finale_sim.investigate import investigate
from finale_sim.program import PlainProgram
from finale_sim.targets import load

PROGRAM = '''
import os, sys, time
import trio

async def fails():
    raise ValueError("always")

async def sleeps(seconds):
    await trio.sleep(seconds)

async def by_hash():
    """Which task is started first is a matter of the hashes of strings."""
    async with trio.open_nursery() as nursery:
        for name in {"a", "b", "c", "d", "e", "f"}:
            nursery.start_soon(sleeps, ord(name))
    raise ValueError("always")

async def elsewhere_fine():
    assert "FINALE_SIM_FRESH" in os.environ

if "FINALE_SIM_FRESH" in os.environ:
    HERE
'''


async def always() -> None:
    raise ValueError("always")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    return tmp_path


def report_on(folder: Path, name: str, elsewhere: str = "pass", limit_s: float = 60) -> Report:
    """The report on a program in a file, which does ``elsewhere`` when a fresh process imports it."""
    file = folder / "mine.py"
    file.write_text(PROGRAM.replace("HERE", elsewhere), encoding="utf-8")
    label, function = load("mine.py:" + name)
    report = investigate(PlainProgram(f"explore/{label}", function), trials=10)
    assert isinstance(report.verdict, Violated)
    return confirmed(report, [f"mine.py:{name}"], limit_s=limit_s)


def note(report: Report) -> str:
    assert report.counterexample is not None
    return report.counterexample.reruns[-1]


def test_a_failure_that_is_the_same_there_is_confirmed(folder: Path) -> None:
    """Another hash seed than here."""
    assert note(report_on(folder, "fails")).startswith("in a fresh process with PYTHONHASHSEED=")


def test_its_hash_seed_is_another_one(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever it is here."""
    monkeypatch.setenv("PYTHONHASHSEED", "1")
    other = "os.environ['PYTHONHASHSEED'] == '2' or sys.exit(9)"
    assert note(report_on(folder, "fails", other)) == "in a fresh process with PYTHONHASHSEED=2"


def test_what_depends_on_hashes_of_strings_is_not_reproducible(folder: Path) -> None:
    """The first step that differs is shown, and nothing is called a violation."""
    report = report_on(folder, "by_hash")
    assert isinstance(report.verdict, NotReproducible)
    assert report.counterexample is None
    assert "in a fresh process with PYTHONHASHSEED" in report.verdict.why
    assert "  first:\n" in report.verdict.why
    first, then = report.verdict.why.split("  then:")
    assert "in sleeps: " in first
    assert "in sleeps: " in then


def test_what_holds_there_is_not_reproducible(folder: Path) -> None:
    """The steps are the same, the outcome is not."""
    report = report_on(folder, "elsewhere_fine")
    assert isinstance(report.verdict, NotReproducible)
    assert "the steps are the same; there: holds" in report.verdict.why


@pytest.mark.parametrize(
    ("elsewhere", "says"),
    [
        ("sys.exit(7)", "importing mine.py failed: SystemExit: 7"),
        ("raise OSError('no disk')", "importing mine.py failed: OSError: no disk"),
        ("time.sleep(60)", "it had not ended after 0.5 s"),
    ],
)
def test_a_process_that_cannot_say_leaves_the_failure_as_it_is(folder: Path, elsewhere: str, says: str) -> None:
    """The failure stands, with the reason why it was not run there."""
    limit_s = 0.5 if "sleep" in elsewhere else 60
    report = report_on(folder, "fails", elsewhere, limit_s)
    assert isinstance(report.verdict, Violated)
    assert note(report) == f"not re-run in a fresh process: {says}"


def test_a_process_that_cannot_be_started(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its system's own words."""
    monkeypatch.setattr(sys, "executable", str(folder / "no python"))
    assert note(report_on(folder, "fails")).startswith("not re-run in a fresh process: it could not be started: ")


def test_ctrl_c_meanwhile_keeps_the_failure(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was found is a violation; whoever searches other programs knows that somebody wants out."""

    def press(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("subprocess.run", press)
    report = report_on(folder, "fails")
    assert isinstance(report.verdict, Violated)
    assert note(report) == "not re-run in a fresh process: interrupted"
    assert report.search.interrupted


def test_a_fresh_process_starts_no_other(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Or a module that explores when it is imported would never come to an end."""
    monkeypatch.setenv("FINALE_SIM_FRESH", "1")
    assert note(report_on(folder, "fails")) == "not re-run in a fresh process: this is one"


def test_only_what_can_be_imported_has_a_name() -> None:
    """Functions at the top of an imported module; for everything else there is a reason."""

    async def local() -> None:
        pass

    assert import_name(always) == [f"{__name__}:always"]
    assert import_name(local) == (f"test_only_what_can_be_imported_has_a_name.<locals>.local cannot be imported from {__name__}")
    assert import_name(functools.partial(always)) == "a partial has no name to import it by"
    local.__module__ = "__main__"
    assert "importing that would start it again" in import_name(local)


def test_explore_says_why_it_did_not(monkeypatch: pytest.MonkeyPatch) -> None:
    """A function inside a function is explored all the same."""

    async def local() -> None:
        await trio.Event().wait()

    report = finale_sim.explore(local)
    assert isinstance(report.verdict, Violated)
    assert "not re-run in a fresh process: " in note(report)
    assert "cannot be imported" in note(report)


def test_a_report_without_a_failure_stays_as_it_is() -> None:
    """There is nothing to run again."""

    async def fine() -> None:
        pass

    report = finale_sim.explore(fine)
    assert confirmed(report, ["nonsense"]) is report
