"""What a trial costs, beside one run of the same program on stock trio with a virtual clock of trio's own.

A trial does more: every scheduling decision is asked for and recorded, the world is simulated, and a digest is kept. It must
still be cheaper than the run, because the number of trials is what finds bugs. ``finale_sim.simulate`` is measured as the
search calls it, with the stream of zeros and with random answers.

Beside it, in the same rounds, other ways to try many schedules: see ``other_ways``. One that is not installed is left out.
"""

import gc
import sys
import tracemalloc
from collections.abc import Awaitable, Callable
from functools import partial

import other_ways
import trio
from side_by_side import arguments, bare_trio, heading, micros, print_table, ratio, repeated, rounds_of, verdict

from finale_sim import simulate
from finale_sim.campaign import campaign_programs
from finale_sim.search import RandomWalk

Program = Callable[[], Awaitable[None]]


# The programs -----------------------------------------------------------------------------------------------------------


async def empty() -> None:
    """Nothing at all: what is left is the start and the end."""


async def tiny() -> None:
    """Two tasks, two steps each."""
    async with trio.open_nursery() as nursery:
        nursery.start_soon(trio.lowlevel.checkpoint)
        nursery.start_soon(trio.lowlevel.checkpoint)


async def typical() -> None:
    """Five tasks: two producers, a consumer behind a lock, and a timeout that strikes."""
    sending, receiving = trio.open_memory_channel[int](1)
    lock = trio.Lock()

    async def produce(sending: trio.MemorySendChannel[int]) -> None:
        async with sending:
            for item in range(4):
                await sending.send(item)
                await trio.sleep(0.1)

    async def consume() -> None:
        async for _ in receiving:
            async with lock:
                await trio.lowlevel.checkpoint()

    async def give_up() -> None:
        with trio.move_on_after(0.25):
            await trio.sleep_forever()

    async with trio.open_nursery() as nursery:
        async with sending:
            for _ in range(2):
                nursery.start_soon(produce, sending.clone())
        nursery.start_soon(consume)
        nursery.start_soon(give_up)


async def large() -> None:
    """33 tasks: pairs over channels under a shared limit, each with its own timeout, then one big cancellation."""
    limit = trio.CapacityLimiter(4)

    async def ask(sending: trio.MemorySendChannel[int]) -> None:
        with trio.move_on_after(5):
            async with sending, limit:
                await trio.sleep(0.1)
                await sending.send(1)

    async def answer(receiving: trio.MemoryReceiveChannel[int]) -> None:
        async with receiving:
            async for _ in receiving:
                await trio.lowlevel.checkpoint()
            await trio.sleep_forever()

    async with trio.open_nursery() as nursery:
        for _ in range(16):
            sending, receiving = trio.open_memory_channel[int](0)
            nursery.start_soon(ask, sending)
            nursery.start_soon(answer, receiving)
        await trio.sleep(10)
        nursery.cancel_scope.cancel()


async def crowd(tasks: int, rounds: int) -> None:
    """Many tasks that are runnable all the time."""

    async def spin() -> None:
        for _ in range(rounds):
            await trio.lowlevel.checkpoint()

    async with trio.open_nursery() as nursery:
        for _ in range(tasks):
            nursery.start_soon(spin)


def trial(program: Program) -> None:
    """One trial on the happy path."""
    simulate(program)


def walking(program: Program) -> Callable[[], object]:
    """Trials with random answers, as one seed gives them."""
    walk = RandomWalk(0)
    return lambda: simulate(program, decide=walk.next())


# The tables -------------------------------------------------------------------------------------------------------------


def whole_programs(rounds: int, least_s: float) -> None:
    """Trials per second against runs per second."""
    rows = []
    targets = {"tiny": 3.0, "typical": 1.5}
    for program in (empty, tiny, typical, large):
        shape = simulate(program)
        times = rounds_of(
            {
                "trio": repeated(partial(bare_trio, program), least_s),
                "zeros": repeated(partial(trial, program), least_s),
                "random": repeated(walking(program), least_s),
            },
            rounds,
        )
        gain = ratio(times, "trio", "zeros")
        rows.append(
            [
                program.__name__,
                f"{shape.steps}",
                f"{micros(times, 'trio'):,.0f}",
                f"{micros(times, 'zeros'):,.0f}",
                f"{micros(times, 'random'):,.0f}",
                f"{1e6 / micros(times, 'zeros'):,.0f}",
                f"{gain:.2f}",
                f"{ratio(times, 'trio', 'random'):.2f}",
                verdict(gain, least=targets[program.__name__]) if program.__name__ in targets else "",
            ]
        )
    head = ["program", "steps", "trio, µs", "trial, µs", "random, µs", "trials/s", "× trio", "× trio, random", "target × trio"]
    print_table("One trial against one trio.run with MockClock(autojump_threshold=0)", head, rows)


def steps(rounds: int, total: int) -> None:
    """Cost of a step by the number of runnable tasks. Starting and ending the tasks is part of it, for both."""
    sizes = (2, 10, 100, 200, 1000)
    contenders: dict[str, Callable[[], float]] = {}
    for size in sizes:
        program = partial(crowd, size, max(total // size, 2))
        count = simulate(program, max_steps=10 * total).steps
        for name, run in (("trio", partial(bare_trio, program)), ("trial", partial(trial, program))):
            contenders[f"{name} {size}"] = per_step(repeated(run, 0), count)
    times = rounds_of(contenders, rounds)
    most = {200: 1.25, 1000: 2.0}
    rows = []
    for size in sizes:
        growth = ratio(times, f"trial {size}", "trial 2")
        row = [str(size), f"{micros(times, f'trio {size}'):.2f}", f"{micros(times, f'trial {size}'):.2f}"]
        row += [f"{ratio(times, f'trial {size}', f'trio {size}'):.2f}", f"{growth:.2f}"]
        rows.append([*row, verdict(growth, most=most[size]) if size in most else ""])
    print_table(
        "Cost of one step", ["runnable tasks", "trio, µs", "trial, µs", "trial / trio", "× that at 2", "target × that at 2"], rows
    )


def others(rounds: int, examples: int) -> None:
    """The same programs, by the other ways to try many schedules. frontrun warms up once, and is slow: it gets one turn."""
    for name in (name for name, missing in other_ways.MISSING.items() if missing):
        print(f"{name}: not installed: skipped. To have it: .venv/bin/pip install --group rivals\n")
    rows = []
    for program in (tiny, typical, large):
        contenders = {"random walk": repeated(walking(program), 0.01), "trio": repeated(partial(bare_trio, program), 0.01)}
        if not other_ways.MISSING["hypothesis"]:
            drawn = [other_ways.drawn_schedules, other_ways.drawn_choices, other_ways.drawn_batches]
            names = ["Hypothesis, schedules()", "Hypothesis, a draw per choice", "Hypothesis, batches of trio"]
            contenders |= {name: other_ways.by_hypothesis(way, program, examples) for name, way in zip(names, drawn, strict=True)}
        times = rounds_of(contenders, rounds)
        for name in contenders:
            figures = [f"{micros(times, name):,.0f}", f"{1e6 / micros(times, name):,.0f}"]
            rows.append([program.__name__, name, *figures, f"{ratio(times, name, 'random walk'):.1f}", ""])
        if not other_ways.MISSING["frontrun"]:
            for name, search in (("frontrun, random", other_ways.by_random_asyncio), ("frontrun, DPOR", other_ways.by_dpor)):
                search(program.__name__, 1)
                spent_s, ended = search(program.__name__, examples)
                figures = [f"{spent_s * 1e6:,.0f}", f"{1 / spent_s:,.0f}", f"{spent_s * 1e6 / micros(times, 'random walk'):.1f}"]
                rows.append([program.__name__, name, *(figures if ended else ["", "", ""]), str(ended or "none ended")])
    head = ["program", "schedules by", "µs a schedule", "schedules/s", "× random walk", "schedules that ended"]
    print_table("Other ways to try many schedules", head, rows)


def per_step(turn: Callable[[], float], steps: int) -> Callable[[], float]:
    """The same contender, per step."""
    return lambda: turn() / steps


def scenario(rounds: int, least_s: float) -> None:
    """The real SDK: a scenario of the campaign, its oracles included."""
    [program] = campaign_programs(["cancel race"])
    walk = RandomWalk(0)
    shape = program.attempt(lambda site, options: 0)
    times = rounds_of(
        {
            "trio": repeated(partial(bare_trio, typical), least_s),
            "zeros": repeated(lambda: program.attempt(lambda site, options: 0), least_s),
            "random": repeated(lambda: program.attempt(walk.next()), least_s),
        },
        rounds,
    )
    row = [program.name.rpartition("/")[2], str(shape.steps), str(len(shape.choices))]
    row += [f"{micros(times, name) / 1000:.2f}" for name in ("zeros", "random")]
    row += [f"{1e6 / micros(times, 'random'):,.0f}", f"{ratio(times, 'random', 'trio'):.2f}"]
    head = ["scenario", "steps", "choices", "trial, ms", "random, ms", "trials/s, random", "random / 'typical' on trio"]
    print_table("A scenario on the real SDK, judged by all oracles", head, [row])


def memory(trials: int) -> None:
    """What is left behind by a trial, on average."""
    [program] = campaign_programs(["cancel race"])
    walk = RandomWalk(0)
    for _ in range(trials // 4):
        program.attempt(walk.next())
    gc.collect()
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    for _ in range(trials):
        program.attempt(walk.next())
    gc.collect()
    grown = (tracemalloc.get_traced_memory()[0] - before) / trials
    tracemalloc.stop()
    row = ["cancel race, random", f"{trials:,}", f"{grown:,.0f}", verdict(grown, most=100)]
    print_table("Memory that a trial leaves behind", ["program", "trials", "bytes per trial", "target"], [row])


def main() -> int:
    """Print all tables."""
    quick = arguments(__doc__).quick
    heading("Trials: finale_sim beside stock trio", quick=quick, beside=other_ways.installed())
    rounds, least_s = (1, 0.02) if quick else (9, 0.2)
    whole_programs(rounds, least_s)
    steps(rounds, 1000 if quick else 20_000)
    others(rounds, 5 if quick else 100)
    scenario(rounds, least_s)
    memory(20 if quick else 400)
    return 0


if __name__ == "__main__":
    sys.exit(main())
