"""Where the time of a trial goes, beside the same program in one ``trio.run``: in trio, and in the kernel of finale_sim.

As in ``bench_profile``: samples of the running program; the innermost frame that belongs to a part gets the sample. The parts
of trio are the same code in both columns, so where they differ it is by how often they run. A trial takes one step in each round
of trio's loop, which takes all that is runnable in one; and it has no signals, sockets and system calls, which ``the rest`` has.
"""

import sys
from collections.abc import Callable
from functools import partial
from types import FrameType

from bench_profile import shares
from bench_trials import Program, large, tiny, typical
from side_by_side import arguments, bare_trio, heading, micros, print_table, repeated, rounds_of

from finale_sim import simulate

LOOP, SCOPES, TASKS, REST = (
    "trio: its loop",
    "trio: cancel scopes",
    "trio: tasks, from start to end",
    "trio: waiting, waking, the rest",
)
PROGRAM = "the program, and what it calls"
KERNEL = {
    "trial: which step is next": ("driver", "budget", "lanes"),
    "trial: choices": ("choices", "context"),
    "trial: timers and time": ("passage", "timers", "clock"),
    "trial: start and end": (
        *("processes", "seam", "spare", "kept", "trial", "teardown", "interrupts", "watchdog", "world", "entrance"),
    ),
    "trial: in trio's places": ("standins", "callbacks", "generators", "brief"),
}
ROOMS = {room: part for part, rooms in KERNEL.items() for room in rooms}
_STEPS = ("Driver._steps", "Driver._step", "Driver._by_age", "Driver._drive")
_SCOPES = ("CancelScope.", "CancelStatus.", "Deadlines.")
_TASKS = ("Nursery", "Runner.spawn", "Runner.task_exited", "Runner.init")


def part_of(frame: FrameType | None) -> str:
    """Whose time it is. What belongs to no part belongs to who called it."""
    while frame is not None:
        module, function = frame.f_globals.get("__name__", ""), frame.f_code.co_qualname
        if module.startswith("trio."):
            return _of_trio(function)
        if module.startswith("finale_sim."):
            room = module.rpartition(".")[2]
            if room == "driver" and function not in _STEPS and function != "Driver._pick":
                return "trial: start and end"
            if function == "Brief.task_exited":
                return TASKS
            if room in ROOMS:
                return ROOMS[room]
        elif module == "bench_trials":
            return PROGRAM
        frame = frame.f_back
    return PROGRAM


def _of_trio(function: str) -> str:
    if function == "unrolled_run":
        return LOOP
    if function.startswith(_SCOPES):
        return SCOPES
    return TASKS if function.startswith(_TASKS) else REST


def profile(program: Program, rounds: int, least_s: float, least: int) -> None:
    """One table."""
    steps = simulate(program).steps
    ways: dict[str, Callable[[], object]] = {"trial": partial(simulate, program), "trio": partial(bare_trio, program)}
    times = rounds_of({name: repeated(way, least_s) for name, way in ways.items()}, rounds)
    parts = {name: shares(way, micros(times, name) / 1e6, least, part_of) for name, way in ways.items()}

    def cells(name: str, part: str) -> list[str]:
        return [f"{parts[name][part][0]:.0f}", f"{parts[name][part][0] / steps:.2f}"] if part in parts[name] else ["", ""]

    rows = [[part, *cells("trial", part), *cells("trio", part)] for part in (LOOP, SCOPES, TASKS, REST, *KERNEL, PROGRAM)]
    whole = [micros(times, name) for name in ("trial", "trio")]
    rows.append(["one", *[cell for us in whole for cell in (f"{us:.0f}", f"{us / steps:.2f}")]])
    title = f"{program.__name__}, {steps} steps"
    print_table(title, ["", "trial, µs", "per step", "trio.run, µs", "per step"], rows)


def main() -> int:
    """Print all tables."""
    quick = arguments(__doc__).quick
    heading("Profile: where the time of a trial goes", quick=quick)
    for program in (tiny, typical, large):
        profile(program, *(1, 0.02, 20) if quick else (9, 0.1, 4_000))
    return 0


if __name__ == "__main__":
    sys.exit(main())
