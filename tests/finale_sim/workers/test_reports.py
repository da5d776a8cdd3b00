"""The same report, byte by byte, whoever ran the trials."""

import json
import re
import threading
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest

import finale_sim
from finale_sim.campaign import Campaign, campaign_programs, check_programs, run_campaign
from finale_sim.canaries import CANARIES
from finale_sim.choices import Decide
from finale_sim.display import failure_text
from finale_sim.failure.determinism import Rechecked
from finale_sim.investigate import Hire, investigate
from finale_sim.kernel import Conditions
from finale_sim.program import PlainProgram, Program
from finale_sim.report import Report
from finale_sim.search import Attempt, Crew
from finale_sim.verdict import NotReproducible, Sampled, Truncated, Violated
from finale_sim.workers.hired import Hired
from finale_sim.workers.mapped import Mapped
from finale_sim.workers.pool import Pool
from finale_sim.workers.source import Source, source_of
from tests.finale_sim.workers import programs

MODULE = "tests.finale_sim.workers.programs"


class Here:
    """Counts the trials that are run in this process although others could."""

    def __init__(self, hire: Hire) -> None:
        self.trials = 0
        self._hire = hire

    def __call__(self, program: Program, run: Rechecked, before: int) -> Crew:
        def counted(decide: Decide, number: int) -> Attempt:
            self.trials += 1
            return run(decide, number)

        return self._hire(program, counted, before)  # type: ignore[arg-type]  # it is called like one


def quiet(what: str) -> None:
    raise AssertionError(what)


@contextmanager
def two_workers(source: Source, notice: Callable[[str], None] = quiet) -> Iterator[Here]:
    """Two processes that are ready."""
    with Pool(source, 2, notice=notice) as pool:
        pool.start()
        yield Here(partial(Hired, pool))


def explored(name: str, trials: int, hire: Hire | None = None) -> Report:
    return investigate(PlainProgram(f"explore/{name}", getattr(programs, name)), trials=trials, hire=hire)


def text(report: Report | Campaign) -> str:
    """All of it, without the times that it took."""

    def timeless(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: timeless(item) for key, item in value.items() if key != "seconds"}
        return [timeless(item) for item in value] if isinstance(value, list) else value

    reports = report.reports if isinstance(report, Campaign) else (report,)
    stories = [failure_text(found.counterexample, ["target"]) for found in reports if found.counterexample is not None]
    return "\n".join([json.dumps(timeless(report.as_dict())), *(repr(found.search) for found in reports), *stories])


@pytest.mark.parametrize(("name", "verdict"), [("fails_deep", Violated), ("sound", finale_sim.Bounded)])
def test_exploring_with_two_workers_says_what_one_says(name: str, verdict: type) -> None:
    """A failure that only random walks find, and a program without one."""
    alone = explored(name, 400)
    with two_workers(Source(f"{MODULE}:{name}", name)) as hire:
        together = explored(name, 400, hire)
    assert isinstance(alone.verdict, verdict)
    assert alone.search.trials > 50
    assert text(together) == text(alone)
    assert hire.trials < alone.search.trials / 2


@pytest.mark.parametrize("canary", [None, "second terminal"])
def test_a_campaign_with_two_workers_says_what_one_says(canary: str | None) -> None:
    """On finale as it is, and with a canary, which is released in each process."""
    chosen = campaign_programs(["publishes twice", "cancel race"])
    with CANARIES[canary].released() if canary else two_workers(Source()) as first:
        alone = run_campaign(chosen, trials=60)
        if canary is None:
            assert isinstance(first, Here)
            assert text(run_campaign(chosen, trials=60, hire=first)) == text(alone)
            return
        with two_workers(Source(canary=canary)) as hire:
            together = run_campaign(chosen, trials=60, hire=hire)
    assert alone.exit_code == 1
    assert text(together) == text(alone)


def test_a_check_with_two_workers_says_what_one_says() -> None:
    """Of a coordinator that breaks its contract in some trials."""
    chosen = check_programs("Slip", programs.Slip, ["cancel race", "one prompt"])
    alone = run_campaign(chosen, trials=60)
    with two_workers(Source(f"{MODULE}:Slip", "Slip")) as hire:
        together = run_campaign(chosen, trials=60, hire=hire)
    assert alone.exit_code == 1
    assert text(together) == text(alone)
    assert hire.trials < sum(report.search.trials for report in alone.reports)


@pytest.mark.parametrize("by_value", [False, True])
def test_what_is_run_after_a_crash_comes_along(by_value: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """By its name or by value, as the function itself."""
    if by_value:
        monkeypatch.setattr("finale_sim.workers.source.import_names", lambda function, crash: "for a test")
    conditions = Conditions(crashes=True)
    program = PlainProgram("explore/writes", programs.writes, conditions, programs.reads)
    source = source_of("writes", programs.writes, programs.reads)
    assert isinstance(source, Source)
    with two_workers(source) as hire:
        together = investigate(program, trials=150, strategy="sweep", hire=hire)
    assert isinstance(together.verdict, Violated)
    assert text(together) == text(investigate(program, trials=150, strategy="sweep"))
    assert hire.trials < together.search.trials


# What cannot run elsewhere ----------------------------------------------------------------------------------------------


def test_a_function_that_nobody_can_import_runs_here_and_that_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """One line with the reason and the remedy; the report is the same."""
    monkeypatch.setattr("finale_sim.workers.source.find_spec", lambda name: None)

    async def local() -> None:
        await programs.disorder()

    with pytest.warns(RuntimeWarning, match=r"^all trials run in this process: .*local.* or install cloudpickle$") as caught:
        together = finale_sim.explore(local, trials=60, workers=2)
    assert len(caught) == 1
    assert caught[0].filename == __file__
    assert text(together) == text(finale_sim.explore(local, trials=60))


def test_a_function_without_a_name_is_sent_by_value() -> None:
    """With cloudpickle: a local function, as one from a notebook's cell, runs in other processes."""
    threshold = 21

    async def local() -> None:
        if (found := await programs.disorder()) >= threshold:
            raise ValueError(f"much disorder: {found}")

    source = source_of("local", local)
    assert isinstance(source, Source)
    program = PlainProgram("explore/local", local)
    with two_workers(source) as hire:
        together = investigate(program, trials=400, hire=hire)
    assert text(together) == text(investigate(program, trials=400))
    assert hire.trials < 100


def test_what_cannot_be_sent_at_all_is_said() -> None:
    """Why not, in the words of whoever tried."""
    lock = threading.Lock()

    async def local() -> None:
        lock.locked()

    said = source_of("local", local)
    assert isinstance(said, str)
    assert "cloudpickle can't pickle it: TypeError: cannot pickle '_thread.lock' object" in said


def test_a_program_that_goes_another_way_elsewhere_is_run_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that was started afresh does not know what this one has changed."""
    monkeypatch.setattr(programs, "OUTSIDE", 3)
    said: list[str] = []
    with two_workers(Source(f"{MODULE}:depends", "depends"), said.append) as hire:
        together = explored("depends", 200, hire)
    assert text(together) == text(explored("depends", 200))
    (line,) = said
    assert line.startswith("explore/depends cannot run in other processes, so it goes on in this one: its happy path takes")


def test_a_target_that_is_not_there_is_said_once() -> None:
    """What the other process could not find, in its own words."""
    said: list[str] = []
    with two_workers(Source(f"{MODULE}:nobody", "sound"), said.append) as hire:
        assert explored("sound", 200, hire).search.trials == 200
    (line,) = said
    assert "has no 'nobody'" in line


@pytest.mark.parametrize("workers", [0, -2])
def test_somebody_has_to_work(workers: int) -> None:
    """No worker is a wrong number of them."""
    with pytest.raises(ValueError, match=f"^workers is {workers}, but"):
        finale_sim.explore(programs.sound, workers=workers)


def test_a_failure_that_does_not_come_out_here_is_not_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    """It was found by a process in which something else is different; nobody is accused of it."""
    with two_workers(Source(f"{MODULE}:fails_deep", "fails_deep")) as hire:
        monkeypatch.setattr(programs, "fails_deep", programs.sound)
        report = explored("fails_deep", 400, hire)
    assert isinstance(report.verdict, NotReproducible)
    assert "the same trial came out differently when it was run again, perhaps in another process" in str(report.verdict)


# Those who die ----------------------------------------------------------------------------------------------------------


def test_a_trial_that_ends_its_process_is_told_with_its_stream() -> None:
    """It is run again, watched; the search ends undecided, with a token. No other trial is blamed, and nothing hangs."""
    with two_workers(Source(f"{MODULE}:dies", "dies")) as hire:
        report = explored("dies", 400, hire)
    assert isinstance(report.verdict, Truncated)
    number = explored("fails_deep", 400).search.trials
    assert report.search.trials == number - 1
    assert str(report.verdict).startswith(
        f"undecided: trial {number} ends the process that runs it (exit code 7), each time; replaying fin1-"
    )


def test_a_worker_that_somebody_killed_costs_nothing_but_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The trial that it ran comes through when it is run again, and the report is the same."""
    monkeypatch.setenv("FINALE_TEST_MARK", str(tmp_path / "died"))
    said: list[str] = []
    with two_workers(Source(f"{MODULE}:dies_once", "dies_once"), said.append) as hire:
        together = explored("dies_once", 400, hire)
    assert text(together) == text(explored("dies_once", 400))
    (line,) = said
    assert re.fullmatch(
        r"a worker has died \(exit code 7\) in trial \d+ of explore/dies_once; run again, that came through", line
    )


# A map of one's own -----------------------------------------------------------------------------------------------------


def futures(executor: ThreadPoolExecutor) -> Callable[..., list["Future[bytes]"]]:
    """The shape of dask's ``Client.map``."""
    return lambda function, items: [executor.submit(function, item) for item in items]


@pytest.mark.parametrize("shape", [lambda executor: map, lambda executor: executor.map, futures])
def test_any_map_will_do(shape: Callable[[ThreadPoolExecutor], Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """The built-in one, an executor's, one that gives futures: the report is the same."""
    monkeypatch.setattr("finale_sim.workers.mapped._PATIENCE_S", 0.0)
    asked: list[int] = []
    with ThreadPoolExecutor(2) as executor:

        def mapped(function: Any, chunks: Any) -> Any:
            asked.extend(len(chunk.decides) for chunk in chunks)
            return shape(executor)(function, chunks)

        together = finale_sim.explore(programs.sound, trials=150, map=mapped, workers=2)
    assert text(together) == text(finale_sim.explore(programs.sound, trials=150))
    assert sum(asked) > 100


@pytest.mark.parametrize(
    ("broken", "says"),
    [(lambda function, items: [], "StopIteration"), (lambda function, items: 1 / 0, "ZeroDivisionError: division by zero")],
)
def test_a_map_that_fails_leaves_it_undecided(broken: Any, says: str) -> None:
    """With what it raised; never with the traceback of a pool."""
    hire = partial(Mapped, broken, 2, Source(f"{MODULE}:sound", "sound"), quiet)
    report = explored("sound", 100_000, hire)
    assert report.verdict == Truncated(f"the map that was given failed: {says}")


def test_a_short_search_starts_nobody() -> None:
    """As long as it has taken less than starting would, everything runs here."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        report = finale_sim.explore(programs.sound, trials=3, workers=2)
    assert isinstance(report.verdict, Sampled)
