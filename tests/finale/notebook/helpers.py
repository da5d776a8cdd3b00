"""Coordinators that need no clock, and a kernel that executes cells."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import trio
from jupyter_client.manager import KernelManager

import finale

__all__ = ["Cell", "Kernel", "agent", "kernel_in"]


async def agent(request: finale.Request, ctx: finale.RunContext) -> str:
    """Does what its prompt says: a number of reports, or "never" ends, or "fails"; anything else comes back in capitals."""
    if request.prompt.isdigit():
        for number in range(int(request.prompt)):
            await ctx.progress(number)
    if request.prompt == "never":
        await trio.sleep_forever()
    if request.prompt == "fails":
        raise ValueError("this is a failure")
    return request.prompt.upper()


@dataclass
class Cell:
    """What a cell has shown."""

    text: str = ""  # what was printed, and the text of the value
    error: list[str] = field(default_factory=list)  # the lines of the traceback
    name: str = ""  # of the error
    shown: list[dict[str, Any]] = field(default_factory=list)  # contents of display_data
    updates: list[dict[str, Any]] = field(default_factory=list)  # contents of update_display_data


class Kernel:
    """A real kernel, as a front end sees it."""

    def __init__(self, manager: KernelManager) -> None:
        self.manager = manager
        self._client = manager.blocking_client()
        self._client.start_channels()
        self._client.wait_for_ready(timeout=60)

    def cell(self, code: str, *, when_it_says: str = "", then: Callable[[], object] = lambda: None) -> Cell:
        """Execute a cell; call ``then`` when it has printed something."""
        shown = Cell()
        request = self._client.execute(code)
        while True:
            message = self._client.get_iopub_msg(timeout=60)
            content = message["content"]
            match message["msg_type"]:
                case "status" if content["execution_state"] == "idle" and message["parent_header"].get("msg_id") == request:
                    return shown
                case "stream":
                    shown.text += content["text"]
                    if when_it_says and when_it_says in shown.text:
                        when_it_says = ""
                        then()
                case "execute_result":
                    shown.text += content["data"]["text/plain"]
                case "error":
                    shown.name, shown.error = content["ename"], "\n".join(content["traceback"]).splitlines()
                case "display_data":
                    shown.shown.append(content)
                case "update_display_data":
                    shown.updates.append(content)

    def interrupted(self, code: str) -> Cell:
        """Execute a cell that says "waiting" and then waits for ever, unless an interrupt is heard."""
        return self.cell(code, when_it_says="waiting", then=self.manager.interrupt_kernel)

    def rest(self) -> list[dict[str, Any]]:
        """What updates come in when no cell is being executed, until one is there."""
        found: list[dict[str, Any]] = []
        while not found:
            message = self._client.get_iopub_msg(timeout=60)
            if message["msg_type"] == "update_display_data":
                found.append(message["content"])
        return found

    def restart(self) -> None:
        """As the button does."""
        self._client.stop_channels()
        self.manager.restart_kernel()
        self.__init__(self.manager)  # type: ignore[misc]  # the same connection, from the beginning

    def stop(self) -> None:
        """As closing the notebook does."""
        self._client.stop_channels()
        self.manager.shutdown_kernel()


@contextmanager
def kernel_in(folder: Path) -> Iterator[Kernel]:
    """A kernel that keeps its files in ``folder``."""
    manager = KernelManager(kernel_name="python3")
    places = {name: str(folder) for name in ("IPYTHONDIR", "JUPYTER_RUNTIME_DIR", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR")}
    manager.start_kernel(cwd=str(folder), env=os.environ | places, extra_arguments=["--HistoryManager.enabled=False"])
    kernel = Kernel(manager)
    try:
        yield kernel
    finally:
        kernel.stop()
        manager.cleanup_resources()
