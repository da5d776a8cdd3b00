"""Searches that workers have as a whole: the same campaign, whoever had which, and whatever befell them."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest

from finale_sim.campaign import Campaign, Lend, campaign_programs, check_programs, run_campaign
from finale_sim.canaries import CANARIES
from finale_sim.program import Program, ScenarioProgram
from finale_sim.saved import Saved
from finale_sim.search import Search
from finale_sim.verdict import Truncated, Violated
from finale_sim.workers.hired import Hired
from finale_sim.workers.lent import Lent
from finale_sim.workers.pool import Pool
from finale_sim.workers.process import Process
from finale_sim.workers.source import Source
from tests.finale_sim.workers import programs
from tests.finale_sim.workers.test_reports import MODULE, quiet, text

FOUR = ["publishes twice", "cancel race", "one prompt", "queue behind"]


@contextmanager
def two_workers(source: Source, notice: Callable[[str], None] = quiet) -> Iterator[tuple[Pool, Lend]]:
    """Two processes that are ready, and how they are lent searches."""
    with Pool(source, 2, notice=notice) as pool:
        pool.start()
        yield pool, partial(Lent, pool)


class Watcher:
    """What a campaign was told while it went on. ``stop``: Ctrl-C when a search is that far."""

    def __init__(self, stop: int | None = None) -> None:
        self.stop = stop
        self.far: Counter[str] = Counter()

    def __call__(self, program: Program, search: Search) -> None:
        assert search.trials >= self.far[program.name]
        self.far[program.name] = search.trials
        if self.stop is not None and search.trials >= self.stop:
            self.stop = None
            raise KeyboardInterrupt


@pytest.mark.parametrize("canary", [None, "second terminal"])
def test_a_campaign_says_what_one_process_says(canary: str | None) -> None:
    """On finale as it is, and with a canary, which is released in each process."""
    chosen = campaign_programs(FOUR)
    with CANARIES[canary].released() if canary else two_workers(Source()):
        alone = run_campaign(chosen, trials=60)
        with two_workers(Source(canary=canary)) as (_, lend):
            together = run_campaign(chosen, trials=60, lend=lend)
    assert alone.exit_code == (1 if canary else 0)
    assert text(together) == text(alone)


def test_each_worker_has_one_after_another(monkeypatch: pytest.MonkeyPatch) -> None:
    """In their order."""
    lent: list[str] = []
    lend_to = Process.lend

    def watched(self: Process, errand: object, hears: Callable[[bytes | None], None]) -> None:
        lent.append(errand.program)  # type: ignore[attr-defined]  # an Errand has one
        lend_to(self, errand, hears)  # type: ignore[arg-type]  # it is one

    monkeypatch.setattr(Process, "lend", watched)
    with two_workers(Source()) as (_, lend):
        run_campaign(campaign_programs(FOUR), trials=60, lend=lend)
    assert [name.partition("/")[2] for name in lent] == FOUR


def test_who_has_nothing_to_do_helps_with_what_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    """The search of a large scenario is called back, and goes on trial by trial, with the same result."""
    chosen = campaign_programs(["one prompt", "crowd", "rejected"])
    alone = run_campaign(chosen, trials=150)
    watcher, called, call_back = Watcher(), list[Process](), Process.call_back
    monkeypatch.setattr(Process, "call_back", lambda self: called.append(self) or call_back(self))  # type: ignore[func-returns-value]
    with two_workers(Source()) as (pool, lend):
        together = run_campaign(chosen, trials=150, lend=lend, hire=partial(Hired, pool), on_trial=watcher)
    assert text(together) == text(alone)
    assert called
    assert watcher.far["campaign/crowd"] > 100


def interrupted(chosen: Sequence[ScenarioProgram], trials: int, stop: int, saved: Saved | None = None) -> Campaign:
    """Ctrl-C while two workers have a search each."""
    with two_workers(Source()) as (_, lend):
        return run_campaign(chosen, trials=trials, lend=lend, on_trial=Watcher(stop), saved=saved)


def test_ctrl_c_gives_what_all_of_them_have() -> None:
    """Not only the one that was waited for."""
    campaign = interrupted(campaign_programs(["crowd", "many sessions", "one prompt"]), 100_000, 30)
    assert campaign.interrupted
    assert [report.program.partition("/")[2] for report in campaign.reports] == ["crowd", "many sessions"]
    for report in campaign.reports:
        assert isinstance(report.verdict, Truncated)
        assert str(report.verdict).startswith(f"undecided: interrupted after {report.search.trials:,} of 100,000 trials")


def test_what_was_kept_of_them_goes_on(tmp_path: Path) -> None:
    """An interrupted campaign, resumed, says what an uninterrupted one says."""
    chosen, file = campaign_programs(["many sessions", "crowd", "one prompt"]), tmp_path / "kept"
    first = interrupted(chosen, 300, 30, Saved(file, {}))
    assert first.interrupted
    assert all(0 < report.search.trials < 300 for report in first.reports)
    watcher = Watcher()
    with two_workers(Source()) as (pool, lend):
        saved = Saved(file, {})
        second = run_campaign(chosen, trials=300, lend=lend, hire=partial(Hired, pool), on_trial=watcher, saved=saved)
    assert text(second) == text(run_campaign(chosen, trials=300))


def test_a_search_is_kept_while_it_is_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """So that a power cut costs seconds."""
    chosen, kept = campaign_programs(["crowd", "many sessions", "one prompt"]), list[tuple[str, int]]()
    monkeypatch.setattr(Saved, "keep", lambda self, program, search: kept.append((program.name, search.trials)))

    def stop(program: Program, search: Search) -> None:
        if kept:
            raise KeyboardInterrupt

    with two_workers(Source()) as (_, lend):
        run_campaign(chosen, trials=100_000, lend=lend, on_trial=stop, saved=Saved(tmp_path / "kept", {}, every_s=0.0))
    name, trials = kept[0]
    assert name in ("campaign/crowd", "campaign/many sessions")
    assert 0 < trials < 100_000


def test_a_coordinator_that_kills_workers_is_found_out() -> None:
    """Its search goes on without them up to the trial that does it."""
    chosen = check_programs("Deadly", programs.Deadly, ["one prompt", "cancel race", "queue behind"])
    said: list[str] = []
    with two_workers(Source(f"{MODULE}:Deadly", "Deadly"), said.append) as (pool, lend):
        campaign = run_campaign(chosen, trials=60, lend=lend, hire=partial(Hired, pool))
    verdicts = {report.program.rpartition("/")[2]: str(report.verdict) for report in campaign.reports}
    assert "ends the process that runs it (exit code 7), each time" in verdicts["cancel race"]
    assert any("a worker has died (exit code 7) in trial" in one and "cancel race" in one for one in said)
    assert not any(isinstance(report.verdict, Violated) for report in campaign.reports)


def test_a_program_that_is_another_one_elsewhere_is_searched_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """The workers find that its happy path takes another way there."""
    chosen = campaign_programs(FOUR)
    alone = run_campaign(chosen, trials=30)
    with two_workers(Source()) as (_, lend):
        monkeypatch.setattr("finale_sim.workers.lent.happy_path", lambda site, options: options - 1)
        together = run_campaign(chosen, trials=30, lend=lend)
    assert text(together) == text(alone)
