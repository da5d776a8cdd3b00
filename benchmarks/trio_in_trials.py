"""A pytest plugin that makes each ``trio.run`` of trio's own tests a trial. ``bench_conformance.py`` loads it.

The environment says how: ``FINALE_SCHEDULES`` is ``trio`` (stock, for comparison), ``happy``, ``rounds`` or ``ties``, the last
two with random answers from ``FINALE_SEED``. ``FINALE_REPORT`` names the file that gets one JSON object per test: how it ended,
in how many trials, and what went wrong.
"""

import json
import os
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import trio
from trio import _core
from trio._core import _run
from trio.testing import MockClock

from finale_sim.choices import Decide, happy_path
from finale_sim.kernel import STANDARD, Conditions, Ending, Fidelity, current_trial, driver, simulate

SCHEDULES = os.environ["FINALE_SCHEDULES"]
SEED = os.environ["FINALE_SEED"]
REPORT = Path(os.environ["FINALE_REPORT"])
CONDITIONS = Conditions(Fidelity.ROUNDS) if SCHEDULES == "rounds" else STANDARD

stock_run = trio.run
test = ""  #: the one that is going on
trials = 0  #: that it has started


def strategy() -> Decide:
    """A fresh one for each trial."""
    if SCHEDULES == "happy":
        return happy_path
    source = random.Random(f"{SEED} {test} {trials}")
    return lambda site, options: source.randrange(options)


def run_in_trial(
    async_fn: Any,
    *args: Any,
    clock: Any = None,
    instruments: Any = (),
    restrict_keyboard_interrupt_to_checkpoints: bool = False,
    strict_exception_groups: bool = True,
) -> Any:
    """What ``trio.run`` does, in a trial."""
    global trials  # noqa: PLW0603  # what the plugin keeps between its hooks
    if current_trial() is not None or hasattr(_run.GLOBAL_RUN_CONTEXT, "runner"):
        return stock_run(async_fn, *args)  # trio's complaint about nesting
    trials += 1
    with configured(clock, instruments, strict_exception_groups):
        trial = simulate(async_fn, *args, decide=strategy(), conditions=CONDITIONS)
    if trial.ending is Ending.RETURNED:
        return trial.value
    if trial.error is not None:
        raise trial.error
    raise AssertionError(str(trial))


@contextmanager
def configured(clock: Any, instruments: Any, strict: bool) -> Iterator[None]:
    """Hand the next trial's runner what ``trio.run`` would have handed to its own."""
    original = driver.Loop
    before_s = clock.current_time() if isinstance(clock, MockClock) else 0.0  # a test may jump before it starts

    def loop(*args: Any) -> Any:
        made = original(*args)
        made.runner.strict_exception_groups = strict
        for instrument in instruments:
            made.runner.instruments.add_instrument(instrument)
        if isinstance(clock, MockClock):
            made.runner.clock, args[0].now = clock, before_s
        return made

    driver.Loop = loop  # type: ignore[misc, assignment]
    try:
        yield
    finally:
        driver.Loop = original  # type: ignore[misc]


def of_the_trial(original: Callable[..., Any], inside: Callable[..., Any]) -> Callable[..., Any]:
    """A method of MockClock that is about the trial's clock while there is one."""

    def method(self: MockClock, *args: Any) -> Any:
        trial = current_trial()
        return original(self, *args) if trial is None else inside(trial.clock, *args)

    return method


def jump(clock: Any, seconds: float) -> None:
    """``MockClock.jump``."""
    if seconds < 0:
        raise ValueError("time can't go backwards")
    clock.now += seconds


if SCHEDULES != "trio":
    trio.run = _core.run = _run.run = run_in_trial
    MockClock.current_time = of_the_trial(MockClock.current_time, lambda clock: clock.now)  # type: ignore[method-assign]
    MockClock.jump = of_the_trial(MockClock.jump, jump)  # type: ignore[method-assign]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """Count the trials of each test."""
    global test, trials  # what the plugin keeps between its hooks
    test, trials = item.name, 0
    return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    """A Ctrl-C that a test sent to itself and didn't catch is its failure, not the end of the session."""
    try:
        yield
    except KeyboardInterrupt as error:
        raise AssertionError("KeyboardInterrupt came out of the test") from error


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[pytest.TestReport]:
    """Write down how it ended."""
    report: pytest.TestReport = yield
    if report.when == "call" or report.failed or report.skipped:
        text = "" if call.excinfo is None else f"{call.excinfo.type.__name__}: {call.excinfo.value}"
        line = {"file": item.path.stem, "test": item.name, "outcome": report.outcome, "trials": trials, "text": text}
        with REPORT.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")
    return report
