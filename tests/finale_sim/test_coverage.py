"""What a search says that it has covered: cancels by checkpoint, faults by place, situations; and that it is true."""

import json
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import trio

import finale_sim
from finale_sim import fault, sometimes
from finale_sim.campaign import campaign_programs, run_campaign
from finale_sim.choices import happy_path
from finale_sim.cli import main
from finale_sim.coverage import Coverage, covered_by
from finale_sim.inject import FAULTS
from finale_sim.injected import CASES
from finale_sim.kernel import Conditions, simulate
from finale_sim.kernel.cancels import CANCELLED
from finale_sim.lives import LIVES, STRUCK
from finale_sim.render import coverage_picture
from finale_sim.search import search

EXAMPLE = """import trio

import finale_sim


async def save(disk):
    if await finale_sim.fault("disk", raises=OSError, delays_s=(1,)):
        return
    await trio.sleep(0.1)
    disk.append("saved")


async def clean_up():
    finale_sim.sometimes(True, "cleaned up")
    await trio.lowlevel.checkpoint()


async def main():
    disk = []
    with trio.move_on_after(3):
        try:
            await save(disk)
        except OSError:
            await clean_up()
    if len(disk) > 1:
        await twice()


async def twice():
    finale_sim.sometimes(True, "saved twice")
    await finale_sim.fault("printer", drops=True)
"""


@pytest.fixture
def program(tmp_path: Path) -> str:
    """A program with one scope, three checkpoints in it, and a branch that nothing reaches."""
    file = tmp_path / "example.py"
    file.write_text(EXAMPLE, encoding="utf-8")
    return f"{file}:main"


def squares(file: str, name: str, capsys: pytest.CaptureFixture[str], *more: str) -> dict[tuple[str, str], int]:
    """The squares of one table; lines by their numbers."""
    main(["explore", file, "--json", "--coverage", "--workers", "1", *more])
    told = json.loads(capsys.readouterr().out)["squares"]
    path = file.rpartition(":")[0]
    short = [
        (s["row"].replace(f"{path}:", ""), s["column"].replace(f"{path}:", ""), s["trials"]) for s in told if s["table"] == name
    ]
    return {(row, column): trials for row, column, trials in short}


def test_each_checkpoint_at_which_a_scope_was_cancelled_is_told(program: str, capsys: pytest.CaptureFixture[str]) -> None:
    """With enough trials all of them; after the happy path none, and those that it came by are named."""
    first = squares(program, CANCELLED, capsys, "--cancel", "--trials", "1")
    assert first == {("20 in main", "9 in save"): 0}
    all_of_them = squares(program, CANCELLED, capsys, "--cancel", "--trials", "300")
    assert set(all_of_them) == {("20 in main", f"{line}") for line in ("7 in save", "9 in save", "15 in clean_up")}
    assert all(all_of_them.values())


def test_without_cancels_no_checkpoint_is_asked_for(program: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Who does not cancel pays nothing, and reads nothing of it."""
    assert squares(program, CANCELLED, capsys, "--trials", "50") == {}


def test_a_cancel_reaches_those_who_are_not_protected_from_it() -> None:
    """A task behind a shield, and one outside of the scope, are not cancelled by it."""

    async def sleeper() -> None:
        await trio.sleep(1)

    async def protected() -> None:
        with trio.CancelScope(shield=True, deadline=9):
            await trio.sleep(1)

    async def three() -> None:
        async with trio.open_nursery() as outer:
            outer.start_soon(trio.sleep, 1, name="outside")
            with trio.CancelScope() as scope:
                async with trio.open_nursery() as inner:
                    inner.start_soon(sleeper)
                    inner.start_soon(protected)
                    await trio.sleep(0.5)
                    scope.cancel()

    seen = search(lambda decide: _attempt(three, decide), trials=400).covered
    functions = {(row.rpartition(" ")[2], column.rpartition(" ")[2]): 0 for _, row, column in seen}
    reached = {(row, column): seen[kind, row, column] for kind, row, column in seen if "in protected" in row}
    assert ("three", "sleeper") in functions
    assert {column.rpartition(" ")[2] for _, column in reached} == {"protected"}
    by_others = [
        n for (_, row, column), n in seen.items() if column.endswith("in protected") and "first step" not in column and n
    ]
    assert len(by_others) == len([n for n in reached.values() if n])  # behind its shield nobody else cancels it


def _attempt(program: Callable[[], Awaitable[None]], decide: Callable[..., int]) -> finale_sim.search.Attempt:
    trial = simulate(program, decide=decide, conditions=Conditions(cancels=True))
    return finale_sim.search.Attempt(trial.choices, trial.digest, injected=trial.injected)


def test_a_fault_is_told_by_its_place_and_by_what_it_did(program: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Each way in which it may strike is a square of its own; on the happy path none has."""
    assert squares(program, FAULTS, capsys, "--trials", "1") == {
        ("disk fails", "7 in save"): 0,
        ("disk takes 1 s", "7 in save"): 0,
    }
    assert all(squares(program, FAULTS, capsys, "--trials", "60").values())


def test_what_no_trial_came_by_is_named_from_the_text(program: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A situation and a fault behind a condition that never holds."""
    assert main(["explore", program, "--trials", "60", "--workers", "1"]) == 0
    told = capsys.readouterr().out
    assert "'saved twice' was never reached" in told
    assert "'cleaned up' was reached in" in told
    assert "fault 'printer' never struck" in told


def test_a_line_names_what_is_unreached_and_a_table_has_them_all(program: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Without --coverage one line for a table with unreached squares, none for one without; with it each square."""
    main(["explore", program, "--cancel", "--trials", "1", "--workers", "1"])
    brief = capsys.readouterr().out
    assert f"covered: 0 of 1 {CANCELLED}; never:" in brief
    assert "reached; the numbers are trials" not in brief
    main(["explore", program, "--cancel", "--trials", "300", "--workers", "1", "--coverage"])
    full = capsys.readouterr().out
    assert "covered:" not in full
    assert f"{CANCELLED}: 3 of 3 reached; the numbers are trials" in full


def test_it_is_the_same_for_any_crew_and_after_an_interruption(tmp_path: Path) -> None:
    """One worker, two, and a search that was interrupted and resumed."""

    async def two() -> None:
        with trio.move_on_after(1):
            async with trio.open_nursery() as nursery:
                for _ in range(2):
                    nursery.start_soon(fault, "disk")
                sometimes(await fault("net", drops=True), "lost")
                await trio.sleep(2)

    alone = finale_sim.explore(two, trials=250, cancel=True)
    with ThreadPoolExecutor(1) as pool:
        mapped = finale_sim.explore(two, trials=250, cancel=True, map=pool.map)
    file = tmp_path / "search"

    def stop(state: finale_sim.search.Search) -> None:
        if state.trials == 100:
            raise KeyboardInterrupt

    finale_sim.explore(two, trials=250, cancel=True, resume=file, on_trial=stop)
    resumed = finale_sim.explore(two, trials=250, cancel=True, resume=file)
    assert alone.search.covered
    assert alone.coverage().records() == mapped.coverage().records() == resumed.coverage().records()


def test_a_campaign_has_the_tables_of_all_runs_and_a_part_of_it_those_that_it_began() -> None:
    """One scenario without a journal leaves nothing unreached about journals."""
    campaign = run_campaign(campaign_programs(["one prompt", "cancel waiting"]), trials=30)
    coverage = campaign.coverage()
    rows = {row for kind, row, _ in coverage.squares if kind == STRUCK}
    assert rows == {"cancel"}
    assert coverage.tables == (LIVES, STRUCK, CASES)
    assert coverage.lines() == []
    assert campaign.as_dict()["coverage"][STRUCK]["possible"] == 5
    assert "<table" in coverage.html
    assert "state × event" in str(coverage)
    whole = covered_by(coverage.curve, [(r.search.covered, r.search.probes) for r in campaign.reports], whole=True)
    assert (STRUCK, "close", "active") in whole.unreached(STRUCK)


def test_a_standard_campaign_that_did_not_see_what_it_is_there_for_is_undecided(monkeypatch: pytest.MonkeyPatch) -> None:
    """It names each ending that a scenario promised, and each square; it is no success. A part of it promises nothing."""
    campaign = run_campaign(campaign_programs(), trials=2)
    assert (campaign.exit_code, campaign.unseen()) == (0, [])
    monkeypatch.setattr("finale_sim.tally.STANDARD_TRIALS", 2)
    unseen = campaign.unseen()
    assert "E2 in scenario 'cancel waiting'" in unseen
    assert "claim × case: right refusal, ValueError" in unseen
    assert "fault × phase: close, waiting" not in unseen
    assert campaign.exit_code == 3
    assert "Undecided." in campaign.summary()
    assert f"NEVER SEEN  {unseen[0]}" in str(campaign)
    assert campaign.as_dict()["detail"].startswith(f"never seen: {unseen[0]}")
    assert run_campaign(campaign_programs(["one prompt"]), trials=2).exit_code == 0


def test_a_table_shows_what_was_never_reached_and_leaves_out_what_cannot_be() -> None:
    """Three kinds of squares: a number, never, and a dash."""
    coverage = covered_by(
        coverage_picture([]), [({(LIVES, "waiting", "started"): 7, (LIVES, "active", "completed"): 1}, {"odd <name>": 0})]
    )
    text = str(coverage)
    assert "waiting  7        never   –       –          never   never" in text
    assert "odd <name>  never" in text
    assert "odd &lt;name&gt;" in coverage.html
    assert isinstance(coverage, Coverage)
    whole = covered_by(coverage.curve, [(coverage.squares, coverage.probes)], whole=True)
    assert whole.lines()[0].startswith("covered: 2 of 14 state × event; never: new → accepted, waiting → folded")


def test_names_that_a_program_makes_up_do_not_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond a limit no new squares are taken in, and the old ones go on being counted."""
    monkeypatch.setattr("finale_sim.search.loop._MOST_SQUARES", 20)
    count = 0

    async def inventive() -> None:
        nonlocal count
        count += 1
        await fault("known", drops=True)
        await fault(f"fault {count}", drops=True)

    state = search(lambda decide: _attempt(inventive, decide), trials=100)
    assert len(state.covered) <= 21
    assert simulate(inventive, decide=happy_path).injected.cells
