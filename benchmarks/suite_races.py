"""Who finds what: every strategy on programs with one known bug each, and who accuses their corrected twins.

    .venv/bin/python benchmarks/suite_races.py --sessions 20                      all of it; hours on one core
    .venv/bin/python benchmarks/suite_races.py --programs reorder_3 stack --strategies surw portfolio

A session is a search with a seed of its own, of at most 10,000 schedules (``--schedules``), up to the first failure. The number
in a cell is the median over all sessions, in brackets how many found it, if not all did. "Published" are medians or means over
20 sessions that the authors of SURW give for the C programs (Zhao et al., ASPLOS 2025): another kind of steps, the same bugs.
Each corrected twin is searched by every strategy as well; the exit code is 1 if one is accused, or if the portfolio misses a bug.
"""

import argparse
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from math import inf
from pathlib import Path
from random import Random
from statistics import median

from races import channels, conditions, groups, held_out_ends, held_out_state, locks, mutexes, orders, waking
from side_by_side import heading, print_table

from finale_sim.program import PlainProgram
from finale_sim.search import DEFAULT, EXHAUSTIVE, NAMED, search

Make = Callable[..., Callable[[], Awaitable[None]]]

SCTBENCH: dict[str, tuple[Make, str]] = {  # program, and what is published of it: SURW / PCT-3 / POS / random
    "reorder_3": (partial(orders.reorder, 2), "7 / 185 / 86 / –"),
    "reorder_4": (partial(orders.reorder, 3), "7 / 554 / 533 / –"),
    "reorder_5": (partial(orders.reorder, 4), "10 / 647 / 2169 / –"),
    "reorder_20": (partial(orders.reorder, 19), "6 / 3005 / – / –"),
    "reorder_50": (partial(orders.reorder, 49), "13 / 3304 (6) / – / –"),
    "twostage": (partial(orders.twostage, 1), "8 / 13 / 15 / 464"),
    "twostage_50": (partial(orders.twostage, 49), "20 / 1676 / 1637 / –"),
    "stack": (orders.stack, "5 / 3 / 2 / 176"),
    "token_ring": (orders.token_ring, "8 / 8 / 9 / 13"),
    "lazy01": (orders.lazy, "2 / 5 / 5 / 21"),
    "deadlock01": (locks.deadlock, "2 / 13 / 4 / 3"),
    "account": (orders.account, "6 / 4 / 4 / 18"),
    "wronglock": (partial(locks.wronglock, 1, 7), "7 / 51 / 10 / 36"),
    "carter01": (locks.carter, ""),
    "buffer_1w2r": (partial(waking.bounded_buffer, 1, 2), ""),
    "buffer_2w2r": (partial(waking.bounded_buffer, 2, 2), ""),
    "philosophers_3": (partial(locks.philosophers, 3), ""),
    "philosophers_5": (partial(locks.philosophers, 5), ""),
    "lost_wakeup": (waking.lost_wakeup, ""),
    "leaked_permit": (waking.leaked_permit, ""),
}
KERNELS: dict[str, tuple[Make, str]] = {
    name: (getattr(module, name), "") for module in (channels, conditions, mutexes, groups) for name in module.__all__
}
HELD_OUT: dict[str, tuple[Make, str]] = {
    name: (getattr(module, name), "") for module in (held_out_state, held_out_ends) for name in module.__all__
}
PROGRAMS = SCTBENCH | KERNELS | HELD_OUT

UNDRAWN = ("sweep", EXHAUSTIVE)
_DRAWN_ANEW = 1000


@dataclass(frozen=True)
class Row:
    """What the sessions of one program say. ``found``: strategy → schedules up to the bug, for each session; None if missed."""

    program: str
    found: dict[str, list[int | None]]
    accused: list[str]

    def median(self, strategy: str) -> float | None:
        """Of all sessions; None if half of them found nothing."""
        return _finite(_middle(self.found[strategy]))

    def cell(self, strategy: str) -> str:
        """For the table."""
        each, middle = self.found[strategy], self.median(strategy)
        hits = sum(schedules is not None for schedules in each)
        text = "–" if middle is None else f"{middle:g}"
        return text if hits == len(each) else f"{text} ({hits})"

    @property
    def ratio(self) -> float | None:
        """The portfolio's median beside the best sampler's. The happy path, with which it begins, is not counted."""
        return _finite(self._ratio(self.found))

    @property
    def interval(self) -> str:
        """In nine of ten samples drawn anew from the same sessions, the ratio is between these two."""
        draw = Random(0).choices
        ratios = sorted(
            self._ratio({name: draw(each, k=len(each)) for name, each in self.found.items()}) for _ in range(_DRAWN_ANEW)
        )
        return f"{ratios[_DRAWN_ANEW // 20]:.2f} to {ratios[-_DRAWN_ANEW // 20]:.2f}"

    @staticmethod
    def _ratio(found: Mapping[str, Sequence[int | None]]) -> float:
        best = min((_middle(each) for name, each in found.items() if name not in (DEFAULT, *UNDRAWN)), default=inf)
        return max(_middle(found["portfolio"]) - 1, 1) / best if "portfolio" in found and best < inf else inf


def _middle(schedules: Sequence[int | None]) -> float:
    return median(inf if each is None else each for each in schedules)


def _finite(number: float) -> float | None:
    return None if number == inf else number


def session(make: Make, strategy: str, seed: int, schedules: int) -> int | None:
    """The number of schedules up to the first failure, or None."""
    state = search(PlainProgram("raced", make(sound=False)).attempt, trials=schedules, seed=seed, strategy=strategy)
    return state.trials if state.failure is not None else None


def accused(make: Make, strategy: str, seed: int, schedules: int) -> str:
    """What is said against the corrected twin, if anything."""
    state = search(PlainProgram("twin", make(sound=True)).attempt, trials=schedules, seed=seed, strategy=strategy)
    return "" if state.verdict.exit_code == 0 else f"{strategy}: {state.verdict}"


def row(name: str, strategies: Sequence[str], options: argparse.Namespace) -> Row:
    """All sessions of one program. What draws nothing is the same whatever its seed is, so it has one."""
    make = PROGRAMS[name][0]
    found = {
        strategy: [
            session(make, strategy, seed, options.schedules) for seed in range(1 if strategy in UNDRAWN else options.sessions)
        ]
        for strategy in strategies
    }
    against = [accused(make, strategy, 0, options.twin_schedules) for strategy in strategies]
    return Row(name, found, [claim for claim in against if claim])


def table(title: str, rows: Sequence[Row], strategies: Sequence[str], *, published: bool) -> None:
    """Print the rows."""
    head = [
        "program",
        *strategies,
        "portfolio / best",
        "of nine in ten",
        *(["published, in C: SURW / PCT-3 / POS / random"] if published else []),
    ]
    cells = [
        [each.program, *map(each.cell, strategies), *(("", "") if each.ratio is None else (f"{each.ratio:.2f}", each.interval))]
        + ([PROGRAMS[each.program][1] or " "] if published else [])
        for each in rows
    ]
    print_table(title, head, cells)


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="a few seconds, to see that it works; the numbers mean nothing")
    parser.add_argument("--sessions", type=int, default=5, metavar="N", help="searches per program and strategy (default: 5)")
    parser.add_argument("--schedules", type=int, default=10_000, metavar="N", help="at most, in a session (default: 10000)")
    parser.add_argument("--twin-schedules", type=int, default=500, metavar="N", help="for a corrected twin (default: 500)")
    parser.add_argument("--programs", nargs="+", choices=PROGRAMS, default=[*PROGRAMS], metavar="NAME", help="only these")
    parser.add_argument("--strategies", nargs="+", choices=NAMED, default=[*NAMED], metavar="NAME", help="only these")
    parser.add_argument("--save", type=Path, metavar="FILE", help="add each program's result to this file, as a line of JSON")
    options = parser.parse_args()
    if options.quick:
        options.sessions, options.schedules, options.twin_schedules = 1, 200, 20
        options.programs = ["deadlock01", "account", "made_twice"] if options.programs == [*PROGRAMS] else options.programs
    return options


def main() -> int:
    """Print the tables. 1 if a twin was accused, or if the portfolio missed a bug in some session."""
    options = arguments()
    heading("The race suite: strategies on programs with a known bug", quick=options.quick)
    rows = []
    for name in options.programs:
        rows.append(row(name, options.strategies, options))
        if options.save is not None:
            with options.save.open("a") as file:
                file.write(json.dumps({"program": name, "found": rows[-1].found, "accused": rows[-1].accused}) + "\n")
    sessions = f"{options.sessions} session{'s' * (options.sessions != 1)} of at most {options.schedules} schedules"
    groups_of_programs = {
        "SCTBench, as trio programs": SCTBENCH,
        "Kernels after GoKer's bug types": KERNELS,
        "Held out: nothing was tuned on these": HELD_OUT,
    }
    for title, programs in groups_of_programs.items():
        some = [each for each in rows if each.program in programs]
        if some:
            table(f"{title}: median schedules to the bug, {sessions}", some, options.strategies, published=programs is SCTBENCH)
    missed = [each.program for each in rows if None in each.found.get("portfolio", [])]
    against = [f"{each.program}: {claim}" for each in rows for claim in each.accused]
    ratios = [each for each in rows if each.ratio is not None]
    above = [each.program for each in ratios if each.ratio is not None and each.ratio > 1.5]
    said = [
        ["missed by the portfolio in some session", ", ".join(missed) or "none"],
        ["corrected twins that were accused", ", ".join(against) or "none"],
        ["portfolio more than 1.5 × the best sampler", f"{len(above)} of {len(ratios)}: {', '.join(above)}" if above else "none"],
    ]
    print_table("All together", ["", "programs"], said)
    return int(bool(missed or against))


if __name__ == "__main__":
    raise SystemExit(main())
