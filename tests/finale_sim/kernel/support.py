"""Helpers of the kernel's tests: every trial of a program, and programs that several tests use."""

import gc
import random
import sys
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import pytest
import trio

from finale_sim.choices import Decide, Site
from finale_sim.kernel import Conditions, Fidelity, Trial, simulate

Program = Callable[[], Awaitable[Any]]


def every_trial(program: Program, limit: int = 100_000, fidelity: Fidelity = Fidelity.TIES, crashes: bool = False) -> list[Trial]:
    """All trials of a program on one rung of the ladder, depth first; not more than ``limit``."""
    conditions = Conditions(fidelity, crashes=crashes)
    trials: list[Trial] = []
    script: list[int] = []
    while len(trials) < limit:
        asked: list[tuple[int, int]] = []

        def decide(site: Site, options: int, asked: list[tuple[int, int]] = asked, script: list[int] = script) -> int:
            asked.append((script[len(asked)] if len(asked) < len(script) else 0, options))
            return asked[-1][0]

        trials.append(simulate(program, decide=decide, conditions=conditions))
        while asked and asked[-1][0] == asked[-1][1] - 1:
            asked.pop()
        if not asked:
            return trials
        script = [index for index, _ in asked]
        script[-1] += 1
    return trials


def random_walk(seed: int) -> Decide:
    """A strategy that takes each option with equal probability."""
    source = random.Random(seed)
    return lambda site, options: source.randrange(options)


def grid(tasks: int, checkpoints: int) -> Program:
    """A program of equal tasks, each with so many checkpoints; its value is the order of their steps."""

    async def worker(number: int, log: list[int]) -> None:
        for _ in range(checkpoints):
            log.append(number)
            await trio.lowlevel.checkpoint()
        log.append(number)

    async def program() -> tuple[int, ...]:
        log: list[int] = []
        async with trio.open_nursery() as nursery:
            for number in range(tasks):
                nursery.start_soon(worker, number, log)
        return tuple(log)

    return program


@pytest.fixture
def silence(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Iterator[None]:
    """Nothing may be printed, and nothing may be raised where nobody can catch it."""
    unraisable: list[object] = []
    monkeypatch.setattr(sys, "unraisablehook", unraisable.append)
    yield
    gc.collect()
    assert unraisable == []
    assert capfd.readouterr() == ("", "")
