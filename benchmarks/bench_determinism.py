"""Equal choices make equal trials, wherever they run; and all schedules of small programs are found, each once.

A program of 33 tasks, which uses about all of trio and whose result depends on every order, clock and id, runs again and again in
child processes: with other hash seeds, allocators and options, and, if asked for, on other Pythons and other trios. So do
searches, whose trials have to be the same ones in the same order: what a seed draws is part of what it promises.

    bench_determinism.py                                            this Python, this trio
    bench_determinism.py --pythons 3.11 3.12 3.13 --trios 0.25.0 0.35.0

``--pythons`` takes versions (``python3.X`` is looked for on the PATH), names and paths. What is not the Python and the trio at
hand gets an environment of its own in a temporary folder, with ``pip install trio==…``. The exit code is 1 if two digests differ.
"""

import argparse
import gc
import hashlib
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime
from math import factorial
from pathlib import Path
from typing import Any

import trio
from side_by_side import heading, print_table

from finale_sim.campaign import campaign_programs
from finale_sim.choices import Decide, Site, happy_path
from finale_sim.kernel import Ending, Trial, simulate
from finale_sim.search import Attempt, search

ROOT = Path(__file__).resolve().parents[1]
SOURCES = (ROOT / "benchmarks", ROOT / "sdk", ROOT / "simulations")
REPETITIONS = 1000  # in the first process
ELSEWHERE = 50  # in each of the others
WALKS = (None, 1, 2)  # the happy path, and seeds of random answers
SEARCHED = ("one prompt", "cancel race")  # scenarios, with the strategy that is taken by default
SEARCH_TRIALS = 260

VARIATIONS: dict[str, tuple[list[str], dict[str, str]]] = {
    "as it is": ([], {}),
    "hash seed 0": ([], {"PYTHONHASHSEED": "0"}),
    "hash seed 4242": ([], {"PYTHONHASHSEED": "4242"}),
    "PYTHONMALLOC=malloc": ([], {"PYTHONMALLOC": "malloc"}),
    "PYTHONMALLOC=debug": ([], {"PYTHONMALLOC": "debug", "PADDING": "x" * 5000}),
    "-X dev": (["-X", "dev"], {}),
    "-O": (["-O"], {}),
}
GRIDS = ((2, 1), (2, 3), (2, 5), (3, 1), (3, 2), (4, 1), (1, 5), (3, 3))  # tasks, checkpoints of each


class World:
    """What the tasks of the program share, and their log."""

    def __init__(self) -> None:
        self.log: list[object] = []
        self.lock, self.event, self.condition = trio.Lock(), trio.Event(), trio.Condition()
        self.limiter, self.semaphore = trio.CapacityLimiter(2), trio.Semaphore(2)
        self.send, self.receive = trio.open_memory_channel[object](2)

    async def producer(self, number: int, mine: trio.MemorySendChannel[object]) -> None:
        """Give up on a full channel after a random time."""
        async with mine:
            for item in range(3):
                with trio.move_on_after(random.random()) as scope:
                    await mine.send((number, item, uuid.uuid4().hex))
                self.log.append((number, item, scope.cancelled_caught, time.monotonic()))
                await trio.sleep(0.1 * item)

    async def consumer(self, mine: trio.MemoryReceiveChannel[object]) -> None:
        """Write down what comes."""
        async with mine:
            async for item in mine:
                async with self.lock:
                    await trio.lowlevel.checkpoint()
                    self.log.append(item)

    async def numbers(self, count: int) -> AsyncIterator[int]:
        """An async generator that says when it is closed."""
        try:
            for number in range(count):
                await trio.lowlevel.checkpoint()
                yield number
        finally:
            self.log.append(("closed", count))

    async def generating(self, number: int) -> None:
        """Leave a generator to the collector, half used."""
        async for item in self.numbers(4 + number):
            if item == 2:
                break

    async def threaded(self, number: int) -> None:
        """A thread, and a callback from it."""

        def work() -> tuple[int, float]:
            trio.from_thread.run_sync(self.log.append, ("from thread", number))
            return number, time.time()

        self.log.append(await trio.to_thread.run_sync(work, limiter=self.limiter))

    async def cancelled(self, number: int) -> None:
        """Clean up, when it comes to that."""
        try:
            await trio.sleep_forever()
        finally:
            self.log.append(("cancelled", number, datetime.now(UTC)))

    async def waiting(self, number: int) -> None:
        """All woken at once."""
        await self.event.wait()
        async with self.condition:
            self.condition.notify_all()
        async with self.semaphore:
            await trio.sleep(0.05)
        self.log.append(("woken", number, os.urandom(4)))

    async def service(self, number: int, task_status: trio.TaskStatus[str]) -> None:
        """For ``nursery.start``."""
        await trio.sleep(0.1)
        task_status.started(str(uuid.uuid1()))
        await trio.sleep(0.1 * number)


async def program() -> str:
    """33 tasks; a digest of all that they wrote down."""
    world = World()
    with trio.move_on_after(0.35):
        async with trio.open_nursery() as guarded:
            for number in range(4):
                guarded.start_soon(world.cancelled, number)
            for number in range(3):
                world.log.append(await guarded.start(world.service, number))
    async with trio.open_nursery() as nursery:
        for number in range(5):
            nursery.start_soon(world.producer, number, world.send.clone())
            nursery.start_soon(world.threaded, number)
            nursery.start_soon(world.generating, number)
            nursery.start_soon(world.waiting, number)
        for _ in range(2):
            nursery.start_soon(world.consumer, world.receive.clone())
        for number in range(3):
            world.log.append(await nursery.start(world.service, number))
        world.send.close()
        world.receive.close()
        world.event.set()
        world.log.extend(task.name.rpartition(".")[2] for task in set(nursery.child_tasks))
    return hashlib.sha256(repr(world.log).encode()).hexdigest()


def random_walk(seed: int | None) -> Decide:
    """Answers at random; 0 always, without a seed."""
    if seed is None:
        return happy_path
    source = random.Random(seed)
    return lambda site, options: source.randrange(options)


def fingerprint(seed: int | None) -> str:
    """All of a trial that has to be equal."""
    trial = simulate(program, decide=random_walk(seed))
    assert trial.ending is Ending.RETURNED, trial
    return f"{trial.digest:016x} {trial.value} {trial.steps} {trial.now_s!r} {len(trial.choices)}"


def searched() -> str:
    """All trials of the searches, in order."""
    digests = hashlib.sha256()
    for scenario in campaign_programs(SEARCHED):

        def run(decide: Decide, attempt: Callable[[Decide], Attempt] = scenario.attempt) -> Attempt:
            done = attempt(decide)
            digests.update(done.digest.to_bytes(8))
            return done

        search(run, trials=SEARCH_TRIALS)
    return digests.hexdigest()


def child(repetitions: int) -> None:
    """Print, as JSON, the distinct fingerprints of so many trials in changing memory layouts, and that of the searches."""
    keep: list[object] = []
    found: dict[str, dict[str, None]] = {}
    for seed in WALKS:
        for round_ in range(repetitions):
            keep.append([object() for _ in range(random.randrange(100))] + [bytearray(random.randrange(4000))])
            if round_ % 50 == 0:
                keep.clear()
                gc.collect()
            found.setdefault(str(seed), {})[fingerprint(seed)] = None
    found["search"] = {searched(): None}
    print(json.dumps({seed: list(prints) for seed, prints in found.items()}))


def interpreter(wanted: str) -> str:
    """The path of a Python: from a version, a name or a path."""
    names = [wanted, f"python{wanted}"]
    for name in names:
        found = shutil.which(name)
        if found and subprocess.run([found, "-c", ""], capture_output=True, check=False).returncode == 0:
            return found
    raise SystemExit(f"no Python {wanted!r}: tried {' and '.join(names)}; give its path: --pythons /path/to/python3")


def environment(python: str, version: str, folder: Path) -> str:
    """An interpreter that has this trio: a new virtual environment."""
    subprocess.run([python, "-m", "venv", str(folder)], check=True)
    made = str(folder / "bin" / "python")
    pip = [made, "-m", "pip", "install", "-qq", "--disable-pip-version-check", f"trio=={version}"]
    subprocess.run(pip, check=True)
    return made


def environments(pythons: list[str], trios: list[str], folder: Path) -> Iterator[tuple[str, str]]:
    """(what it is, its interpreter) for every Python with every trio."""
    for wanted in pythons or [sys.executable]:
        python = wanted if wanted == sys.executable else interpreter(wanted)
        full = subprocess.check_output([python, "-c", "import platform; print(platform.python_version())"], text=True).strip()
        for version in trios or [trio.__version__]:
            at_hand = python == sys.executable and version == trio.__version__
            yield f"{full}, trio {version}", python if at_hand else environment(python, version, folder / f"{full}-{version}")


def run_child(python: str, variation: str, repetitions: int) -> dict[str, list[str]]:
    """The distinct fingerprints by walk, from a process of that kind."""
    options, extra = VARIATIONS[variation]
    done = subprocess.run(
        [python, *options, "-W", "ignore", __file__, "--child", str(repetitions)],
        env=os.environ | extra | {"PYTHONPATH": os.pathsep.join(map(str, SOURCES))},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    found: dict[str, list[str]] = json.loads(done.stdout)
    return found


def digests(options: argparse.Namespace) -> bool:
    """Print the table of processes; whether all agree."""
    expected: dict[str, list[str]] = {}
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for what, python in environments(options.pythons, options.trios, Path(folder)):
            for variation in ["as it is", "hash seed 4242"] if options.quick else VARIATIONS:
                repetitions = 3 if options.quick else ELSEWHERE if expected else REPETITIONS
                found = run_child(python, variation, repetitions)
                expected = expected or found
                distinct = max(len(prints) for prints in found.values())
                shown = "/".join(prints[0][:8] for prints in found.values())
                agrees = distinct == 1 and found == expected
                rows.append([what, variation, f"{repetitions} × {len(WALKS)}", str(distinct), shown, "yes" if agrees else "NO"])
    steps, _, choices = next(iter(expected["1"])).split()[2:]
    print_table(
        f"{steps} steps, {choices} choices: digests of the happy path, of two random walks, and of the {SEARCH_TRIALS} trials of "
        f"each of {len(SEARCHED)} searches, in each process",
        ["Python", "process", "trials", "distinct", "digests", "agree"],
        rows,
    )
    return all(row[-1] == "yes" for row in rows)


def grid(tasks: int, checkpoints: int) -> Callable[[], Any]:
    """A program of equal tasks; its value is the order of their steps."""

    async def worker(number: int, log: list[int]) -> None:
        for _ in range(checkpoints):
            log.append(number)
            await trio.lowlevel.checkpoint()
        log.append(number)

    async def equal_tasks() -> tuple[int, ...]:
        log: list[int] = []
        async with trio.open_nursery() as nursery:
            for number in range(tasks):
                nursery.start_soon(worker, number, log)
        return tuple(log)

    return equal_tasks


def every_trial(function: Callable[[], Any]) -> Iterator[Trial]:
    """All trials of a program, depth first."""
    script: list[int] = []
    while True:
        asked: list[tuple[int, int]] = []

        def decide(site: Site, options: int, asked: list[tuple[int, int]] = asked, script: list[int] = script) -> int:
            asked.append((script[len(asked)] if len(asked) < len(script) else 0, options))
            return asked[-1][0]

        yield simulate(function, decide=decide)
        while asked and asked[-1][0] == asked[-1][1] - 1:
            asked.pop()
        if not asked:
            return
        script = [index for index, _ in asked]
        script[-1] += 1


def interleavings(*, quick: bool) -> bool:
    """Print the table of counts; whether each is that of the theory."""
    rows, exact = [], True
    for tasks, checkpoints in GRIDS[:4] if quick else GRIDS:
        theory = factorial(tasks * (checkpoints + 1)) // factorial(checkpoints + 1) ** tasks
        values = [trial.value for trial in every_trial(grid(tasks, checkpoints))]
        fine = len(values) == len(set(values)) == theory
        exact = exact and fine
        counts = [str(number) for number in (theory, len(values), len(set(values)))]
        rows.append([f"{tasks} × {checkpoints + 1}", *counts, "yes" if fine else "NO"])
    print_table("Interleavings of T tasks of S steps: (T·S)! / (S!)^T", ["T × S", "theory", "trials", "distinct", "exact"], rows)
    return exact


def main() -> int:
    """Print both tables. 1 if a digest differs or a count is wrong."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="a few seconds, to see that it works")
    parser.add_argument("--pythons", nargs="*", default=[], metavar="PYTHON", help="versions, names or paths; this one if none")
    parser.add_argument("--trios", nargs="*", default=[], metavar="VERSION", help="versions of trio; the installed one if none")
    parser.add_argument("--child", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        child(options.child)
        return 0
    heading("Determinism: one digest everywhere, and every schedule once", quick=options.quick)
    agree = digests(options)
    return 0 if interleavings(quick=options.quick) and agree else 1


if __name__ == "__main__":
    sys.exit(main())
