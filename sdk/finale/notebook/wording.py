"""What a cell shows of an error: one message, the lines of the user's own code, and nothing of ours.

IPython asks an exception for ``_render_traceback_``. It is put on the exception itself: the types stay those of finale, asyncio
and Python, so ``except`` means what it always means, and outside of IPython nothing changes.
"""

import re
import sys
import sysconfig
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

from finale.errors import RunEnded

__all__ = ["Tell", "is_ours", "plain", "spell_out", "where_it_is"]

_E = TypeVar("_E", bound=BaseException)
Tell = Callable[[], str]

_INSIDE = Path(__file__).parents[1]
_LIBRARIES = tuple({f"{sysconfig.get_path(name)}/" for name in ("stdlib", "platstdlib", "purelib", "platlib")})
_FRAME = re.compile(
    r'^[\s|+-]*File "(?P<file>.+)", line (?P<line>\d+), in (?P<name>.+)\n(?:[\s|]*(?P<code>\S.*)\n)?', re.MULTILINE
)
_UNSEEN = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]+")
_LINE = 200  # characters of somebody else's text in one place
_FRAMES = 3


def plain(text: object, limit: int = _LINE) -> str:
    """Foreign text on one line: whatever it holds, it cannot steer a terminal, turn what stands around it, or fill the page."""
    try:
        whole = str(text)
    except Exception:  # noqa: BLE001  # the __str__ of somebody else's object may raise anything
        return f"<a {type(text).__name__} that cannot be shown>"
    line = _UNSEEN.sub(" ", whole[: limit + 1]).strip()
    return line if len(whole) <= limit else f"{line[:limit]}… ({len(whole):,} characters)"


def spell_out(error: _E) -> _E:
    """The same error, which shows itself in a cell as few lines."""
    error.__traceback__ = None
    setattr(error, "_render_traceback_", lambda *_: list(_lines(error)))  # noqa: B010  # a name that mypy does not know of
    return error


def is_ours(error: BaseException) -> bool:
    """Whether finale itself raised it: then its message says everything, and the way that it took nothing."""
    way = traceback.extract_tb(error.__traceback__)
    return bool(way) and way[-1].filename.startswith(f"{_INSIDE}/")


def where_it_is(thread_id: int | None) -> str:
    """The user's line that a thread is at now, or ''."""
    frame = sys._current_frames().get(thread_id or 0)  # noqa: SLF001  # documented, for debugging
    ours = [item for item in traceback.extract_stack(frame) if _is_the_users(item.filename)] if frame else []
    return f"{_place(ours[-1].filename)}, line {ours[-1].lineno}, in {ours[-1].name}" if ours else ""


def _lines(error: BaseException) -> Iterator[str]:
    yield f"{type(error).__name__}: {plain(error, 2 * _LINE)}"
    if isinstance(error, RunEnded) and error.complete.error is not None:
        raised = [found for found in _FRAME.finditer(error.complete.error.traceback) if _is_the_users(found["file"])]
        for found in raised[-1:]:
            yield from _frame("raised in", found["file"], found["line"], found["name"], found["code"])
    seen = [item for item in traceback.extract_tb(error.__traceback__) if _is_the_users(item.filename)]
    for item in seen[-_FRAMES:]:
        yield from _frame("seen in", item.filename, item.lineno, item.name, item.line)
    if isinstance(error, RunEnded) and error.complete.error is not None:
        yield "The run's `complete` is its terminal event; `complete.error.traceback` has the whole traceback."


def _frame(how: str, file: str, line: object, name: str, code: str | None) -> Iterator[str]:
    yield f"  {how} {_place(file)}, line {line}" + ("" if name == "<module>" else f", in {name}")
    if code:
        yield f"    {plain(code)}"


def _is_the_users(file: str) -> bool:
    return not file.startswith((f"{_INSIDE}/", "<frozen", *_LIBRARIES))


def _place(file: str) -> str:
    """A cell as IPython calls it, a file as it is."""
    shell: Any = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    try:
        return " ".join(shell.compile.format_code_name(file))
    except Exception:  # noqa: BLE001  # no cell, or an IPython that cannot tell: then the name of the file says it
        return file
