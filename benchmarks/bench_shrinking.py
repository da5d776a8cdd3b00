"""How small failures get: what random walks find in ten races, shrunk, beside the optimum.

The optimum is the number of deviations of the first failure with the same claim that a sweep meets, which goes through all
streams with 0 deviations, with 1, with 2, and so on.
"""

import runpy
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from time import process_time
from typing import Any

from side_by_side import arguments, heading, print_table, verdict

from finale_sim.program import PlainProgram
from finale_sim.search import Attempt, RandomWalk, Sweep
from finale_sim.shrink import Shrunk, shrink

EXAMPLES = Path(__file__).resolve().parents[1] / "examples"
PROGRAMS = {
    "lost_update": "races.py",
    "order_violation": "more_races.py",
    "torn_transfer": "more_races.py",
    "lock_ring": "more_races.py",
    "lost_wakeup": "races.py",
    "leaked_permit": "races.py",
    "stale_lease": "more_races.py",
    "paid_twice": "more_races.py",
    "stored_twice": "more_races.py",
    "event_after_the_end": "more_races.py",
}
FILES: dict[str, dict[str, Any]] = {file: runpy.run_path(str(EXAMPLES / file)) for file in {*PROGRAMS.values()}}
MOST_WALKS = 2000


@dataclass(frozen=True)
class Result:
    """One failure, shrunk."""

    found: Attempt
    shrunk: Shrunk
    optimum: int
    seconds: float

    @property
    def close(self) -> bool:
        """At most one deviation more than need be."""
        return len(self.shrunk.attempt.deviations) <= self.optimum + 1


def failures(program: PlainProgram, seeds: int) -> Iterator[Attempt]:
    """The first failure of each walk."""
    for seed in range(seeds):
        walk = RandomWalk(seed)
        tried = (program.attempt(walk.next()) for _ in range(MOST_WALKS))
        failure = next((attempt for attempt in tried if attempt.breach is not None), None)
        if failure is not None:
            yield failure


def optimum(program: PlainProgram, claim: str) -> int:
    """The fewest deviations with which ``claim`` breaks, by trying all streams in the order of their deviations."""
    sweep = Sweep()
    while (decide := sweep.next()) is not None:
        attempt = program.attempt(decide)
        sweep.learn(attempt)
        if attempt.breach is not None and attempt.breach.claim == claim:
            return len(attempt.deviations)
    raise AssertionError(f"{program.name}: no stream breaks {claim!r}")


def results(name: str, seeds: int) -> list[Result]:
    """Everything that the walks find in one program."""
    program = PlainProgram(f"explore/{name}", FILES[PROGRAMS[name]][name])
    best: dict[str, int] = {}
    made = []
    for failure in failures(program, seeds):
        assert failure.breach is not None, "a failure breaks a claim"
        claim = failure.breach.claim
        if claim not in best:
            best[claim] = optimum(program, claim)
        began = process_time()
        shrunk = shrink(program.attempt, failure)
        made.append(Result(failure, shrunk, best[claim], process_time() - began))
    return made


def row(name: str, made: list[Result]) -> list[str]:
    """A row of the table."""
    return [
        name,
        str(len(made)),
        f"{median(len(result.found.deviations) for result in made):g}",
        "/".join(str(size) for size in sorted({len(result.shrunk.attempt.deviations) for result in made})),
        "/".join(str(best) for best in sorted({result.optimum for result in made})),
        f"{sum(result.close for result in made)} of {len(made)}",
        f"{sum(result.shrunk.minimal for result in made)} of {len(made)}",
        f"{median(result.shrunk.trials for result in made):g}",
        f"{max(result.seconds for result in made):.3f}",
    ]


def main() -> int:
    """Print the table. 1 if fewer than 95 % of the failures come within one deviation of the optimum, or one took over 2 s."""
    quick = arguments(__doc__).quick
    heading("Shrinking: failures of random walks beside the optimum", quick=quick)
    seeds = 2 if quick else 40
    made = {name: results(name, seeds) for name in PROGRAMS}
    head = ["program", "failures", "found", "shrunk", "optimum", "within + 1", "proved minimal", "trials", "s, worst"]
    print_table(
        f"Deviations of failures, first failure of each of {seeds} walks",
        head,
        [row(name, each) for name, each in made.items() if each],
    )
    every = [result for each in made.values() for result in each]
    share, worst = sum(result.close for result in every) / len(every), max(result.seconds for result in every)
    found = sum(map(bool, made.values()))
    targets = [
        ["failures within one deviation of the optimum", f"{share:.1%}", verdict(share, least=0.95)],
        ["seconds for the slowest", f"{worst:.3f}", verdict(worst, most=2)],
        ["programs in which the walks found something", str(found), verdict(found, least=10)],
    ]
    print_table("All together", ["", "measured", "target"], targets)
    return int(share < 0.95 or worst > 2 or not all(made.values()))


if __name__ == "__main__":
    raise SystemExit(main())
