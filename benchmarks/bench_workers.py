"""What a second worker brings: the same search with one process and with two workers, which give the same result.

Both find nothing, so all of the time is trials. Workers are started before the time is taken. Time is real time here, as that is
what workers are for; so on a machine that others use as well the first ratio says little. The second does not depend on them:
the processor time that all processes together take for a trial, beside that of one. Two cores that have nothing else to do come
out at twice its inverse, less what they take from each other (caches, memory, a shared core).

``--million`` is another mode: a campaign of a million trials, interrupted and resumed, with what its processes hold meanwhile.
"""

import argparse
import os
import pickle
import sys
import tempfile
import time
from functools import partial
from pathlib import Path
from statistics import median

import trio
from side_by_side import heading, print_table, verdict

from finale_sim.campaign import campaign_programs
from finale_sim.failure.determinism import Rechecked
from finale_sim.investigate import investigate
from finale_sim.program import PlainProgram, Program, attentive
from finale_sim.saved import Saved
from finale_sim.search import Alone, Search, search
from finale_sim.workers.hired import Hired
from finale_sim.workers.pool import Pool
from finale_sim.workers.source import Source

TICKS = os.sysconf("SC_CLK_TCK")


async def small() -> None:
    """Four tasks of four steps: 63 million schedules."""

    async def steps() -> None:
        for _ in range(3):
            await trio.lowlevel.checkpoint()

    async with trio.open_nursery() as nursery:
        for _ in range(4):
            nursery.start_soon(steps)


async def typical() -> None:
    """Five tasks that wait, time out, and pass items on."""
    sending, receiving = trio.open_memory_channel[int](1)

    async def produce(sending: trio.MemorySendChannel[int]) -> None:
        async with sending:
            for item in range(4):
                await sending.send(item)
                await trio.sleep(0.1)

    async def consume() -> None:
        async for _ in receiving:
            await trio.lowlevel.checkpoint()

    async with trio.open_nursery() as nursery:
        async with sending:
            for _ in range(3):
                nursery.start_soon(produce, sending.clone())
        nursery.start_soon(consume)
        with trio.move_on_after(0.25):
            await trio.sleep_forever()


HERE = str(Path(__file__).resolve())


def programs() -> list[tuple[str, Program, Source, int]]:
    """Name, program, where workers find it, and trials for about two seconds."""
    return [
        ("small", PlainProgram("explore/small", small), Source(f"{HERE}:small", "small"), 6000),
        ("typical", PlainProgram("explore/typical", typical), Source(f"{HERE}:typical", "typical"), 2500),
        ("one prompt", campaign_programs(["one prompt"])[0], Source(), 2500),
        ("crowd", campaign_programs(["crowd"])[0], Source(), 450),
    ]


# Processes --------------------------------------------------------------------------------------------------------------


def workers() -> list[int]:
    """The processes that this one has started."""
    return [int(pid) for pid in Path(f"/proc/self/task/{os.getpid()}/children").read_text(encoding="ascii").split()]


def cpu_s(pid: int | str) -> float:
    """Processor seconds that a process has taken."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def held_mb(pid: int | str) -> float:
    """What a process holds in memory."""
    pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


# One beside two ---------------------------------------------------------------------------------------------------------


def timed(program: Program, trials: int, pool: Pool | None) -> tuple[float, float, Search]:
    """Real and processor seconds of a search, and the search."""
    processes: list[int | str] = ["self", *(workers() if pool is not None else [])]
    with attentive(program.attempt) as run:
        rechecked = Rechecked(program, run)
        crew = Hired(pool, program, rechecked, 0) if pool is not None else Alone(lambda decide: rechecked(decide, 1))
        before = [cpu_s(pid) for pid in processes]
        began = time.perf_counter()
        state = search(crew, trials=trials)
        took = time.perf_counter() - began
    return took, sum(cpu_s(pid) - start for pid, start in zip(processes, before, strict=True)), state


def side_by_side(rounds: int, share: int) -> None:
    """Each program in turns: one process, two workers."""
    rows = []
    for name, program, source, count in programs():
        trials = max(count // share, 60)
        gains, costs, rates, loads = [], [], [], []
        with Pool(source, 2, notice=print) as pool:
            pool.start()
            timed(program, trials // 4 + 1, pool)
            for _ in range(rounds):
                one_s, one_cpu_s, alone = timed(program, trials, None)
                two_s, two_cpu_s, together = timed(program, trials, pool)
                assert repr(alone) == repr(together), "the results differ"
                gains.append(one_s / two_s)
                costs.append(two_cpu_s / max(one_cpu_s, 1 / TICKS))
                rates.append((trials / one_s, trials / two_s))
                loads.append(os.getloadavg()[0])
        one, two = (median(rate[at] for rate in rates) for at in (0, 1))
        cost = median(costs)
        figures = [f"{one:,.0f}", f"{two:,.0f}", f"{median(gains):.2f}", f"{cost:.3f}", f"{2 / cost:.2f}"]
        rows.append([name, f"{trials:,}", *figures, verdict(2 / cost, least=1.9), f"{median(loads):.1f}"])
    head = ["program", "trials", "one, trials/s", "two, trials/s", "× one", "processor time", "2 ÷ that", "target", "load"]
    print_table(f"Two workers beside one process, medians of {rounds} rounds; equal results", head, rows)


# A million --------------------------------------------------------------------------------------------------------------


def million(trials: int) -> None:
    """One search, interrupted half way and resumed by another pool; what its processes hold, and what is kept on disk."""
    rows: list[list[str]] = []
    program, source = PlainProgram("explore/small", small), Source(f"{HERE}:small", "small")
    marks = [trials * part // 10 for part in range(1, 11)]
    began = time.perf_counter()

    def watch(state: Search, *, stop: int) -> None:
        if marks and state.trials >= marks[0]:
            marks.pop(0)
            there_mb = sum(held_mb(pid) for pid in workers())
            kept_kb = len(pickle.dumps(state, pickle.HIGHEST_PROTOCOL)) / 1e3
            figures = [f"{held_mb('self'):.1f}", f"{there_mb:.1f}", f"{kept_kb:.0f}", f"{time.perf_counter() - began:,.0f}"]
            rows.append([f"{state.trials:,}, {state.strategy} ≤ {state.swept}", *figures, f"{os.getloadavg()[0]:.1f}"])
            print("  ".join(rows[-1]), file=sys.stderr)
        if state.trials == stop:
            raise KeyboardInterrupt

    with tempfile.TemporaryDirectory() as folder:
        for stop in (trials // 2, trials + 1):
            with Pool(source, 2, notice=print) as pool:
                saved = Saved(Path(folder) / "searches", {"trials": trials})
                stopping = partial(watch, stop=stop)
                report = investigate(program, trials=trials, hire=partial(Hired, pool), saved=saved, on_trial=stopping)
            rows.append([f"{report.verdict}"[:60], *[""] * 5])
    title = f"{trials:,} trials on two workers, interrupted half way and resumed"
    print_table(title, ["trials, strategy", "this, MB", "workers, MB", "search, kB", "seconds", "load"], rows)


def main() -> int:
    """Print the table of the mode."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="a few seconds, to see that it works; the numbers mean nothing")
    parser.add_argument("--million", action="store_true", help="a campaign of a million trials; takes minutes")
    arguments = parser.parse_args()
    heading("Workers: two beside one process", quick=arguments.quick)
    if arguments.million:
        million(1_000 if arguments.quick else 1_000_000)
    else:
        side_by_side(*(1, 30) if arguments.quick else (7, 1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
