"""Trio's own core tests, with each ``trio.run`` made a trial: how much of trio does a program in a trial get?

Each row is one way of answering the choices: ``rounds`` at random among the schedules that stock trio may take, ``ties`` among
all that a trial may take unless told otherwise, and the happy path always with 0. A test that fails is looked up in a table of
reasons, which must fit what it failed with. The exit code is 1 if a failure has no reason, if a test passes that a reason says
can't, or if a target is missed.
"""

import importlib.util
import json
import os
import re
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import trio
from side_by_side import arguments, heading, print_table, verdict

from finale_sim.kernel import Conditions, Fidelity, simulate

CORE = (
    "test_asyncgen", "test_cancelled", "test_instrumentation", "test_ki", "test_local", "test_mock_clock", "test_parking_lot",
    "test_run", "test_unbounded_queue",
)  # fmt: skip
FACE = ("test_abc", "test_channel", "test_contextvars", "test_highlevel_generic", "test_sync", "test_testing", "test_timeouts")
MODULES = tuple(f"trio._core._tests.{name}" for name in CORE) + tuple(f"trio._tests.{name}" for name in FACE)
QUICK = ("trio._core._tests.test_local", "trio._core._tests.test_parking_lot")

NAMES = {"trio": "stock trio", "happy": "happy path"}
TARGET = 319  # of 333, in rounds
SEEDS = 5


@dataclass(frozen=True)
class Reason:
    """Why a test fails in every trial, and how that reads. Or not ``always``, but in some schedules, maybe of ``rounds`` too."""

    why: str
    tests: tuple[str, ...]
    reads: str
    always: bool = True
    rounds: bool = False


REASONS = (
    Reason(
        "measures how long it really takes; the clocks of a trial are virtual",
        ("test_mock_clock_autojump",),
        r"assert \d+\.0 < 1",
    ),
    Reason("starts real threads", ("test_TrioToken_run_sync_soon_threaded_stress_test",), r"RealIO: threading\.Thread\.start"),
    Reason("opens a socket", ("test_open_stream_to_socket_listener",), r"RealIO: trio\.socket\.socket"),
    Reason(
        "a Ctrl-C ends the trial, also where trio would deliver it later or in a group: the person wants out",
        ("test_reason_delayed_ki", "test_ki_protection_works"),
        r"KeyboardInterrupt",
    ),
    Reason(
        "counts trio's own tasks; a trial starts the one for callbacks when there is a callback",
        ("test_current_statistics",),
        r"assert 2 == 3.*where 2 = RunStatistics\(tasks_living=2",
    ),
    Reason(
        "wants a callback between two steps with which trio ends, and a trial has no steps there",
        ("test_last_minute_gc_edge_case",),
        r"Didn't manage to hit",
    ),
    Reason(
        "asserts that tasks take turns, which trio does and doesn't promise",
        ("test_basic_interleave", "test_instruments_interleave"),
        r"AssertionError",
        always=False,
    ),
    Reason(
        "asserts that who releases a lock gets it last; who goes on at once gets it before others have asked",
        ("test_generic_lock_fifo_fairness",),
        r"assert \[\d, \d, \d\] == \[\d, \d, \d\]",
        always=False,
    ),
    Reason(
        "two tasks have to be inside at once, and may be there one after the other",
        ("test_MemorySendStream",),
        r"assert 0 == 1",
        always=False,
    ),
    Reason(
        "counts on a child having taken its first step when its parent has taken one",
        ("test_reschedule",),
        r"Exceptions from Trio nursery",
        always=False,
    ),
    Reason(
        "counts on tasks being cancelled in an order that depends on who waits already",
        ("test_as_safe_channel_multi_cancel",),
        r"\['agen cancel', 'body cancel'\] == \['body cancel', 'agen cancel'\]",
        always=False,
    ),
    Reason(
        "counts callbacks that call themselves again between the steps of others",
        ("test_TrioToken_run_sync_soon_starvation_resistance",),
        r"assert \d+ >= \d+",
        always=False,
    ),
    Reason(
        "closes nurseries in the wrong order, and trio asserts, some steps before its end, that nobody is left: here sooner",
        ("test_nursery_misnest", "test_asyncexitstack_nursery_misnest", "test_asyncexitstack_nursery_misnest_cleanup"),
        r"TrioInternalError|'this exception is lost'",
        always=False,
        rounds=True,
    ),
)


@dataclass(frozen=True)
class Outcome:
    """What became of one test."""

    file: str
    test: str
    outcome: str
    trials: int
    text: str

    @property
    def function(self) -> str:
        """The test's name without parameters."""
        return self.test.partition("[")[0]


Results = dict[tuple[str, int], list[Outcome]]
"""(schedules, seed) → the tests."""


def run_tests(modules: Iterable[str], schedules: str, seed: int) -> list[Outcome]:
    """One pytest process. ``schedules`` is trio, happy, rounds or ties."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report"
        path = os.pathsep.join([str(Path(__file__).parent), *sys.path])
        how = {"FINALE_SCHEDULES": schedules, "FINALE_SEED": str(seed), "FINALE_REPORT": str(report), "PYTHONPATH": path}
        done = subprocess.run(
            [
                *(sys.executable, "-m", "pytest", "-q", "--run-slow", "--timeout=60", f"--rootdir={folder}"),
                *("-p", "no:trio", "-p", "no:hypothesispytest", "-p", "no:cacheprovider"),
                *("-p", "trio._tests.pytest_plugin", "-p", "trio_in_trials", "--pyargs", *modules),
            ],
            cwd=folder,
            env=os.environ | how,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode not in {0, 1} or not report.exists():
            raise SystemExit(f"pytest could not run trio's tests:\n{done.stdout}{done.stderr}")
        return [Outcome(**json.loads(line)) for line in report.read_text(encoding="utf-8").splitlines()]


def reason_of(failure: Outcome, schedules: str) -> Reason | None:
    """The entry of the table that explains a failure."""
    for reason in REASONS:
        if failure.function in reason.tests and (reason.always or reason.rounds or schedules != "rounds"):
            return reason if re.search(reason.reads, failure.text, re.DOTALL) else None
    return None


def complaints(outcomes: list[Outcome], schedules: str, seed: int) -> list[str]:
    """Failures without a reason, and reasons without a failure."""
    found = []
    for one in outcomes:
        what = f"{schedules} {seed}: {one.file}::{one.test}"
        if one.outcome == "failed" and reason_of(one, schedules) is None:
            found.append(f"{what} failed, and no reason fits: {' '.join(one.text.split())[:200]}")
        elif one.outcome == "passed" and any(reason.always and one.function in reason.tests for reason in REASONS):
            found.append(f"{what} passed, and a reason says that it can't: take it out of the table")
    return found


def has_rounds() -> bool:
    """Whether this kernel knows the schedules of rounds."""

    async def worker(name: str, log: list[str]) -> None:
        for _ in range(2):
            log.append(name)
            await trio.lowlevel.checkpoint()

    async def program() -> list[str]:
        log: list[str] = []
        async with trio.open_nursery() as nursery:
            nursery.start_soon(worker, "a", log)
            nursery.start_soon(worker, "b", log)
        return log

    return simulate(program, conditions=Conditions(Fidelity.ROUNDS)).value == ["a", "b"] * 2


def passed(outcomes: list[Outcome]) -> int:
    """How many passed."""
    return sum(one.outcome == "passed" for one in outcomes)


def main() -> int:
    """Print the tables. 1 if there is something to complain about."""
    quick = arguments(__doc__).quick
    if importlib.util.find_spec("trio._core._tests") is None:
        raise SystemExit("the installed trio comes without its tests (trio/_core/_tests); install the wheel: pip install trio")
    heading("Conformance: trio's own tests, in trials", quick=quick)
    modules = QUICK if quick else MODULES
    seeds = range(1 if quick else SEEDS)
    ways = [("trio", 0), ("happy", 0), *(("rounds", seed) for seed in seeds if has_rounds()), *(("ties", seed) for seed in seeds)]
    results = {(way, seed): run_tests(modules, way, seed) for way, seed in ways}
    in_trials = {(one.file, one.test) for one in results["happy", 0] if one.trials}
    print_table(
        f"{passed(results['trio', 0])} tests that pass on stock trio, {len(in_trials)} of which start a loop",
        ["schedules", "seed", "passed", "failed", "with a reason", "target"],
        [row(way, seed, results[way, seed], quick=quick) for way, seed in ways],
    )
    print_files(results)
    print_reasons(results)
    found = [line for (way, seed), outcomes in results.items() if way != "trio" for line in complaints(outcomes, way, seed)]
    missed = [way for way in ways if way[0] == "rounds" and passed(results[way]) < TARGET and not quick]
    print("\n".join(found) or "Each failure has its reason.")
    return 1 if found or missed else 0


def row(way: str, seed: int, outcomes: list[Outcome], *, quick: bool) -> list[str]:
    """Of the first table."""
    failed = [one for one in outcomes if one.outcome == "failed"]
    explained = sum(reason_of(one, way) is not None for one in failed)
    target = verdict(passed(outcomes), least=TARGET) if way == "rounds" and not quick else ""
    name, shown = NAMES.get(way, way), "" if way in NAMES else str(seed)
    return [name, shown, str(passed(outcomes)), str(len(failed)), str(explained), target]


def print_files(results: Results) -> None:
    """Which files the tests are in, and how many of each pass, over all seeds."""
    counts = {way: Counter(one.file for one in outcomes if one.outcome == "passed") for way, outcomes in results.items()}
    by_way = {way: [counts[key] for key in counts if key[0] == way] for way, _ in results}

    def span(way: str, file: str) -> str:
        numbers = sorted({count[file] for count in by_way[way]})
        return "–".join(str(number) for number in dict.fromkeys([numbers[0], numbers[-1]]))

    rows = [[file, *(span(way, file) for way in by_way)] for file in sorted(counts["trio", 0])]
    print_table("Passed, by file", ["file", *(NAMES.get(way, way) for way in by_way)], rows)


def print_reasons(results: Results) -> None:
    """Each test that failed, how often, and why."""
    ways = [way for way in results if way[0] != "trio"]
    failures = Counter((one.test, way[0]) for way in ways for one in results[way] if one.outcome == "failed")
    seeds = Counter(way for way, _ in ways)
    rows, reasons = [], []
    for reason in REASONS:
        names = sorted({test for test, _ in failures if test.partition("[")[0] in reason.tests})
        rows += [[name, *(f"{failures[name, way]} of {seeds[way]}" for way in seeds)] for name in names]
        short = dict.fromkeys(name.partition("[")[0] for name in names)
        reasons += [f"- {', '.join(f'`{name}`' for name in short)}: {reason.why}."] if names else []
    if rows:
        print_table("Failed, and why", ["test", *(NAMES.get(way, way) for way in seeds)], rows)
        print("\n".join(reasons) + "\n")


if __name__ == "__main__":
    sys.exit(main())
