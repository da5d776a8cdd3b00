"""Who is who in a trial: a structured path for every task, and what it has done so far.

A path names a task by the chain of tasks that *started* it (``/main/worker:0``: the first task that main started with a
function called ``worker``), not by the nursery it lives in: which of two tasks puts its child into a shared nursery first
depends on the schedule, what a task starts itself doesn't. So a path means the same task in every trial that gets there.
"""

import re
from functools import lru_cache
from typing import Any
from zlib import crc32

from finale_sim.kernel.footprints import Footprint, footprint

__all__ = ["AFTER", "INIT", "MAIN", "RUN_SYNC_SOON", "Lane"]

MAIN = "/main"  #: the program
AFTER = "/after"  #: what is started when the process of the program is gone
INIT = "~init"  #: trio's root task
RUN_SYNC_SOON = "~run_sync_soon"  #: trio's task for callbacks of ``TrioToken.run_sync_soon``

_LONGEST_NAME = 40


class Lane:
    """One task's place in a trial. ``quiet`` marks trio's own two tasks, whose steps say nothing about the program.

    ``view`` sums up what has led to where the task is: see ``behaviour``. ``coro`` is set where somebody asks for ``touches``.
    """

    __slots__ = ("_asked", "_children", "_looked", "_touches", "coro", "key", "path", "quiet", "steps", "view")

    def __init__(self, path: str, quiet: bool = False) -> None:
        self.path = path
        self.key = _key(path)
        self.quiet = quiet
        self.steps = 0
        self.view = self.key
        self.coro: Any = None
        self._looked = -1  # at which step ``_touches`` was found out
        self._touches: Footprint = ()
        self._children: dict[str, int] | None = None
        self._asked: dict[tuple[str, str], int] | None = None

    @property
    def touches(self) -> Footprint:
        """What the next step will probably touch."""
        if self._looked != self.steps:
            self._looked, self._touches = self.steps, footprint(self.coro)
        return self._touches

    def child(self, function: str) -> "Lane":
        """The lane of the next task that this one starts with a function of that name."""
        short = plain(function)
        if self._children is None:
            self._children = {}
        ordinal = self._children.get(short, 0)
        self._children[short] = ordinal + 1
        return Lane(f"{self.path}/{short}:{ordinal}")

    def ask(self, kind: str, label: str) -> int:
        """How many times this was called before with these arguments."""
        if self._asked is None:
            self._asked = {}
        times = self._asked.get((kind, label), 0)
        self._asked[kind, label] = times + 1
        return times


@lru_cache(maxsize=1024)
def _key(path: str) -> int:
    return crc32(path.encode("utf-8", "backslashreplace"))


@lru_cache(maxsize=1024)
def plain(function: str) -> str:
    """A function's short name in characters that can't be taken for the path around it."""
    short = function.rpartition(".")[2]
    return re.sub(r"[^\w<>-]+", "_", short)[:_LONGEST_NAME] or "_"
