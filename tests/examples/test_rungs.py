"""Each of the three programs is found, on the rung that it is there for, and what is printed makes it fail on stock trio."""

import re
import runpy
import shlex
from pathlib import Path

import pytest
import trio
import trio.testing

import finale_sim
from finale_sim import Counterexample, Violated
from finale_sim.cli import main

FILE = Path(__file__).resolve().parents[2] / "examples" / "rungs.py"
PROGRAMS = runpy.run_path(str(FILE))
RUNGS = {"late_reader": "step", "photo_finish": "ties", "stale_lease": "free"}
GRADES = {
    "late_reader": r"needs a delay at \S*examples/rungs\.py:\d+",
    "photo_finish": "needs timers at the same instant to fire in another order",
    "stale_lease": "needs a slow machine",
}
BELOW = {"step": ["rounds"], "ties": ["rounds", "step"], "free": ["rounds", "step", "ties"]}


@pytest.mark.parametrize(("name", "rung"), RUNGS.items())
def test_a_bug_is_found_and_labelled_with_its_rung(name: str, rung: str) -> None:
    """Searched for with everything on, it is labelled with exactly the rung that it needs; on those below it cannot happen."""
    report = finale_sim.explore(PROGRAMS[name], trials=1000, fidelity="free")
    assert isinstance(report.verdict, Violated)
    assert isinstance(report.counterexample, Counterexample)
    label = report.counterexample.feasibility
    assert label is not None
    assert label.rung.word == rung
    assert re.fullmatch(GRADES[name], label.grade)
    assert [(tried.rung.word, tried.exhausted) for tried in label.below] == [(lower, True) for lower in BELOW[rung]]
    again = finale_sim.replay(report.counterexample.token, PROGRAMS[name])
    assert again.drift is None
    assert again.story.attempt.breach == report.verdict.breach


@pytest.mark.parametrize(("name", "rung"), RUNGS.items())
def test_a_bug_is_not_there_below_its_rung(name: str, rung: str) -> None:
    """Every schedule of the rung below is tried, and holds."""
    report = finale_sim.explore(PROGRAMS[name], trials=1000, fidelity=BELOW[rung][-1])
    assert report.search.exhausted
    assert report.counterexample is None


@pytest.mark.parametrize("name", RUNGS)
def test_a_corrected_program_is_not_accused(name: str) -> None:
    """On the highest rung every schedule is tried, and all hold."""
    report = finale_sim.explore(PROGRAMS[f"{name}_fixed"], trials=20_000, fidelity="free")
    assert report.counterexample is None
    assert report.search.exhausted


@pytest.mark.parametrize("name", RUNGS)
def test_the_printed_delay_makes_it_fail_on_stock_trio(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Without the delay trio never fails; with the line that was printed it fails every time, with the same assertion."""
    function = PROGRAMS[name]
    target = f"{FILE}:{name}"
    assert main(["explore", target, "--fidelity", "free"]) == 1
    printed = capsys.readouterr().out
    claim = re.search(r"AssertionError: (.*)", printed)
    command = re.search(r"^On trio finale-sim (.*)$", printed, re.MULTILINE)
    assert claim
    assert command
    for _ in range(20):
        trio.run(function, clock=trio.testing.MockClock(autojump_threshold=0))
        assert main(shlex.split(command[1])) == 1
        assert capsys.readouterr().out == f"trio.run failed: AssertionError: {claim[1]}\n"


@pytest.mark.parametrize("name", RUNGS)
def test_the_delay_is_harmless_to_the_corrected_program(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The same tasks, held at the same steps, and nothing fails."""
    report = finale_sim.explore(PROGRAMS[name], fidelity="free")
    assert isinstance(report.counterexample, Counterexample)
    assert report.counterexample.feasibility is not None
    holds = report.counterexample.feasibility.holds
    assert holds
    finale_sim.force(PROGRAMS[f"{name}_fixed"], *(hold.delay for hold in holds))


def test_the_line_that_is_named_is_where_the_delay_belongs() -> None:
    """A sleep that is inserted by hand after the named line does it, too."""
    report = finale_sim.explore(PROGRAMS["late_reader"])
    assert isinstance(report.counterexample, Counterexample)
    assert report.counterexample.feasibility is not None
    (hold,) = report.counterexample.feasibility.holds or ()
    number = int(hold.place.rpartition(":")[2])
    lines = FILE.read_text(encoding="utf-8").splitlines()
    assert "await" in lines[number - 1]
    margin = re.match(r" *", lines[number - 1])
    assert margin is not None
    lines.insert(number, f"{margin[0]}await trio.sleep(0.01)")
    changed: dict[str, object] = {}
    exec("\n".join(lines), changed)  # noqa: S102  # the example with one more line
    with pytest.raises(ExceptionGroup) as caught:
        trio.run(changed["late_reader"], clock=trio.testing.MockClock(autojump_threshold=0))
    assert caught.group_contains(AssertionError, match="read from a closed connection")
