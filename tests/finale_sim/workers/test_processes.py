"""Real processes: what a terminal, a supervisor or a broken target does to them, and that none is left."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeAlias

import pytest

from finale_sim.workers.hiring import Help, hiring
from finale_sim.workers.pool import Pool, usable_cores
from finale_sim.workers.process import INSIDE
from finale_sim.workers.source import Source

TARGET = "tests.finale_sim.workers.programs"
Begin: TypeAlias = Callable[..., "subprocess.Popen[str]"]


def environment() -> dict[str, str]:
    return os.environ | {"PYTHONPATH": os.pathsep.join(map(os.path.abspath, sys.path))}


def children(pid: int) -> list[int]:
    """The processes that a process has started, as Linux has them."""
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()]


def wait_until_gone(pids: list[int]) -> None:
    """Returns when none of the processes exists any more, zombies of somebody else's aside."""
    for pid in pids:
        while (stat := Path(f"/proc/{pid}/stat")).exists():
            try:
                if stat.read_text(encoding="utf-8").rpartition(")")[2].split()[0] == "Z":
                    break
            except (FileNotFoundError, ProcessLookupError):
                break


linux = pytest.mark.skipif(not Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children").exists(), reason="reads /proc")


@pytest.fixture
def begin() -> Iterator[Begin]:
    """Starts a search that would take hours, with two workers."""
    processes = []

    def begin(name: str, **variables: str) -> "subprocess.Popen[str]":
        command = [sys.executable, "-m", "finale_sim", "explore", f"{TARGET}:{name}", "--trials", "100000000", "--workers", "2"]
        process = subprocess.Popen(
            command,
            env=environment() | variables,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            start_new_session=True,
        )
        processes.append(process)
        return process

    yield begin
    for process in processes:
        process.kill()
        process.communicate()


def started(process: "subprocess.Popen[str]") -> list[int]:
    """The workers, once they are there."""
    while len(workers := children(process.pid)) < 2:
        assert process.poll() is None, process.communicate()
    return workers


@linux
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_search_that_is_stopped_gives_the_report_so_far(number: int, begin: Begin) -> None:
    """A Ctrl-C in the terminal, which all processes of the group get, or a polite kill: exit code 3, and nobody is left."""
    process = begin("long")
    workers = started(process)
    os.killpg(process.pid, number)
    stdout, stderr = process.communicate(timeout=60)
    assert process.returncode == 3
    assert re.match(r"long: undecided: interrupted after \d+ of 100,000,000 trials \(", stdout)
    assert stderr == ""
    wait_until_gone(workers)


@linux
def test_workers_end_with_a_process_that_was_killed(begin: Begin, tmp_path: Path) -> None:
    """It had no chance to end them; they notice, whatever they are doing."""
    mark = tmp_path / "blocks"
    process = begin("blocks", FINALE_TEST_MARK=str(mark))
    workers = started(process)
    while not mark.exists():
        assert process.poll() is None, process.communicate()
    process.kill()
    process.wait()
    wait_until_gone(workers)


@linux
def test_a_pool_leaves_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """When it is closed; until then its workers have a fixed hash seed, and are alone in their groups."""
    monkeypatch.setenv("PYTHONHASHSEED", "random")
    with Pool(Source(), 1, notice=print) as pool:
        pool.start()
        (worker,) = children(os.getpid())
        variables = Path(f"/proc/{worker}/environ").read_bytes().split(b"\0")
        assert {b"PYTHONHASHSEED=0", f"{INSIDE}=1".encode()} <= set(variables)
        assert os.getpgid(worker) == worker  # so that a Ctrl-C in the terminal leaves it alone
    assert children(os.getpid()) == []


def test_a_worker_has_no_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    """A target that searches when it is imported would start workers that import it, without end."""
    monkeypatch.setenv(INSIDE, "1")
    with hiring(Source, 2, map, print) as others:
        assert others == Help()


def test_workers_that_cannot_start_are_told_once(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    """And are done without."""
    said: list[str] = []
    monkeypatch.setattr("finale_sim.workers.process._START", "raise SystemExit(5)")
    with Pool(Source(), 2, notice=said.append) as pool:
        pool.start()
        assert pool.empty
    assert said == ["no worker could be started (exit code 5): all goes on in one process"]
    monkeypatch.setattr("finale_sim.workers.process._python", lambda: ["/nowhere/python"])
    with Pool(Source(), 1, notice=said.append) as pool:
        pool.start()
        assert pool.empty
    assert "[Errno 2]" in said[-1]
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize(
    ("quota", "cores"),
    [("max 100000", 64), ("150000 100000", 2), ("200000 100000", 2), ("1000 100000", 1), ("9900000 100000", 64), ("", 64)],
)
def test_a_container_has_as_many_cores_as_it_may_use(
    quota: str, cores: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not as many as the machine has: that many workers would get in each other's way."""
    monkeypatch.setattr("os.sched_getaffinity", lambda pid: set(range(64)), raising=False)
    monkeypatch.setattr("finale_sim.workers.pool._QUOTA", tmp_path / "cpu.max")
    if quota:
        (tmp_path / "cpu.max").write_text(quota + "\n", encoding="ascii")
    assert usable_cores() == cores


@pytest.mark.parametrize("number", ["0", "-1", "many"])
def test_a_wrong_number_of_workers_is_refused(number: str) -> None:
    """In one line, with exit code 2."""
    command = [sys.executable, "-m", "finale_sim", "campaign", "--workers", number]
    done = subprocess.run(command, env=environment(), capture_output=True, encoding="utf-8", timeout=60, check=False)
    assert done.returncode == 2
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert line.startswith("finale-sim: argument --workers: ")


def test_a_search_is_kept_and_continued(tmp_path: Path) -> None:
    """--resume: the second time there is nothing left to do, and the report is the same; another search is refused."""

    def run(*more: str) -> "subprocess.CompletedProcess[str]":
        command = [sys.executable, "-m", "finale_sim", "campaign", "--scenario", "rejected", "--resume", "kept", *more]
        return subprocess.run(
            command, cwd=tmp_path, env=environment(), capture_output=True, encoding="utf-8", timeout=60, check=False
        )

    first, again = (re.sub(r" in [\d.]+ s", "", run("--trials", "30").stdout) for _ in range(2))
    assert "No violation." in first
    assert again == first
    refused = run("--trials", "31")
    assert refused.returncode == 2
    assert refused.stderr.startswith("finale-sim: kept was made with trials 30, now it is 31; ")
