"""Programs: trials of the real SDK and of anything else, judged, repeatable everywhere, and leaving nothing behind."""

import gc
import importlib
import json
import os
import re
import subprocess
import sys
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import trio

import finale
import finale_sim
from finale.coordinators import Retrying
from finale.testing import STUBS
from finale_sim.campaign import Campaign, campaign_programs, check_programs, run_campaign
from finale_sim.choices import happy_path
from finale_sim.display import print_campaign
from finale_sim.kernel import Ending, StepBlocked, simulate
from finale_sim.program import PlainProgram, ScenarioProgram
from finale_sim.scenarios import SCENARIOS, Scenario, Stage
from finale_sim.search import RandomWalk, following, search
from finale_sim.targets import coordinator_factory
from finale_sim.world import World

DIGESTS = """
import json
from finale_sim.campaign import campaign_programs
from finale_sim.choices import happy_path
from finale_sim.search import RandomWalk
print(json.dumps({p.name: [p.attempt(happy_path).digest, p.attempt(RandomWalk(5).next()).digest] for p in campaign_programs()}))
"""


def test_all_scenarios_are_clean() -> None:
    """A small campaign over finale finds nothing wrong."""
    campaign = run_campaign(campaign_programs(), trials=12)
    assert {report.program: str(report.verdict) for report in campaign.reports if report.verdict.exit_code} == {}
    assert campaign.exit_code == 0
    assert len(campaign.reports) == len(SCENARIOS)


def test_every_process_sees_the_same_trials() -> None:
    """Digests of the happy path and of a random walk are equal in fresh processes with other hash seeds."""
    wanted = {p.name: [p.attempt(happy_path).digest, p.attempt(RandomWalk(5).next()).digest] for p in campaign_programs()}
    for seed in ("0", "4242"):
        environment = os.environ | {"PYTHONHASHSEED": seed, "PYTHONPATH": os.pathsep.join(sys.path)}
        done = subprocess.run([sys.executable, "-c", DIGESTS], env=environment, capture_output=True, text=True, check=True)
        assert json.loads(done.stdout) == wanted
        assert done.stderr == ""


@pytest.mark.parametrize("name", SCENARIOS)
def test_the_trace_changes_nothing(name: str) -> None:
    """Telling a trial gives the same attempt as running it, and a story with entries and steps."""
    (program,) = campaign_programs([name])
    for seed in range(3):
        attempt = program.attempt(RandomWalk(seed).next())
        again = following({choice.site.key: choice.answer for choice in attempt.deviations})
        story = program.tell(again)
        assert story.attempt == attempt
        assert story.entries
        assert len([step for step in story.trial.trace if not step.path.startswith("~")]) == attempt.steps


def test_a_thousand_trials_leave_nothing_behind(capfd: pytest.CaptureFixture[str]) -> None:
    """Neither objects nor memory grow with the number of trials, and nothing is printed."""
    programs = [*campaign_programs(["close race", "deaf coordinator", "never returns"])]

    def trials(count: int) -> None:
        for program in programs:
            search(program.attempt, trials=count)

    trials(20)
    gc.collect()
    objects, blocks = len(gc.get_objects()), sys.getallocatedblocks()
    trials(340)
    gc.collect()
    assert len(gc.get_objects()) - objects < 300
    assert sys.getallocatedblocks() - blocks < 3000
    assert gc.garbage == []
    assert capfd.readouterr() == ("", "")


def test_a_trial_that_goes_on_and_on_is_undecided() -> None:
    """A program that counts for ever is neither passed nor failed, and the search gives it up soon."""

    async def counts() -> None:
        number = 0
        while True:
            await trio.lowlevel.checkpoint()
            number += 1

    state = search(PlainProgram("explore/counts", counts).attempt, trials=100)
    text = str(state.verdict)
    assert text.startswith("undecided: a trial was still going after 40,000 steps; whether it goes round for ever is not known: ")
    assert "'number' in test_a_trial_that_goes_on_and_on_is_undecided.counts (tests/finale_sim/test_program.py:" in text
    assert state.trials <= 10


def test_a_trial_that_goes_round_for_ever_is_a_violation() -> None:
    """A program that spins, and nothing of it changes."""

    async def spins() -> None:
        while True:
            await trio.lowlevel.checkpoint()

    state = search(PlainProgram("explore/spins", spins).attempt, trials=100)
    assert str(state.verdict) == "violated: 'no livelock'"
    assert state.trials == 1


class Unreadable(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no message")


def failing(error: BaseException) -> Any:
    async def program() -> None:
        raise error

    return program


@pytest.mark.parametrize(
    ("error", "claim", "message"),
    [
        (AssertionError("balance is 1"), "assertions hold", "AssertionError: balance is 1"),
        (AssertionError(), "assertions hold", "AssertionError"),
        (ValueError("x"), "no ValueError", "ValueError: x"),
        (SystemExit(2), "no SystemExit", "SystemExit: 2"),
        (KeyboardInterrupt(), "no KeyboardInterrupt", "KeyboardInterrupt"),
        (Unreadable(), "no Unreadable", "Unreadable: <its message could not be read>"),
        (ExceptionGroup("g", [ExceptionGroup("h", [KeyError("k")])]), "no KeyError", "KeyError: 'k'"),
    ],
)
def test_an_error_that_leaves_a_program_is_a_breach(error: BaseException, claim: str, message: str) -> None:
    """The claim names the kind of failure, the message the place and the text; of a group, its first leaf counts."""
    attempt = PlainProgram("explore/x", failing(error)).attempt(happy_path)
    assert attempt.breach is not None
    assert attempt.breach.claim == claim
    assert attempt.breach.message.endswith(message)
    if not isinstance(error, ExceptionGroup):
        assert attempt.breach.message.startswith("tests/finale_sim/test_program.py:")


def test_an_error_in_a_system_task_or_callback_is_told_as_itself() -> None:
    """Of trio's "internal error" one wants to know what the program raised there, and where."""

    def fail() -> None:
        raise LookupError("in the background")

    async def failing_task() -> None:
        fail()

    async def with_task() -> None:
        trio.lowlevel.spawn_system_task(failing_task)
        await trio.sleep(1)

    async def with_callback() -> None:
        trio.lowlevel.current_trio_token().run_sync_soon(fail)
        await trio.sleep(1)

    for program in (with_task, with_callback):
        attempt = PlainProgram("explore/x", program).attempt(happy_path)
        assert attempt.breach is not None
        assert attempt.breach.claim == "no LookupError"
        assert attempt.breach.message.startswith("tests/finale_sim/test_program.py:")
        assert attempt.breach.message.endswith("LookupError: in the background")


def test_the_place_of_an_error_is_the_users_own() -> None:
    """An error that a library raises is shown where the user's code called it."""

    async def program() -> None:
        json.loads("{")

    attempt = PlainProgram("explore/x", program).attempt(happy_path)
    assert attempt.breach is not None
    assert attempt.breach.message.startswith("tests/finale_sim/test_program.py:")


def test_a_deadlock_is_a_breach_with_a_report() -> None:
    """Who waits for what, as a tree."""

    async def program() -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(trio.Event().wait)

    attempt = PlainProgram("explore/x", program).attempt(happy_path)
    assert attempt.breach is not None
    assert attempt.breach.claim == "not stuck"
    assert "waits in trio.Event.wait" in attempt.breach.message


# Coordinators that only look wrong, and those that are ----------------------------------------------------------------


class OwnTimeout:
    async def run(self, request: Any, ctx: Any) -> None:
        with trio.fail_after(1):
            await trio.sleep(2)


class StoredCancelled:
    async def run(self, request: Any, ctx: Any) -> None:
        with trio.CancelScope() as scope:
            scope.cancel()
            try:
                await trio.sleep(1)
            except trio.Cancelled as error:
                kept = error
        raise kept


class RefusedCompletion:
    async def run(self, request: Any, ctx: Any) -> str:
        try:
            ctx.complete(42)
        except Exception:  # noqa: BLE001  # what it is does not matter here
            return "ok"
        return "?"


class GroupInCleanup:
    async def run(self, request: Any, ctx: Any) -> None:
        async def child() -> None:
            try:
                await trio.sleep(3)
            except trio.Cancelled:
                raise OSError("child") from None

        async with trio.open_nursery() as nursery:
            nursery.start_soon(child)
            try:
                await trio.sleep(3)
            except trio.Cancelled:
                raise ValueError("body") from None


class ErrorAfterGroup:
    async def run(self, request: Any, ctx: Any) -> None:
        try:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(trio.sleep, 3)
                await trio.sleep(2)
        except BaseExceptionGroup:
            raise OSError("clean-up") from None


class RaisesWhenCalled:
    def run(self, request: Any, ctx: Any) -> Any:
        raise TypeError("before anything is awaited")


class Swallows:
    async def prepare(self) -> None:
        with suppress(trio.Cancelled):
            await trio.sleep(1)

    async def run(self, request: Any, ctx: Any) -> str:
        try:
            await trio.sleep(3)
        except trio.Cancelled:
            ctx.complete("partial")
        return "done"


class LateContext:
    previous: Any = None

    async def run(self, request: Any, ctx: Any) -> str:
        before, self.previous = self.previous, ctx
        if before is not None:
            before.progress_nowait("late")
            before.complete("late")
        await trio.sleep(1)
        return "done"


class Rubbish:
    async def run(self, request: Any, ctx: Any) -> Any:
        return [request]


class RandomlyMade:
    def __init__(self) -> None:
        self.seconds = int.from_bytes(os.urandom(2)) / 65536

    async def run(self, request: Any, ctx: Any) -> None:
        await trio.sleep(self.seconds)


@pytest.mark.parametrize(
    "coordinator",
    [OwnTimeout, StoredCancelled, RefusedCompletion, GroupInCleanup, ErrorAfterGroup, RaisesWhenCalled, Swallows, LateContext,
     Rubbish, RandomlyMade],
)  # fmt: skip
def test_finale_is_not_accused_of_what_an_odd_coordinator_does(coordinator: Any) -> None:
    """Whatever it does to itself, finale keeps the contract, and no oracle of finale says otherwise."""
    campaign = run_campaign([replace(p, judge_coordinator=False) for p in check_programs("x", coordinator)], trials=25)
    assert {report.program: str(report.verdict) for report in campaign.reports if report.verdict.exit_code} == {}


def test_a_coordinator_may_ask_for_random_numbers_when_it_is_made() -> None:
    """It is made inside the trial, so that two trials with the same choices are the same."""
    programs = check_programs("x", RandomlyMade)
    assert len({programs[0].attempt(happy_path).digest for _ in range(3)}) == 1


class SyncRun:
    def run(self, request: Any, ctx: Any) -> str:
        return "at once"


class SyncPrepare:
    def prepare(self) -> None: ...

    async def run(self, request: Any, ctx: Any) -> None: ...


@pytest.mark.parametrize(
    ("coordinator", "says"),
    [
        (SyncRun, "run(request, ctx) must be async; it returned str"),
        (SyncPrepare, "prepare() must be async; it returned NoneType"),
    ],
)
def test_a_coordinator_that_is_not_async_is_undecided(coordinator: Any, says: str) -> None:
    """Each of its runs fails, which proves nothing about it; so the check says why it can't decide."""
    campaign = run_campaign(check_programs("x", coordinator), trials=25)
    assert campaign.exit_code == 3
    assert {str(report.verdict) for report in campaign.reports} == {f"undecided: {says}"}


def test_a_factory_that_fails_later_stops_no_campaign() -> None:
    """An error of a factory in the middle of a campaign is a finding, not the end of the campaign."""
    made = 0

    def factory() -> Any:
        nonlocal made
        made += 1
        if made > 4:
            raise OSError("no more")
        return OwnTimeout()

    campaign = run_campaign(check_programs("x", factory), trials=10)
    assert len(campaign.reports) == len(check_programs("x", factory))
    assert campaign.exit_code == 1
    assert campaign.as_dict()["claim"] == "no crash"


def test_an_oracle_that_crashes_leaves_the_scenario_undecided() -> None:
    """A coordinator whose error has no readable text cannot be judged, and nothing comes down."""

    class Evil:
        async def run(self, request: Any, ctx: Any) -> None:
            raise Unreadable

    program = check_programs("x", Evil)[1]
    attempt = program.attempt(happy_path)
    assert attempt.breach is None
    assert attempt.undecided is not None
    assert attempt.undecided.startswith("oracle 'I2 attribution' crashed: RuntimeError")


# Worlds and campaigns --------------------------------------------------------------------------------------------------


def test_a_world_plays_its_scenario_once() -> None:
    """One trial: the history has the acceptance, the ending, and the leaving, at virtual time."""
    world = World(SCENARIOS["one prompt"], STUBS["steady"])
    trial = simulate(world.play)
    assert trial.ending is Ending.RETURNED
    assert [entry.at_s for entry in world.history.entries] == sorted(entry.at_s for entry in world.history.entries)
    assert [str(ending.status) for ending in world.history.endings()] == ["completed"]
    assert world.history.crash == world.history.stuck == ""


def test_a_campaign_without_reports_is_undecided() -> None:
    """Interrupted before the first trial: exit code 3, and all keys of the JSON are there."""
    campaign = Campaign((), interrupted=True)
    assert campaign.exit_code == 3
    keys = {"verdict", "claim", "trials", "choices", "token", "deviations", "seconds", "steps", "swept", "programs", "detail"}
    assert keys <= set(campaign.as_dict())
    assert campaign.as_dict()["verdict"] == "truncated"


def test_a_campaign_adds_up() -> None:
    """The sums are those of the programs, and the decisive report is the worst one."""
    programs = campaign_programs(["one prompt", "queue behind"])
    campaign = run_campaign(programs, trials=10)
    total = campaign.as_dict()
    for key in ("trials", "choices", "steps"):
        assert total[key] == sum(line[key] for line in total["programs"])
    assert total["claim"] is None


async def _multitude(stage: Stage) -> None:
    for n in range(300):
        stage.submit(f"fail {n}" if n % 50 == 49 else f"prompt {n}", "s1")
    for n in range(2000):
        stage.submit(f"hello {n}", f"session {n}")
    await stage.moment("cancel comes", (1000, 7.5))
    stage.cancel("s1")


def test_hundreds_of_runs_in_a_session_beside_thousands_of_sessions_keep_every_promise() -> None:
    """E26 at its full size: all oracles agree on the happy path, and where a long queue is cancelled under a random schedule."""
    scenario = Scenario("multitude", "far more than a crowd", ("E26",), _multitude, "fails active", options={"max_active": 50})
    program, walk = ScenarioProgram("multitude", scenario, STUBS["fails active"]), RandomWalk()
    reached: set[str] = set()
    for decide in (happy_path, walk.next()):
        attempt = program.attempt(decide)
        assert (attempt.breach, attempt.undecided) == (None, None)
        reached.update(attempt.seen)
    assert {"E2", "E3", "E6", "E10", "E26"} <= reached


def test_an_interrupted_campaign_keeps_the_reports_so_far() -> None:
    """Ctrl-C in the second program: one whole report, one part of one, exit code 3; the third is not begun."""
    first, second, third = campaign_programs(["one prompt", "queue behind", "many sessions"])

    class Impatient(ScenarioProgram):
        def attempt(self, decide: Any) -> Any:
            if next(left) == 0:
                raise KeyboardInterrupt
            return super().attempt(decide)

    left = iter([3, 2, 1, 0])
    impatient = Impatient(second.name, second.scenario, second.make)
    campaign = run_campaign([first, impatient, third], trials=10)
    assert [report.program for report in campaign.reports] == [first.name, second.name]
    assert campaign.reports[1].search.trials == 3
    assert campaign.interrupted
    assert campaign.exit_code == 3
    assert campaign.as_dict()["verdict"] == "truncated"


# What never ends ------------------------------------------------------------------------------------------------------


async def _crossed_beside_a_heartbeat() -> None:
    one, two = trio.Lock(), trio.Lock()

    async def worker(first: trio.Lock, second: trio.Lock) -> None:
        async with first:
            await trio.sleep(1)
            async with second:
                pass

    async def heartbeat() -> None:
        while True:  # noqa: ASYNC110  # a heartbeat is what it is
            await trio.sleep(1)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(worker, one, two)
        nursery.start_soon(worker, two, one)
        nursery.start_soon(heartbeat)


def test_a_part_that_is_stuck_for_good_is_a_breach() -> None:
    """Also if the rest goes on until the limit."""
    attempt = PlainProgram("crossed", _crossed_beside_a_heartbeat).attempt(happy_path)
    assert attempt.undecided is None
    assert attempt.breach is not None
    assert attempt.breach.claim == "not stuck"
    assert attempt.breach.message.startswith("it can never return: others go on, but these wait for each other:\n/main waits in")
    assert "in a circle: /main/worker:0 holds Lock" in attempt.breach.message
    assert "heartbeat:0 waits" not in attempt.breach.message


def test_a_blocked_step_is_undecided() -> None:
    """How long a step takes depends on the machine, so the program is not accused."""

    async def program() -> None:
        raise StepBlocked("step 1 of /main blocks the loop")

    attempt = PlainProgram("blocked", program).attempt(happy_path)
    assert attempt.breach is None
    assert attempt.undecided == "step 1 of /main blocks the loop"


async def calls_in_parallel(request: Any, ctx: Any) -> None:
    async with trio.open_nursery() as nursery:
        nursery.start_soon(trio.open_tcp_stream, "127.0.0.1", 9)
        nursery.start_soon(trio.sleep, 1)


@pytest.mark.parametrize("scenario", ["cancel race", "outer cancellation", "one prompt"])
def test_a_refused_socket_is_no_violation_wherever_it_is(scenario: str) -> None:
    """In a group, or as the cause of what a client made of it, it leaves a trial undecided: nobody is accused of it."""

    async def wraps(request: Any, ctx: Any) -> None:
        try:
            await calls_in_parallel(request, ctx)
        except* finale_sim.RealIO as error:
            raise ConnectionError("no connection") from error

    for coordinator in (calls_in_parallel, wraps):
        (program,) = check_programs("agent", coordinator_factory("agent", coordinator), [scenario])
        report = run_campaign([program], trials=40).reports[0]
        assert report.verdict.exit_code == 3, str(report)
        assert "reaches for the real world" in str(report.verdict)


def test_a_check_tells_what_the_coordinator_raised_and_where(capsys: pytest.CaptureFixture[str]) -> None:
    """That there is no violation is not all that its author wants to know; finale's own campaign says nothing of it."""

    async def agent(request: Any, ctx: Any) -> str:
        if request.prompt == "first":
            raise KeyError("no key")
        async with trio.open_nursery():
            raise OSError("refused")

    programs = check_programs("agent", coordinator_factory("agent", agent), ["close race", "idle cancel"])
    campaign = run_campaign(programs, trials=20)
    print_campaign(campaign, programs, "agent")
    line = agent.__code__.co_firstlineno
    told = capsys.readouterr().out.partition("The coordinator raised, which ends a run as failed:\n")[2]
    for down, error in ((4, "OSError: refused"), (2, "KeyError: 'no key'")):
        place = re.escape(f"tests/finale_sim/test_program.py:{line + down}: {error}")
        assert re.search(rf"^  {place}  \((2\d|3\d|40) trials, in 2 of 2 scenarios\)$", told, re.MULTILINE)
    assert campaign.exit_code == 0
    run_campaign(stubs := campaign_programs(["fails while active"]), trials=5)
    print_campaign(run_campaign(stubs, trials=5), stubs, "finale")
    assert "raised" not in capsys.readouterr().out


def test_a_coordinator_whose_tools_fail_side_by_side_breaks_nothing() -> None:
    """It raises groups, also together with a cancellation. Both are its right."""

    async def agent(request: Any, ctx: Any) -> None:
        async def tool(seconds: float) -> None:
            await trio.sleep(seconds)
            raise OSError("refused")

        async with trio.open_nursery() as nursery:
            nursery.start_soon(tool, 0)
            nursery.start_soon(tool, 0.001)

    campaign = run_campaign(
        check_programs("agent", coordinator_factory("agent", agent), ["close race", "outer cancellation"]), trials=200
    )
    assert campaign.exit_code == 0, str(campaign)


def test_calls_in_libraries_do_not_hide_the_lines_of_the_user() -> None:
    """Of a stuck task its user's lines are shown; finale's own, and those of installed packages, are counted only."""

    async def agent(request: Any, ctx: Any) -> None:
        await trio.Event().wait()

    async def main() -> None:
        async with finale.open_workspace(Retrying(agent)) as workspace:
            await workspace.submit("x", "s").result()

    breach = PlainProgram("stuck", main).attempt(happy_path).breach
    assert breach is not None
    lines = [line.strip() for line in breach.message.splitlines()]
    here = "tests/finale_sim/test_program.py"
    assert lines[2] == f'{here}:{main.__code__.co_firstlineno + 2} in main: await workspace.submit("x", "s").result()'
    assert re.fullmatch(r"… \d calls in finale", lines[3])
    assert re.fullmatch(r"… \d calls in finale", lines[5])
    assert lines[6] == f"{here}:{agent.__code__.co_firstlineno + 1} in agent: await trio.Event().wait()"
    assert any("finale/pump.py" in line for line in lines), "a task without a line of its user is shown in full"


def test_a_refusal_names_the_line_of_the_user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not that of the package which opens the socket for it; a package's file begins with its name."""
    package = tmp_path / "site-packages"
    package.mkdir()
    (package / "client_of_tests.py").write_text("import trio\n\nasync def get():\n    await trio.open_tcp_stream('x', 1)\n")
    monkeypatch.syspath_prepend(package)
    client = importlib.import_module("client_of_tests")

    async def asks() -> None:
        await client.get()

    why = str(finale_sim.explore(asks, trials=1).verdict)
    assert f"test_program.py:{asks.__code__.co_firstlineno + 1} in asks: await client.get()" in why
    assert "finale_sim.network()" in why
    assert "from client_of_tests.py:4 in get" in str(finale_sim.explore(client.get, trials=1).verdict)


class _Odd:
    """A function that Cython compiled looks like it: the module of its class is for instances to tell."""

    __module__ = property(lambda self: "odd")  # type: ignore[assignment]


async def _stuck_with_an_odd_object() -> None:
    odd = _Odd()

    async def waits() -> None:
        await trio.Event().wait()
        odd.wanted = True

    async with trio.open_nursery() as nursery:
        nursery.start_soon(waits)


async def _round_and_round_with_an_odd_object() -> None:
    odd = _Odd()
    while True:
        await trio.lowlevel.checkpoint()
        odd.turns = "another"


async def _shares_an_odd_object() -> None:
    odd = _Odd()

    async def uses() -> None:
        await trio.lowlevel.checkpoint()
        odd.used = len([odd])

    async with trio.open_nursery() as nursery:
        nursery.start_soon(uses)
        nursery.start_soon(uses)


@pytest.mark.parametrize(
    ("program", "strategy", "says"),
    [
        (_stuck_with_an_odd_object, "sweep", "violated: 'not stuck'"),
        (_round_and_round_with_an_odd_object, "sweep", "violated: 'no livelock'"),
        (_shares_an_odd_object, "exhaustive", "exhausted: each of the 2 classes"),
    ],
)
def test_a_class_need_not_know_its_module(program: Any, strategy: str, says: str) -> None:
    """What walks over objects asks for it, and takes whatever it gets."""
    assert str(finale_sim.explore(program, strategy=strategy).verdict).startswith(says)
