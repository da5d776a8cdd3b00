"""Where in the user's own code something happens: frames of trio, the standard library and the kernel left out."""

import contextlib
import linecache
import os
import sys
from functools import lru_cache
from itertools import groupby
from pathlib import Path
from types import CodeType, FrameType

import outcome
import sniffio
import trio
from trio.lowlevel import Task

from finale_sim.kernel.here import here

__all__ = [
    "CARRIERS",
    "entered_by_trio",
    "file_name",
    "is_kernel",
    "is_library",
    "is_trio",
    "is_user",
    "is_user_file",
    "name_of_file",
    "place_of",
    "source_line",
    "stack_lines",
    "user_line",
]


def _folder(file: str | None) -> str:
    return str(Path(file or "").parent) + os.sep


_TRIO = _folder(trio.__file__)
_KERNEL = _folder(__file__)
_SELFTEST = os.sep + "selftest.py"  # its programs play the user
_OUTCOME = _folder(outcome.__file__)
CARRIERS = (_OUTCOME, _folder(sniffio.__file__))  #: folders of what trio is built on, and which only hands on what it is given
_STDLIB = _folder(contextlib.__file__)
_ENTERING = frozenset(  # on behalf of their caller; in old releases through a wrapper
    {"__enter__", "__aenter__", "__attrs_post_init__", "fail_after", "fail_at", "wrapper"}
)
_PACKAGES = ("site-packages", "dist-packages")
_OURS = ("finale", "finale_sim")


def is_trio(code: CodeType) -> bool:
    """Whether a function is part of trio."""
    return code.co_filename.startswith(_TRIO)


def is_kernel(code: CodeType) -> bool:
    """Whether a function is part of the kernel."""
    return code.co_filename.startswith(_KERNEL) and not code.co_filename.endswith(_SELFTEST)


def is_user(code: CodeType) -> bool:
    """Whether a function is neither trio's, the standard library's, nor the kernel's, and does not hide itself as pytest's do."""
    return "__tracebackhide__" not in code.co_varnames and is_user_file(code.co_filename)


def is_user_file(name: str) -> bool:
    """The same of a whole file."""
    if name.startswith((_TRIO, _OUTCOME, _KERNEL, "<frozen", "<attrs")):
        return name.endswith(_SELFTEST)
    return not name.startswith(_STDLIB) or any(part in name for part in _PACKAGES)


def is_library(frame: FrameType) -> bool:
    """Whether a user's function is one that its reader did not write: of an installed package, or finale's own."""
    return any(part in frame.f_code.co_filename for part in _PACKAGES) or _package_of(frame) in _OURS


def _package_of(frame: FrameType) -> str:
    return str(frame.f_globals.get("__name__", "")).partition(".")[0]


def file_name(code: CodeType) -> str:
    """The file of a function as people know it: from the folder that we are in, or ``In[3]``, a notebook's cell.

    That of an installed package begins with the name of the package.
    """
    return name_of_file(code.co_filename)


def name_of_file(file: str) -> str:
    """The same of a whole file."""
    for part in _PACKAGES:
        if (found := file.rfind(f"{os.sep}{part}{os.sep}")) >= 0:
            return file[found + len(part) + 2 :]
    return _cell(file) or file.removeprefix(f"{Path.cwd()}{os.sep}")


@lru_cache(maxsize=10_000)
def _cell(file: str) -> str | None:
    """``In[3]`` if that is what the file holds."""
    ipython = sys.modules.get("IPython")
    trial, here.trial = here.trial, None  # what IPython does for us is nothing that the program does
    try:
        shell = ipython.get_ipython() if ipython is not None else None
        name_cell = getattr(getattr(shell, "compile", None), "format_code_name", None)  # since IPython 8
        cell = name_cell(file) if name_cell is not None else None
        return None if cell is None else str(cell[1])
    finally:
        here.trial = trial


def source_line(code: CodeType, line: int) -> str:
    """``file:line in function: source text``."""
    text = linecache.getline(code.co_filename, line).strip()
    return f"{file_name(code)}:{line} in {code.co_name}" + (f": {text}" if text else "")


def entered_by_trio() -> bool:
    """Whether the ``with`` block that is being entered stands in trio's code, as that of ``trio.sleep`` does."""
    frame: FrameType | None = sys._getframe(1)  # noqa: SLF001
    while frame is not None and not is_user(frame.f_code):
        if is_trio(frame.f_code) and frame.f_code.co_name not in _ENTERING:
            return True
        frame = frame.f_back
    return False


def user_line() -> str:
    """The innermost line of the user's code on the stack of the caller, or of the task that waits for the current one.

    One in a library is told only if there is no other.
    """
    frame: FrameType | None = sys._getframe(1)  # noqa: SLF001
    inside: str | None = None
    while frame is not None and not _is_driver(frame.f_code):
        if is_user(frame.f_code):
            line = source_line(frame.f_code, frame.f_lineno)
            if not is_library(frame):
                return line
            inside = inside or line
        host = frame.f_locals.get("host") if frame.f_code.co_filename.startswith(_KERNEL) else None
        if isinstance(host, Task):  # a simulated thread
            return _waiting_line(host, inside)
        frame = frame.f_back
    if inside is not None:
        return inside
    nursery = trio.lowlevel.current_task().parent_nursery
    return "an unknown place" if nursery is None else _waiting_line(nursery.parent_task)


def place_of(task: Task) -> str:
    """Where a task waits: the line of its own function, and behind an arrow the user's innermost, if it is another."""
    lines = [source_line(frame.f_code, line) for frame, line in _own_frames(task)]
    if not lines:
        return ""
    return lines[0] if len(lines) == 1 else f"{lines[0]} → {lines[-1].partition(' in ')[0]}"


def stack_lines(task: Task) -> tuple[str, ...]:
    """The lines in which a task stands, outermost first. Beside those of its user, calls in libraries are counted only."""
    frames = [(frame, line) for frame, line in task.iter_await_frames() if is_user(frame.f_code)]
    if all(is_library(frame) for frame, _ in frames):
        return tuple(source_line(frame.f_code, line) for frame, line in frames)
    told = []
    for package, run in groupby(frames, key=lambda each: _package_of(each[0]) if is_library(each[0]) else None):
        some = list(run)
        if package is None or len(some) == 1:
            told += [source_line(frame.f_code, line) for frame, line in some]
        else:
            told.append(f"… {len(some)} calls in {package}")
    return tuple(told)


def _own_frames(task: Task) -> list[tuple[FrameType, int]]:
    """The frames of the user's that are no library's, outermost first; those of libraries if there are no others."""
    frames = [(frame, line) for frame, line in task.iter_await_frames() if is_user(frame.f_code)]
    return [each for each in frames if not is_library(each[0])] or frames


def _is_driver(code: CodeType) -> bool:
    return code.co_filename.startswith(_KERNEL) and code.co_name == "_steps"


def _waiting_line(task: Task, inside: str | None = None) -> str:
    """The innermost line of the user's code where a task waits, or where the owner of its nursery does."""
    frames = _own_frames(task)
    if frames and not (inside and is_library(frames[-1][0])):
        return source_line(frames[-1][0].f_code, frames[-1][1])
    nursery = task.parent_nursery
    if inside is not None or nursery is None:
        return inside or "an unknown place"
    return _waiting_line(nursery.parent_task)
