"""What a second worker brings: the same work with one process and with two workers, which give the same result.

The work is one search, whose trials are handed to and fro, or a campaign, whose searches workers have as a whole. It finds
nothing, so all of the time is trials. Workers are started before the time is taken. Time is real time here, as that is what
workers are for; so on a machine that others use as well the first ratio says little. Beside it is the machine's ceiling: two
processes that work for themselves, half the trials each, and share nothing but the machine. Cores take caches, memory and clock
speed from each other, so that is less than 2 as well.

By processor time is the same, as two cores would come out that have nothing else to do: twice the processor time that one process
takes for the trials, divided by what all processes take for them together. It depends less on who else uses the machine.

``--million`` is another mode: a campaign of a million trials, interrupted and resumed, with what its processes hold meanwhile.
"""

import argparse
import os
import pickle
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median

import trio
from side_by_side import heading, print_table, verdict

from finale_sim.attentive import Attentive
from finale_sim.campaign import campaign_programs, run_campaign
from finale_sim.failure.determinism import Rechecked
from finale_sim.investigate import investigate
from finale_sim.program import PlainProgram, Program, ScenarioProgram
from finale_sim.saved import Saved
from finale_sim.search import Alone, Search, search
from finale_sim.workers.hired import Hired
from finale_sim.workers.lent import Lent
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


def searched(program: Program, trials: int, pool: Pool | None) -> Search:
    """One search."""
    with Attentive(program.attempt) as run:
        rechecked = Rechecked(program, run)
        crew = Hired(pool, program, rechecked, 0) if pool is not None else Alone(lambda decide: rechecked(decide, 1))
        return search(crew, trials=trials)


def campaigned(chosen: Sequence[ScenarioProgram], trials: int, pool: Pool | None) -> list[Search]:
    """A campaign with so many trials in all."""
    each = max(trials // len(chosen), 1)
    lend, hire = (partial(Lent, pool), partial(Hired, pool)) if pool is not None else (None, None)
    return [report.search for report in run_campaign(chosen, trials=each, lend=lend, hire=hire).reports]


@dataclass(frozen=True, slots=True)
class Work:
    """What is done with one process, with two workers, and in two processes apart."""

    name: str
    do: Callable[[int, Pool | None], object]
    source: Source  # where workers find it
    trials: int  # for some seconds


def works() -> list[Work]:
    """All that is measured."""
    [prompt], [crowd] = campaign_programs(["one prompt"]), campaign_programs(["crowd"])
    return [
        Work("small", partial(searched, PlainProgram("explore/small", small)), Source(f"{HERE}:small", "small"), 6000),
        Work("small, long", partial(searched, PlainProgram("explore/small", small)), Source(f"{HERE}:small", "small"), 40_000),
        Work("typical", partial(searched, PlainProgram("explore/typical", typical)), Source(f"{HERE}:typical", "typical"), 2500),
        Work("one prompt", partial(searched, prompt), Source(), 2500),
        Work("crowd", partial(searched, crowd), Source(), 450),
        Work("campaign", partial(campaigned, campaign_programs()), Source(), 2050),
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


def timed(work: Work, trials: int, pool: Pool | None) -> tuple[float, float, object]:
    """Real and processor seconds of it, and what came of it."""
    processes: list[int | str] = ["self", *(workers() if pool is not None else [])]
    before = [cpu_s(pid) for pid in processes]
    began = time.perf_counter()
    result = work.do(trials, pool)
    took = time.perf_counter() - began
    return took, sum(cpu_s(pid) - start for pid, start in zip(processes, before, strict=True)), result


class Apart:
    """A process that works for itself, half as many trials as one would, and has nothing to do with anybody."""

    def __init__(self, name: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, __file__, "--apart", name], stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="ascii"
        )

    def begin(self, trials: int) -> None:
        """Let it work."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{trials}\n")
        self._process.stdin.flush()

    def end(self) -> float:
        """Wait until it has; the processor seconds that it took."""
        assert self._process.stdout is not None
        return float(self._process.stdout.readline())

    def close(self) -> None:
        """End it."""
        self._process.communicate()


def apart(name: str) -> None:
    """Be such a process: read a number of trials, run them, say what they took."""
    [work] = [work for work in works() if work.name == name]
    for line in sys.stdin:
        print(timed(work, int(line), None)[1], flush=True)


def timed_apart(two: list[Apart], trials: int) -> tuple[float, float]:
    """Real and processor seconds of so many trials in all, half of them in each of two processes."""
    began = time.perf_counter()
    for process in two:
        process.begin(trials // 2)
    spent_s = sum(process.end() for process in two)
    return time.perf_counter() - began, spent_s


def side_by_side(rounds: int, share: int) -> None:
    """Each work in turns: one process, two workers, two processes apart."""
    rows = []
    for work in works():
        trials = max(work.trials // share, 60)
        ones, twos, aparts = [], [], []  # real and processor seconds
        others = [Apart(work.name), Apart(work.name)]
        with Pool(work.source, 2, notice=print) as pool:
            pool.start()
            timed(work, trials // 4 + 1, pool)
            timed_apart(others, trials // 4 + 1)
            for _ in range(rounds):
                *one, alone = timed(work, trials, None)
                *two, together = timed(work, trials, pool)
                assert repr(alone) == repr(together), "the results differ"
                ones.append(one)
                twos.append(two)
                aparts.append(timed_apart(others, trials))
        for process in others:
            process.close()
        gain, most = (median(one[0] / other[0] for one, other in zip(ones, many, strict=True)) for many in (twos, aparts))
        dear, dear_apart = (
            median(other[1] / max(one[1], 1 / TICKS) for one, other in zip(ones, many, strict=True)) for many in (twos, aparts)
        )
        figures = [f"{trials / median(real for real, _ in ones):,.0f}", f"{gain:.2f}", f"{most:.2f}", f"{gain / most:.2f}"]
        figures += [f"{2 / dear:.2f}", f"{2 / dear_apart:.2f}", f"{dear_apart / dear:.2f}"]
        rows.append([work.name, f"{trials:,}", *figures, verdict(2 / dear, least=1.9), f"{os.getloadavg()[0]:.1f}"])
    head = [
        "work",
        "trials",
        "one, trials/s",
        "× one",
        "ceiling",
        "of it",
        "by processor time",
        "ceiling",
        "of it",
        "target",
        "load",
    ]
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
    parser.add_argument("--apart", metavar="PROGRAM", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.apart:
        apart(arguments.apart)
        return 0
    heading("Workers: two beside one process", quick=arguments.quick)
    if arguments.million:
        million(1_000 if arguments.quick else 1_000_000)
    else:
        side_by_side(*(1, 30) if arguments.quick else (7, 1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
