"""Counts in what is told."""

import re

import pytest

import finale_sim
from finale_sim.cli import main
from finale_sim.wording import counted
from tests.finale_sim.workers import programs

_NOUNS = "trials|choices|steps|deviations|streams|ones|classes|orders|scenarios|points|behaviours|tasks|lines|exhibits"
_SLIP = re.compile(rf"(?<![\d,.:#])\b1 (?:[a-z]+ )?(?:{_NOUNS})\b")


@pytest.mark.parametrize(
    ("number", "words", "told"),
    [
        (0, ("trial",), "0 trials"),
        (1, ("trial",), "1 trial"),
        (2000, ("trial",), "2,000 trials"),
        (1, ("class", "classes"), "1 class"),
        (3, ("class", "classes"), "3 classes"),
    ],
)
def test_one_is_not_several(number: int, words: tuple[str, ...], told: str) -> None:
    """With a plural of its own, if it has one."""
    assert counted(number, *words) == told


@pytest.mark.parametrize(
    "command",
    [
        "explore tests/finale_sim/workers/programs.py:sound --trials 1 --coverage",
        "explore tests/finale_sim/workers/programs.py:sound --trials 1 --cancel",
        "explore tests/finale_sim/workers/programs.py:fails_deep --trials 1",
        "campaign --scenario rejected --trials 1 --coverage",
        "explore examples/races.py:lost_update",
    ],
)
def test_what_a_command_prints_has_no_such_slip(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Of a search that came to one of everything."""
    main(command.split())
    printed = capsys.readouterr().out
    assert "trial" in printed
    assert not _SLIP.findall(printed)


def test_what_a_cell_shows_has_no_such_slip() -> None:
    """Neither does the rest."""
    report = finale_sim.explore(programs.sound, trials=1)
    walk = finale_sim.step_through(programs.sound)
    for shown in (str(report), str(report.coverage()), report.html, str(walk), str(walk.timeline())):
        assert not _SLIP.findall(shown)


def test_the_pattern_finds_slips() -> None:
    """Else the tests above would prove nothing."""
    for slip in ("(1 trials, 0 choices)", "sampled: 1 streams", "1 random ones beyond", "each of the 1 classes"):
        assert _SLIP.findall(slip), slip
    for sound in ("1 trial, 2 choices", "21 trials", "step 1 of 2 tasks", "0.1 steps", "/main/work:1 steps 1–4"):
        assert not _SLIP.findall(sound), sound
