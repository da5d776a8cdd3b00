"""At which lines of the user's own code things happen, cheaply, for coverage: asked at every step, told once a search."""

import sys
from functools import lru_cache
from pathlib import Path
from types import CodeType, CoroutineType, FrameType, GeneratorType
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
            return _told(frame.f_code.co_filename, frame.f_code.co_name, frame.f_lineno)
        frame = frame.f_back
    return "an unknown place"


def opening_line() -> str | None:
    """The same for the ``with`` block that is being entered; None if trio opens it for itself, as it does in ``trio.sleep``."""
    return None if entered_by_trio() else calling_line()


def standing_line(task: Task) -> str:
    """Where a task waits: the innermost line of the user's. Of one that has not begun, the function that it will call."""
    at: Any = task.coro
    found: Any = None
    below: Any = None  # what the found one waits for
    while at is not None:
        code, waits_for = _looked_into(at)
        if code is not None and _is_own_file(code.co_filename):
            found, below = at, waits_for
        at = waits_for
    if found is None:
        return "an unknown place"
    frame: Any = getattr(found, "cr_frame", None) or getattr(found, "gi_frame", None) or getattr(found, "ag_frame", None)
    code = _looked_into(found)[0]
    begun = frame is not None and (found is not task.coro or below is not None)
    return _told(code.co_filename, code.co_name, frame.f_lineno if begun else 0)


def _looked_into(at: Any) -> tuple[Any, Any]:
    """The code of a coroutine or generator, and what it waits for."""
    kind = type(at)
    if kind is CoroutineType:
        return at.cr_code, at.cr_await
    if kind is GeneratorType:
        return at.gi_code, at.gi_yieldfrom
    return getattr(at, "ag_code", None), getattr(at, "ag_await", None)


def is_own(code: CodeType) -> bool:
    """Whether the user has written a function: neither trio, nor a library, nor the simulator has."""
    return _is_own_file(code.co_filename)


@lru_cache(maxsize=10_000)  # by names: functions of different files may be equal
def _told(file: str, function: str, line: int) -> str:
    return f"{name_of_file(file)}:{line} in {function}" if line else f"the first step of {function}"


@lru_cache(maxsize=10_000)
def _is_own_file(file: str) -> bool:
    if file.startswith(_OURS):
        return file == _EXAMPLES
    return is_user_file(file) and not any(part in file for part in _PACKAGES)
