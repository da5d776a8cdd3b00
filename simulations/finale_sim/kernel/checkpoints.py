"""At which lines of the user's own code things happen, cheaply, for coverage: asked at every step, told once a search."""

import sys
from functools import lru_cache
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

from trio.lowlevel import Task

from finale_sim.kernel.places import entered_by_trio, is_user_file, name_of_file

__all__ = ["calling_line", "is_own", "opening_line", "standing_line"]

_OURS = str(Path(__file__).parents[1])
_EXAMPLES = str(Path(__file__).parent / "selftest.py")
_PACKAGES = ("site-packages", "dist-packages")


def calling_line() -> str:
    """The innermost line of the user's that has led to the caller: ``file:line in function``."""
    frame: FrameType | None = sys._getframe(1)  # noqa: SLF001  # walked at each call of a fault, where a traceback would be dear
    while frame is not None:
        if is_own(frame.f_code):
            return _line(frame.f_code, frame.f_lineno)
        frame = frame.f_back
    return "an unknown place"


def opening_line() -> str | None:
    """The same for the ``with`` block that is being entered; None if trio opens it for itself, as it does in ``trio.sleep``."""
    return None if entered_by_trio() else calling_line()


def standing_line(task: Task) -> str:
    """Where a task waits: the innermost line of the user's. Of one that has not begun, the function that it will call."""
    found: tuple[CodeType, Any] | None = None
    at: Any = task.coro
    while at is not None:
        code = getattr(at, "cr_code", None) or getattr(at, "gi_code", None) or getattr(at, "ag_code", None)
        if code is not None and is_own(code):
            found = code, at
        at = _below(at)
    if found is None:
        return "an unknown place"
    code, at = found
    frame = getattr(at, "cr_frame", None) or getattr(at, "gi_frame", None) or getattr(at, "ag_frame", None)
    if frame is None or (at is task.coro and _below(at) is None):
        return _line(code, 0)
    return _line(code, frame.f_lineno)


def _below(at: Any) -> Any:
    """What a coroutine or generator waits for."""
    for name in ("cr_await", "gi_yieldfrom", "ag_await"):
        if hasattr(at, name):
            return getattr(at, name)
    return None


def is_own(code: CodeType) -> bool:
    """Whether the user has written a function: neither trio, nor a library, nor the simulator has."""
    return "__tracebackhide__" not in code.co_varnames and _is_own_file(code.co_filename)


def _line(code: CodeType, line: int) -> str:
    return _told(code.co_filename, code.co_name, line)


@lru_cache(maxsize=10_000)  # by names: functions of different files may be equal
def _told(file: str, function: str, line: int) -> str:
    return f"{name_of_file(file)}:{line} in {function}" if line else f"the first step of {function}"


@lru_cache(maxsize=10_000)
def _is_own_file(file: str) -> bool:
    if file.startswith(_OURS):
        return file == _EXAMPLES
    return is_user_file(file) and not any(part in file for part in _PACKAGES)
