"""Where the time of one dispatched run goes: in trio, part by part, and in the rooms of finale, beside the same by hand.

A timer interrupts the program a thousand times per second of processor time, and the innermost frame that belongs to a part
gets the sample. The time of a run is taken before that, without the timer, and divided by the samples. Collecting garbage
counts for whoever happens to allocate then.
"""

import signal
import sys
from collections import Counter
from collections.abc import Callable
from statistics import median
from types import FrameType

import trio
from bench_dispatch import by_hand_burst, by_hand_single, finale_burst, finale_single
from side_by_side import arguments, heading, print_table, rounds_of

SAMPLE_S = 0.001
TRIO = {"start": "trio: start a task", "scope": "trio: a cancel scope", "rest": "trio: steps, waiting, waking, ends"}
FINALE = {
    "finale: take the request": ("workspace", "door", "admission", "handle", "views"),
    "finale: ledger and events": ("ledger", "turns", "record", "runs", "events"),
    "finale: the run's task": ("executor", "context", "endings", "coordinator"),
    "finale: pump, log, readers": ("pump", "broker", "subscription"),
}
ROOMS = {f"finale.{room}": part for part, rooms in FINALE.items() for room in rooms}
OURS = "the caller: loops and counts"


def part_of(frame: FrameType | None) -> str:
    """Whose time it is. What belongs to no part, such as a generated ``__init__``, belongs to who called it."""
    while frame is not None:
        module, function = frame.f_globals.get("__name__", ""), frame.f_code.co_qualname
        if module == "trio._core._run" and function in ("Nursery.start_soon", "Runner.spawn_impl"):
            return TRIO["start"]
        if module == "trio._core._run" and function.startswith("CancelScope."):
            return TRIO["scope"]
        if module.startswith("trio.") and not function.startswith("Task."):  # what a Task does is part of starting or of a scope
            return TRIO["rest"]
        if module in ROOMS:
            return ROOMS[module]
        if module == "bench_dispatch":
            return OURS
        frame = frame.f_back
    return OURS


PartOf = Callable[[FrameType | None], str]


def sampled(work: Callable[[], object], least: int, part_of: PartOf) -> Counter[str]:
    """How often each part was met, in at least ``least`` samples."""
    met: Counter[str] = Counter()
    before = signal.signal(signal.SIGPROF, lambda _, frame: met.update([part_of(frame)]))
    told, sys.unraisablehook = sys.unraisablehook, lambda _: None  # of signals that come just when trio closes its wake-up socket
    signal.setitimer(signal.ITIMER_PROF, SAMPLE_S, SAMPLE_S)
    try:
        while met.total() < least:
            work()
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)
        sys.unraisablehook = told
    return met


def shares(work: Callable[[], object], seconds: float, least: int, part_of: PartOf = part_of) -> dict[str, tuple[float, float]]:
    """Part → (µs, share) of one run that takes ``seconds``."""
    met = sampled(work, least, part_of)
    return {part: (seconds * 1e6 * count / met.total(), count / met.total()) for part, count in met.items()}


def profile(title: str, finale: Callable[[], float], by_hand: Callable[[], float], rounds: int, least: int) -> None:
    """One table."""
    times = rounds_of({"finale": finale, "by hand": by_hand}, rounds)
    ours = shares(finale, median(times["finale"]), least)
    theirs = shares(by_hand, median(times["by hand"]), least)

    def cells(of: dict[str, tuple[float, float]], part: str) -> list[str]:
        return [f"{of[part][0]:.1f}", f"{of[part][1]:.0%}"] if part in of else ["", ""]

    rows = [[part, *cells(ours, part), *cells(theirs, part)] for part in [*TRIO.values(), *FINALE, OURS]]
    whole = [f"{sum(us for us, _ in of.values()):.1f}" for of in (ours, theirs)]
    rows.append(["one run", whole[0], "", whole[1], ""])
    print_table(title, ["", "finale, µs", "share", "by hand, µs", "share"], rows)


def main() -> int:
    """Print all tables."""
    quick = arguments(__doc__).quick
    heading("Profile: where the time of a run goes", quick=quick)
    rounds, least, runs = (1, 20, 200) if quick else (5, 2_000, 10_000)
    many = (lambda: trio.run(finale_burst, runs)), (lambda: trio.run(by_hand_burst, runs))
    profile(f"{runs:,} runs at once, each ending seen", *many, rounds, least)
    single = (lambda: trio.run(finale_single, runs)), (lambda: trio.run(by_hand_single, runs))
    profile("One at a time", *single, rounds, least)
    return 0


if __name__ == "__main__":
    sys.exit(main())
