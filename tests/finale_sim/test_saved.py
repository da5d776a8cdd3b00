"""Searches on disk: interrupted and continued, and files that are refused."""

import json
import os
import pickle
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

import pytest

import finale_sim
from finale_sim.campaign import campaign_programs, run_campaign
from finale_sim.canaries import CANARIES
from finale_sim.investigate import investigate
from finale_sim.program import PlainProgram, Program
from finale_sim.report import Report
from finale_sim.saved import BadSave, Saved
from finale_sim.search import Search
from tests.finale_sim.workers import programs
from tests.finale_sim.workers.test_reports import text


def stopping(after: int) -> Callable[..., None]:
    """A listener that presses Ctrl-C after so many trials."""
    left = count(1)

    def stop(*_: object) -> None:
        if next(left) == after:
            raise KeyboardInterrupt

    return stop


def program(name: str) -> Program:
    return PlainProgram(f"explore/{name}", getattr(programs, name))


@pytest.mark.parametrize("name", ["sound", "fails_deep"])
def test_an_interrupted_search_goes_on_with_the_same_findings(name: str, tmp_path: Path) -> None:
    """Whenever it was interrupted, and as often; what it says in the end is what an uninterrupted one says."""
    report: Report | None = None
    turns = 0
    while report is None or report.search.interrupted:
        saved = Saved(tmp_path / "file", {"trials": 400})
        report = investigate(program(name), trials=400, saved=saved, on_trial=stopping(15))
        turns += 1
    assert turns > 3
    assert text(report) == text(investigate(program(name), trials=400))


def test_a_campaign_goes_on_in_the_scenario_that_was_interrupted(tmp_path: Path) -> None:
    """What was done is not run again, and failures are told again."""
    chosen = campaign_programs(["publishes twice", "rejected"])
    with CANARIES["second terminal"].released():
        whole = run_campaign(chosen, trials=40)
        first = run_campaign(chosen, trials=40, saved=Saved(tmp_path / "file", {}), on_trial=stopping(30))
        assert first.interrupted
        trials: list[int] = []
        saved = Saved(tmp_path / "file", {})
        again = run_campaign(chosen, trials=40, saved=saved, on_trial=lambda program, search: trials.append(search.trials))
    assert text(again) == text(whole)
    assert len(trials) < sum(report.search.trials for report in whole.reports) - 20


def test_it_is_kept_every_few_seconds(tmp_path: Path) -> None:
    """So that a process that is killed loses no more than that."""
    clock = count()
    saved = Saved(tmp_path / "file", {}, every_s=10, clock=lambda: float(next(clock)))
    search = Search(100)
    written = []
    for search.trials in range(1, 30):
        saved.on_trial(program("sound"), search)
        written.append((tmp_path / "file").exists() and Saved(tmp_path / "file", {}).search_of(program("sound")))
    kept = [search.trials if search else 0 for search in written]
    assert kept[:9] == [0] * 9
    assert 0 < kept[-1] < 29
    assert len(set(kept)) == 3


def test_what_is_being_counted_is_not_kept(tmp_path: Path) -> None:
    """A search that was interrupted in the middle of a step stays as it was kept last."""
    saved = Saved(tmp_path / "file", {})
    saved.keep(program("sound"), Search(100, trials=5))
    saved.keep(program("sound"), Search(100, trials=6, torn=True))
    search = Saved(tmp_path / "file", {}).search_of(program("sound"))
    assert search is not None
    assert search.trials == 5


def test_a_file_is_replaced_as_a_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """If writing fails the old one is still there, and nothing else."""
    saved = Saved(tmp_path / "file", {})
    saved.keep(program("sound"), Search(100, trials=5))
    before = (tmp_path / "file").read_bytes()
    monkeypatch.setattr("os.fsync", full_disk)
    saved.keep(program("sound"), Search(100, trials=6))
    assert (tmp_path / "file").read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_it_is_said_that_it_cannot_be_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Once, until it could be."""
    told: list[str] = []
    saved = Saved(tmp_path / "file", {}, notice=told.append)
    for _ in range(2):
        with monkeypatch.context() as patch:
            patch.setattr("os.fsync", full_disk)
            saved.keep(program("sound"), Search(100, trials=6))
            saved.keep(program("sound"), Search(100, trials=7))
        saved.keep(program("sound"), Search(100, trials=8))
    why = f"the search could not be kept: {tmp_path / 'file'} cannot be written: No space left on device"
    assert told == [why, why]


def test_what_was_found_is_told_although_it_cannot_be_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The disk is full; the failure is there all the same, and a warning says that the search is not."""
    monkeypatch.setattr("os.fsync", full_disk)
    with pytest.warns(RuntimeWarning, match=r"could not be kept: .* cannot be written: No space left on device"):
        report = finale_sim.explore(programs.fails_deep, trials=400, resume=tmp_path / "file")
    assert text(report) == text(finale_sim.explore(programs.fails_deep, trials=400))


def full_disk(descriptor: int) -> None:
    raise OSError(28, "No space left on device")


# Files that are refused -------------------------------------------------------------------------------------------------


def changed(path: Path, **head: Any) -> None:
    line, _, payload = path.read_bytes().partition(b"\n")
    path.write_bytes(json.dumps(json.loads(line) | head).encode() + b"\n" + payload)


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (lambda path: path.write_text("notes of mine"), "is no file of finale-sim's --resume, so it is left alone"),
        (lambda path: path.write_bytes(b""), "is no file of finale-sim's --resume, so it is left alone"),
        (lambda path: path.write_bytes(path.read_bytes()[:-1]), "is damaged: its checksum does not fit"),
        (lambda path: changed(path, format=99), r"was written by finale .* \(format 99\), this is .* \(format 2\)"),
        (lambda path: changed(path, version="0.0"), r"was written by finale 0\.0 "),
        (lambda path: (path.unlink(), path.mkdir()), "cannot be read: Is a directory"),
    ],
)
def test_a_file_that_cannot_be_continued_is_refused(spoil: Callable[[Path], object], says: str, tmp_path: Path) -> None:
    """With what is wrong with it; nothing is written over it."""
    path = tmp_path / "file"
    Saved(path, {}).keep(program("sound"), Search(100, trials=5))
    spoil(path)
    with pytest.raises(BadSave, match=says):
        Saved(path, {})


def test_where_nothing_can_be_written_is_known_at_once(tmp_path: Path) -> None:
    """And not after a night's search."""
    with pytest.raises(BadSave, match=r"nowhere/file cannot be written: No such file or directory"):
        Saved(tmp_path / "nowhere" / "file", {})


def test_other_arguments_are_refused(tmp_path: Path) -> None:
    """They would make other trials: the message names the first that differs."""
    path = tmp_path / "file"
    finale_sim.explore(programs.sound, trials=20, resume=path)
    with pytest.raises(BadSave, match=r"was made with trials 20, now it is 30; give the same arguments"):
        finale_sim.explore(programs.sound, trials=30, resume=path)
    with pytest.raises(BadSave, match=r"was made with target 'sound', now it is 'fails_deep'"):
        finale_sim.explore(programs.fails_deep, trials=20, resume=path)


def test_another_program_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that goes another way than it did when the file was written."""
    path = tmp_path / "file"
    finale_sim.explore(programs.depends, trials=20, resume=path)
    monkeypatch.setattr(programs, "OUTSIDE", 2)
    with pytest.raises(BadSave, match=r"^explore/depends is not what it was when .* was written"):
        finale_sim.explore(programs.depends, trials=20, resume=path)


class Hostile:
    def __init__(self, call: Callable[..., Any], *arguments: Any) -> None:
        self.made = call, arguments

    def __reduce__(self) -> Any:
        return self.made


@pytest.mark.parametrize(
    "hostile",
    [
        pickle.dumps(Hostile(eval, "1 / 0")),
        pickle.dumps(Hostile(os.system, "true")),
        b"\x80\x04cfinale_sim.search.random_walk\nrandom.seed\n(K\x01tR.",  # through a module that one of ours imports
    ],
)
def test_a_file_from_elsewhere_runs_no_code(hostile: bytes, tmp_path: Path) -> None:
    """What is no part of a search is not made, wherever in the file it stands."""
    path = tmp_path / "file"
    saved = Saved(path, {})
    saved._searches["explore/sound"] = hostile
    saved.keep(program("fails_deep"), Search(100))
    with pytest.raises(BadSave, match="was written by another version") as refused:
        Saved(path, {}).search_of(program("sound"))
    assert "is no part of a search" in str(refused.value.__cause__)
