"""Putting a workspace together, and taking it apart again, whatever comes in between."""

import asyncio
import gc
import inspect
import signal
import sys
from types import FrameType, ModuleType
from typing import Any

import pytest
import trio
from trio.testing import MockClock

import finale
from finale import RunContext, RunHandle, executor, opening, pump
from finale.journal import MemoryJournal

# Where it may be opened ------------------------------------------------------------------------------------------------


def test_outside_of_trio_it_names_the_ways_in() -> None:
    """Who tries it in asyncio, or in a cell of a notebook, reads what to do, and not what trio misses."""

    async def main() -> None:
        async with finale.open_workspace(len):  # type: ignore[arg-type]
            raise AssertionError

    with pytest.raises(RuntimeError, match=r"a program that trio\.run\(main\) starts, or use finale\.notebook\.open_workspace"):
        asyncio.run(main())


def test_the_options_that_nobody_gives_are_those_of_the_guide() -> None:
    """Who reads "default: 16,384" plans with it."""
    defaults = {name: parameter.default for name, parameter in inspect.signature(finale.open_workspace).parameters.items()}
    assert (defaults["grace_s"], defaults["progress_limit"], defaults["retain"]) == (5.0, 4096, 16_384)


# Leaving with an error -------------------------------------------------------------------------------------------------


async def test_an_error_leaves_with_the_context_that_it_had() -> None:
    """A traceback tells the user's story; that there are nurseries around the block is no part of it."""
    with pytest.raises(ValueError, match="mine") as caught:
        async with finale.open_workspace(sleeps):
            raise ValueError("mine")
    assert caught.value.__context__ is None


# Ctrl-C ---------------------------------------------------------------------------------------------------------------


class Interrupt:
    """Presses Ctrl-C before the ``number``-th line of ``module`` that is executed."""

    def __init__(self, number: int, module: ModuleType) -> None:
        self.left = number
        self._file = module.__file__

    def __call__(self, frame: FrameType, _event: str, _argument: Any) -> Any:
        return self._line if frame.f_code.co_filename == self._file else None

    def _line(self, _frame: FrameType, event: str, _argument: Any) -> Any:
        if event == "line":
            self.left -= 1
            if not self.left:
                signal.raise_signal(signal.SIGINT)
        return self._line


async def unhang(hung: list[str]) -> None:
    """A system task that no cancellation reaches: ends what waits for ever, so that a hang is a failure."""
    await trio.sleep(1000)
    todo = [trio.lowlevel.current_root_task()]
    while todo:
        task = todo.pop()
        todo += [child for nursery in task.child_nurseries for child in nursery.child_tasks] if task is not None else []
        if task is not None and task.name == "finale pump":
            hung.append(task.name)
            task.coro.cr_frame.f_locals["self"].finish_soon()  # type: ignore[attr-defined]  # the pump is in there


async def sleeps(request: finale.Request, _ctx: RunContext) -> str:
    await trio.sleep(1)
    return request.prompt


@pytest.mark.filterwarnings("ignore:.*coroutine object sleeps:pytest.PytestUnraisableExceptionWarning")  # called, not awaited yet
@pytest.mark.parametrize(
    ("leave", "module"), [("wait", opening), ("close", opening), ("raise", opening), ("close", executor), ("close", pump)]
)
def test_ctrl_c_at_any_line_ends_the_program(leave: str, module: ModuleType) -> None:
    """With a KeyboardInterrupt; nothing hangs, trio stays whole, and what was accepted has ended."""
    number, left = 0, 0
    while left <= 0:
        number += 1
        runs: list[RunHandle] = []
        hung: list[str] = []

        async def main(runs: list[RunHandle] = runs, hung: list[str] = hung) -> None:
            trio.lowlevel.spawn_system_task(unhang, hung)
            async with finale.open_workspace(sleeps, journal=MemoryJournal()) as workspace:
                runs += [workspace.submit(prompt, "s") for prompt in "ab"]
                await trio.sleep(0.5)
                if leave == "close":
                    workspace.close()
                elif leave == "raise":
                    raise EOFError

        interrupt, tracing = Interrupt(number, module), sys.gettrace()
        error: BaseException | None = None
        sys.settrace(interrupt)
        try:
            trio.run(main, clock=MockClock(autojump_threshold=0))
        except BaseException as raised:  # noqa: BLE001  # what it is, is what is looked at
            error = raised
        finally:
            sys.settrace(tracing)
        left = interrupt.left
        if left <= 0:
            assert "KeyboardInterrupt" in repr(error), number  # in a group, if the block had raised, too
        assert not hung, number
        assert all(run.complete is not None for run in runs), number
    assert number > 30
    del error
    gc.collect()  # what warns, warns here


def test_ctrl_c_comes_out_while_an_old_journal_is_read() -> None:
    """What users wrote is not protected, and may take long."""

    class Long(MemoryJournal):
        finished = False

        async def read(self, after: int = 0) -> list[finale.Event]:
            signal.raise_signal(signal.SIGINT)
            self.finished = True
            return await super().read(after)

    journal = Long()

    async def main() -> None:
        async with finale.open_workspace(sleeps, journal=journal):
            raise AssertionError

    with pytest.raises(KeyboardInterrupt):
        trio.run(main)
    assert not journal.finished
