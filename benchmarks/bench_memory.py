"""What finale keeps in memory: of a run that waits, of one that is active, and of one that has ended.

An active run stands beside what a careful hand-written dispatcher keeps for one. A settled run is remembered until ``retain``
others have settled, so what a workspace holds has a bound; the last table shows that it stays under it.
"""

import gc
import sys
import tracemalloc
from collections.abc import Callable
from functools import partial

import trio
import trio.testing
from side_by_side import arguments, heading, print_table, verdict

import finale


async def nothing(request: finale.Request, ctx: finale.RunContext) -> None:
    """The work of a run that does nothing."""


async def for_ever(request: finale.Request, ctx: finale.RunContext) -> None:
    """The work of a run that stays active."""
    await trio.sleep_forever()


async def bytes_of(start: Callable[[int, trio.Nursery], object], count: int) -> float:
    """Bytes per unit, ``count`` of them being held."""
    async with trio.open_nursery() as nursery:
        gc.collect()
        tracemalloc.start()
        held = start(count, nursery)
        await trio.testing.wait_all_tasks_blocked()
        gc.collect()
        grown = tracemalloc.get_traced_memory()[0]
        tracemalloc.stop()
        nursery.cancel_scope.cancel()
        del held
    return grown / count


def hand_made(count: int, nursery: trio.Nursery) -> object:
    """What a careful hand-written dispatcher keeps for an active run: a task, a scope to cancel it, an event, a record."""

    async def work(scope: trio.CancelScope, ended: trio.Event) -> None:
        with scope:
            await trio.sleep_forever()
        ended.set()

    records = {}
    for number in range(count):
        scope, ended = trio.CancelScope(), trio.Event()
        records[number] = {"id": f"{number:032x}", "scope": scope, "ended": ended, "prompt": "prompt", "state": "active"}
        nursery.start_soon(work, scope, ended)
    return records


async def bytes_of_runs(count: int, *, max_active: int | None) -> float:
    """Bytes per run; those beyond ``max_active`` wait. What the log keeps of their acceptances is bounded, and not counted."""
    async with finale.open_workspace(for_ever, max_active=max_active, retain=1) as workspace:
        gc.collect()
        tracemalloc.start()
        for number in range(count):
            workspace.submit("prompt", f"s{number % 100}" if max_active else f"s{number}")
        await trio.testing.wait_all_tasks_blocked()  # all is published, and what need not be kept is forgotten
        gc.collect()
        grown = tracemalloc.get_traced_memory()[0]
        tracemalloc.stop()
        workspace.close()
    return grown / count


def in_flight(waiting: int, active: int) -> None:
    """Bytes of waiting and of active runs."""
    wait = trio.run(partial(bytes_of_runs, waiting, max_active=1))
    run = trio.run(partial(bytes_of_runs, active, max_active=None))
    bare = trio.run(bytes_of, hand_made, active)
    rows = [
        ["finale, waiting", f"{waiting:,}", f"{wait:,.0f}", "", verdict(wait, most=700)],
        ["finale, active", f"{active:,}", f"{run:,.0f}", f"{run / bare:.2f}", verdict(run / bare, most=1.2)],
        ["by hand, active: task, scope, event, record", f"{active:,}", f"{bare:,.0f}", "1.00", ""],
    ]
    print_table("Bytes per run", ["", "runs", "bytes each", "× by hand", "target"], rows)


async def settled(retain: int, times: int) -> list[int]:
    """The most bytes held while as many runs settled as are retained, and while each further ``retain`` runs did."""
    most = [0] * times
    async with finale.open_workspace(nothing, retain=retain) as workspace:
        gc.collect()
        tracemalloc.start()
        for number in range(retain * times):
            workspace.submit("prompt", f"s{number}")
            if number % 100 == 99:
                await workspace.wait_idle()
                await trio.testing.wait_all_tasks_blocked()  # all is published
                most[number // retain] = max(most[number // retain], tracemalloc.get_traced_memory()[0])
        tracemalloc.stop()
    return most


def remembered(retain: int, times: int) -> None:
    """Bytes of settled runs, each in a session of its own."""
    most = trio.run(settled, retain, times)
    rows = [[f"{retain * (window + 1):,}", f"{held / 1e6:.1f}", f"{held / retain:,.0f}", ""] for window, held in enumerate(most)]
    grown = (most[-1] - most[1]) / (retain * (times - 2))  # the first window fills the memory, the second sweeps it first
    rows[-1][-1] = f"grows by {grown:.2f} bytes a run, {verdict(abs(grown), most=1)}"
    title = f"Settled runs, of which {retain:,} are retained"
    print_table(title, ["runs settled", "MB held", "bytes per retained run", "target"], rows)


def main() -> int:
    """Print all tables."""
    quick = arguments(__doc__).quick
    heading("Memory: what finale keeps of a run", quick=quick)
    if quick:
        in_flight(500, 100)
        remembered(200, 4)
    else:
        in_flight(100_000, 10_000)
        remembered(16_384, 6)
    return 0


if __name__ == "__main__":
    sys.exit(main())
