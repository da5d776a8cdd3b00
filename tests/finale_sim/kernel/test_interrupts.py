"""Ctrl-C comes out of simulate(), whatever the program does."""

import asyncio
import gc
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from types import FrameType
from typing import Any

import pytest
import trio

import finale_sim
from finale_sim.kernel import Ending, current_trial, heard, seam, simulate, spare


@pytest.fixture(autouse=True)
def _handler() -> Iterator[None]:
    """Ctrl-C is Python's own business before and after."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    signal.signal(signal.SIGINT, before)


def _press() -> None:
    signal.raise_signal(signal.SIGINT)


async def _in_a_step() -> None:
    await trio.sleep(1)
    _press()
    await trio.sleep_forever()


async def _swallowed() -> None:
    with suppress(KeyboardInterrupt):
        _press()
    while True:
        await trio.lowlevel.checkpoint()


async def _in_a_loop_without_await() -> None:
    while True:
        _press()


async def _in_a_child() -> None:
    async with trio.open_nursery() as nursery:
        nursery.start_soon(_in_a_step)
        nursery.start_soon(trio.sleep_forever)


async def _during_cleanup() -> None:
    try:
        await trio.sleep_forever()
    finally:
        _press()
        while True:
            pass


async def _in_a_thread() -> None:
    def work() -> None:
        _press()
        while True:
            pass

    await trio.to_thread.run_sync(work)


async def _in_an_abort_function() -> None:
    def abort(_: object) -> trio.lowlevel.Abort:
        _press()
        return trio.lowlevel.Abort.SUCCEEDED

    with trio.move_on_after(1):
        await trio.lowlevel.wait_task_rescheduled(abort)


@pytest.mark.parametrize(
    "program",
    [_in_a_step, _swallowed, _in_a_loop_without_await, _in_a_child, _during_cleanup, _in_a_thread, _in_an_abort_function],
)
def test_ctrl_c_ends_the_trial_and_is_raised(program: object) -> None:
    """Wherever it strikes, nothing of the trial is left."""
    with pytest.raises(KeyboardInterrupt):
        simulate(program)  # type: ignore[arg-type]
    assert current_trial() is None
    assert simulate(trio.sleep, 1).ending is Ending.RETURNED


def test_what_trio_protects_goes_on_to_the_end_of_its_step() -> None:
    """Code that must not be torn up isn't, and the trial ends right after its step."""
    log: list[str] = []

    @trio.lowlevel.enable_ki_protection
    def move_money() -> None:
        log.append("taken")
        _press()
        log.append("given")

    async def program() -> None:
        move_money()
        log.append("unprotected again")
        await trio.lowlevel.checkpoint()
        log.append("next step")

    with pytest.raises(KeyboardInterrupt):
        simulate(program)
    assert log == ["taken", "given", "unprotected again"]


def test_a_second_ctrl_c_is_raised_in_protected_code() -> None:
    """Who presses again gets out of a protected loop without await."""

    @trio.lowlevel.enable_ki_protection
    def stuck() -> None:
        while True:
            _press()

    async def program() -> None:
        stuck()

    with pytest.raises(KeyboardInterrupt):
        simulate(program)
    assert simulate(trio.sleep, 1).ending is Ending.RETURNED


def test_a_ctrl_c_inside_of_trio_makes_no_noise(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Struck at any line of trio's own loop, a trial ends with KeyboardInterrupt and nothing else."""

    async def program() -> None:
        with trio.move_on_after(5):
            async with trio.open_nursery() as nursery:
                for _ in range(3):
                    nursery.start_soon(trio.sleep, 1)

    monkeypatch.setattr(spare.SPARE, "take", seam.Loop)  # a new one each time: equally many lines
    lines = struck = 0

    def trace(frame: FrameType, event: str, argument: object) -> Any:
        nonlocal lines
        if event == "line" and frame.f_code.co_name in {"unrolled_run", "task_exited", "_child_finished", "expire"}:
            lines += 1
            if lines == struck:
                _press()
        return trace

    def traced() -> None:
        nonlocal lines
        lines = 0
        before = sys.gettrace()
        sys.settrace(trace)
        try:
            simulate(program)
        finally:
            sys.settrace(before)

    traced()
    for line in range(1, lines, 5):
        struck = line
        with pytest.raises(KeyboardInterrupt):
            traced()
    gc.collect()
    assert capfd.readouterr() == ("", "")


def test_ctrl_c_while_a_strategy_decides() -> None:
    """The strategy isn't torn up; the trial ends right after its answer."""

    async def program() -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(trio.sleep, 1)
            nursery.start_soon(trio.sleep, 1)

    def decide(site: object, options: int) -> int:
        _press()
        return 0

    with pytest.raises(KeyboardInterrupt):
        simulate(program, decide=decide)


def test_somebody_elses_handler_is_respected() -> None:
    """Where the process handles SIGINT itself, a trial doesn't interfere."""
    seen: list[int] = []
    signal.signal(signal.SIGINT, lambda number, frame: seen.append(number))
    try:
        assert simulate(_in_a_step).ending is Ending.DEADLOCKED
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    assert seen == [signal.SIGINT]


def test_a_trial_in_another_thread_leaves_signals_alone() -> None:
    """Only the main thread can handle signals; a trial elsewhere works without."""
    endings: list[Ending] = []
    thread = threading.Thread(target=lambda: endings.append(simulate(trio.sleep, 1).ending))
    thread.start()
    thread.join()
    assert endings == [Ending.RETURNED]


def test_a_signal_receiver_works() -> None:
    """A program that listens for signals hears those that it raises."""

    async def program() -> int:
        with trio.open_signal_receiver(signal.SIGUSR1) as signals:
            signal.raise_signal(signal.SIGUSR1)
            async for number in signals:
                return number
        return -1

    assert simulate(program).value == signal.SIGUSR1


def test_a_real_ctrl_c_stops_a_busy_process_promptly() -> None:
    """A process in a loop without await ends on SIGINT, with nothing but Python's own traceback."""
    code = (
        "import time, os, sys\n"
        "from finale_sim.kernel import simulate\n"
        "async def program():\n"
        "    print('ready', flush=True)\n"
        "    while True: pass\n"
        "try: simulate(program)\n"
        "except KeyboardInterrupt: print('interrupted', flush=True)\n"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=20)
    assert (process.returncode, out, err) == (0, "interrupted\n", "")


def test_an_interrupt_while_the_loop_is_being_made_leaves_nothing_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    """It comes out as itself, and the thread is free for the next trial."""

    def interrupted(*args: object) -> None:
        raise KeyboardInterrupt

    simulate(trio.sleep, 1)
    with monkeypatch.context() as patch:
        patch.setattr(seam.Loop, "start", interrupted)
        with pytest.raises(KeyboardInterrupt):
            simulate(trio.sleep, 1)
    assert simulate(trio.sleep, 1).ending is Ending.RETURNED


def test_a_search_inside_asyncio_can_be_interrupted() -> None:
    """The handler of asyncio asks the loop to cancel a task, as that of a notebook's cell does; the search does not let it."""

    async def press_at_the_third() -> None:
        trials.append(1)
        if len(trials) == 3:
            _press()
        async with trio.open_nursery() as nursery:
            for _ in range(3):
                nursery.start_soon(trio.lowlevel.checkpoint)

    async def cell() -> str:
        asked = signal.getsignal(signal.SIGINT)
        verdict = str(finale_sim.explore(press_at_the_third).verdict)
        assert signal.getsignal(signal.SIGINT) is asked
        return verdict

    trials: list[int] = []
    assert asyncio.run(cell()) == "undecided: interrupted after 2 of 1,000 trials"


def test_elsewhere_the_handler_is_left_alone() -> None:
    """Outside an event loop whoever handles Ctrl-C may have good reasons."""
    signal.signal(signal.SIGINT, lambda *_: None)
    try:
        with heard():
            assert signal.getsignal(signal.SIGINT) is not signal.default_int_handler
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
