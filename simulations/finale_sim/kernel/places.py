"""Where in the user's own code something happens: frames of trio, the standard library and the kernel left out."""

import linecache
import os
import sys
from types import CodeType, FrameType

import contextlib

import trio

__all__ = ["is_trio", "is_user", "source_line", "user_line"]

_TRIO = os.path.dirname(trio.__file__) + os.sep
_KERNEL = os.path.dirname(__file__) + os.sep
_SELFTEST = os.sep + "selftest.py"  # its programs play the user
_STDLIB = os.path.dirname(contextlib.__file__) + os.sep
_PACKAGES = ("site-packages", "dist-packages")


def is_trio(code: CodeType) -> bool:
    """Whether a function is part of trio."""
    return code.co_filename.startswith(_TRIO)


def is_user(code: CodeType) -> bool:
    """Whether a function is neither trio's, the standard library's, nor the kernel's."""
    name = code.co_filename
    if name.startswith((_TRIO, _KERNEL, "<frozen", "<attrs")):
        return name.endswith(_SELFTEST)
    return not name.startswith(_STDLIB) or any(part in name for part in _PACKAGES)


def source_line(code: CodeType, line: int) -> str:
    """``file:line in function: source text``."""
    text = linecache.getline(code.co_filename, line).strip()
    return f"{code.co_filename}:{line} in {code.co_name}" + (f": {text}" if text else "")


def user_line() -> str:
    """The innermost line of the user's code on the stack of the caller."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and not is_user(frame.f_code):
        frame = frame.f_back
    return "an unknown place" if frame is None else source_line(frame.f_code, frame.f_lineno)
