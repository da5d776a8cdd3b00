"""The ways out of a trial: what a program can reach besides trio, and what it gets there instead.

Clocks, randomness and ids are served from the trial; sockets, processes and threads are refused, except those of trio, which
are simulated. Every replacement asks first whether this thread is in a trial, and is the original otherwise. They are put in
place once, when the first trial starts, also in modules that imported the original by name before (``from time import
monotonic``), except those of the standard library: these measure the real waiting that they do.

Not reached: names that were stored elsewhere (a default argument, a class attribute), C extensions with clocks or generators
of their own (``numpy.random``), and what depends on addresses or on ``PYTHONHASHSEED``.
"""

import concurrent.futures
import queue
import selectors
import subprocess
import sys
import threading
from functools import cache
from typing import Any

from finale_sim.kernel.escapes import clocks, randomness, sockets, threads

__all__ = ["install"]

_OURS = frozenset({"finale_sim", "trio"})

_MEASURE_REAL_WAITING = (concurrent.futures, queue, selectors, subprocess, threading)
"""These took the real clock by name when they were imported, above: before it is replaced."""


@cache
def install() -> None:
    """Put all replacements in place. Once for the process."""
    replaced: dict[int, tuple[Any, Any]] = {}
    for table in (clocks.table(), randomness.table(), sockets.table(), threads.table()):
        for owner, name, replacement in table:
            original = getattr(owner, name)
            setattr(owner, name, replacement)
            replaced[id(original)] = (original, replacement)
    clocks.replace_datetime()
    for module_name, module in list(sys.modules.items()):
        if _is_users(module_name):
            _rebind(getattr(module, "__dict__", None), replaced)


def _is_users(module: str) -> bool:
    top = module.partition(".")[0]
    return top not in sys.stdlib_module_names and top not in _OURS


def _rebind(names: Any, replaced: dict[int, tuple[Any, Any]]) -> None:
    if not isinstance(names, dict):
        return
    for name, value in list(names.items()):
        found = replaced.get(id(value))
        if found is not None and found[0] is value:
            names[name] = found[1]
