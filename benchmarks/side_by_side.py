"""What the benchmarks share: fair turns, medians, tables, and a line that says what was measured on what.

A time says little about another machine, and little about this one while others use it. So everything is measured beside a
yardstick in the same process: each round gives every contender a turn, in changing order, and what counts is the median ratio.
Times are processor time, so that whoever else uses the machine disturbs less; nothing that is measured here waits.
"""

import argparse
import gc
import os
import platform
from collections.abc import Awaitable, Callable, Mapping, Sequence
from importlib.metadata import version
from statistics import median
from time import process_time

import trio
from trio.testing import MockClock

__all__ = ["Times", "arguments", "bare_trio", "heading", "micros", "print_table", "ratio", "repeated", "rounds_of", "verdict"]

Times = dict[str, list[float]]
"""Contender → processor seconds per unit of work, one entry for each round."""


def arguments(about: str) -> argparse.Namespace:
    """The command line of a benchmark: ``--quick`` shows that it works, and its numbers mean nothing."""
    parser = argparse.ArgumentParser(description=about, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="a few seconds, to see that it works; the numbers mean nothing")
    return parser.parse_args()


def heading(what: str, *, quick: bool, beside: Sequence[str] = ()) -> None:
    """Print what is compared, and on what. ``beside`` names the packages that the comparison needs, beside trio."""
    print(f"# {what}\n")
    packages = "".join(f", {name} {version(name)}" for name in ("trio", *beside))
    smoke = " Smoke run: the numbers mean nothing." if quick else ""
    print(f"Python {platform.python_version()}{packages}, {os.cpu_count()} CPUs, {platform.machine()}.{smoke}\n")


def bare_trio(program: Callable[[], Awaitable[object]]) -> None:
    """The yardstick: stock ``trio.run``, on a clock that jumps as soon as all tasks wait."""
    trio.run(program, clock=MockClock(autojump_threshold=0))


def rounds_of(contenders: Mapping[str, Callable[[], float]], rounds: int) -> Times:
    """Give every contender a turn in each round. A contender returns the processor seconds that one unit of its work took."""
    times: Times = {name: [] for name in contenders}
    for number in range(rounds):
        shift = number % len(contenders)
        for name in [*contenders][shift:] + [*contenders][:shift]:
            gc.collect()
            times[name].append(contenders[name]())
    return times


def repeated(work: Callable[[], object], least_s: float) -> Callable[[], float]:
    """A contender that repeats ``work`` for at least ``least_s`` seconds. The first call, which warms up, finds out how often."""
    times = 0

    def turn() -> float:
        nonlocal times
        if not times:
            began = process_time()
            work()
            work()
            times = max(1, int(least_s * 2 / max(process_time() - began, 1e-9)))
        began = process_time()
        for _ in range(times):
            work()
        return (process_time() - began) / times

    return turn


def micros(times: Times, name: str) -> float:
    """The median, in microseconds."""
    return median(times[name]) * 1e6


def ratio(times: Times, name: str, beside: str) -> float:
    """The median over the rounds of how many times as long ``name`` took as ``beside``."""
    return median(a / b for a, b in zip(times[name], times[beside], strict=True))


def verdict(value: float, *, least: float | None = None, most: float | None = None) -> str:
    """The target and whether it is met, for a table."""
    if least is not None:
        return f"≥ {least:g}: {'met' if value >= least else 'MISSED'}"
    assert most is not None, "a target is a least or a most"
    return f"≤ {most:g}: {'met' if value <= most else 'MISSED'}"


def print_table(title: str, head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table that is readable as it is, and as Markdown. The first column is text, the others are flush right."""
    widths = [max(len(row[column]) for row in [head, *rows]) for column in range(len(head))]

    def line(cells: Sequence[str]) -> str:
        return (
            "| " + " | ".join(c.rjust(w) if i else c.ljust(w) for i, (c, w) in enumerate(zip(cells, widths, strict=True))) + " |"
        )

    rule = "|" + "|".join("-" * (w + 1) + (":" if i else "-") for i, w in enumerate(widths)) + "|"
    print(f"## {title}\n")
    print("\n".join([line(head), rule, *(line(row) for row in rows)]) + "\n", flush=True)
