"""Who finds the races of ``examples/races.py``: finale_sim, or the same number of runs on stock trio.

Every program is also tried in its corrected form, which nobody may accuse. A run on stock trio fails if an error leaves the
program or if it hangs: after a minute of virtual time a deadlocked program is given up.
"""

import runpy
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import trio
from side_by_side import arguments, bare_trio, heading, print_table

import finale_sim
from finale_sim.program import PlainProgram
from finale_sim.search import RandomWalk

PROGRAMS = ("lost_update", "deadlock", "check_then_act", "leaked_permit", "lost_wakeup", "use_after_close")
RACES: dict[str, Any] = runpy.run_path(str(Path(__file__).resolve().parents[1] / "examples" / "races.py"))

Function = Callable[[], Awaitable[Any]]


@dataclass(frozen=True)
class OnTrio:
    """What came of a number of runs on stock trio."""

    runs: int
    errors: int
    hangs: int

    def __str__(self) -> str:
        failed = self.errors + self.hangs
        return f"{failed} of {self.runs}" + (f" ({self.hangs} hang)" if self.hangs else "")


def on_trio(function: Function, runs: int) -> OnTrio:
    """Run it on stock trio again and again."""
    errors = hangs = 0

    async def guarded() -> None:
        with trio.fail_after(60):
            await function()

    for _ in range(runs):
        try:
            bare_trio(guarded)
        except trio.TooSlowError:
            hangs += 1
        except Exception:  # noqa: BLE001  # whatever a race brings out
            errors += 1
    return OnTrio(runs, errors, hangs)


def walks_to_failure(function: Function, seed: int, most: int) -> int | None:
    """How many random walks it takes without the sweep that ``explore`` begins with; None if ``most`` are not enough."""
    program, walk = PlainProgram("walked", function), RandomWalk(seed)
    return next((n for n in range(1, most + 1) if program.attempt(walk.next()).breach is not None), None)


def racy(name: str, trials: int, seeds: int) -> tuple[list[str], bool]:
    """A row of the table, and whether every search found the race."""
    function: Function = RACES[name]
    reports = [finale_sim.explore(function, trials=trials, seed=seed) for seed in range(seeds)]
    found = [report.search.trials for report in reports if report.counterexample is not None]
    deviations = {report.counterexample.deviations for report in reports if report.counterexample is not None}
    walked = [walk for seed in range(seeds) if (walk := walks_to_failure(function, seed, trials)) is not None]
    row = [
        name,
        f"{len(found)} of {seeds}",
        f"{median(found):g}" if found else "–",
        "/".join(map(str, sorted(deviations))),
        f"{median(walked):g} ({len(walked)} of {seeds})" if walked else "–",
        str(on_trio(function, trials)),
    ]
    return row, len(found) == seeds


def corrected(name: str, trials: int, seeds: int) -> tuple[list[str], bool]:
    """A row of the table, and whether nobody accuses the corrected program."""
    function: Function = RACES[f"{name}_fixed"]
    reports = [finale_sim.explore(function, trials=trials, seed=seed) for seed in range(seeds)]
    accused = sum(report.verdict.exit_code != 0 for report in reports)
    stock = on_trio(function, trials)
    row = [f"{name}_fixed", f"{accused} of {seeds}", str(reports[0].search.trials), str(reports[0].verdict), str(stock)]
    return row, accused == 0 and stock.errors == stock.hangs == 0


def main() -> int:
    """Print both tables. 1 if a race was missed or a corrected program was accused."""
    quick = arguments(__doc__).quick
    heading("Races: finale_sim beside stock trio", quick=quick)
    trials, seeds = (100, 2) if quick else (2000, 10)
    found = [racy(name, trials, seeds) for name in PROGRAMS]
    print_table(
        f"Races, {seeds} searches of at most {trials} trials each, seeds 0 to {seeds - 1}; and {trials} runs on stock trio",
        ["program", "found", "trials to failure", "deviations, shrunk", "by random walk alone", "failing runs of trio"],
        [row for row, _ in found],
    )
    held = [corrected(name, trials, seeds if quick else 3) for name in PROGRAMS]
    print_table(
        "The same programs, corrected: nobody may accuse them",
        ["program", "accused", "trials", "verdict", "failing runs of trio"],
        [row for row, _ in held],
    )
    return 0 if all(fine for _, fine in [*found, *held]) else 1


if __name__ == "__main__":
    sys.exit(main())
