"""The ways out of a trial: what a program can reach besides trio, and what it gets there instead.

Clocks, randomness and ids are served from the trial; sockets and processes are refused. Every replacement asks first whether
this thread is in a trial, and is the original otherwise. They are put in place once, when the first trial starts, also in
modules that imported the original by name before (``from time import monotonic``), except those of the standard library:
these measure the real waiting that they do.

Not reached: names that were stored elsewhere (a default argument, a class attribute), C extensions with clocks or generators
of their own (``numpy.random``), and what depends on addresses or on ``PYTHONHASHSEED``.
"""

import sys
from collections.abc import Callable
from typing import Any

import concurrent.futures  # noqa: F401  # these keep the real clock, so they must have it by name before it is replaced
import queue  # noqa: F401
import selectors  # noqa: F401
import subprocess  # noqa: F401
import threading  # noqa: F401

from finale_sim.kernel import escapes_io, escapes_random, escapes_time

__all__ = ["install"]

_OURS = frozenset({"finale_sim", "trio"})
_installed = False


def install() -> None:
    """Put all replacements in place. Once for the process."""
    global _installed
    if _installed:
        return
    _installed = True
    replaced: dict[int, tuple[Any, Any]] = {}
    for table in (escapes_time.table(), escapes_random.table(), escapes_io.table()):
        for owner, name, replacement in table:
            original = getattr(owner, name)
            setattr(owner, name, replacement)
            replaced[id(original)] = (original, replacement)
    escapes_time.replace_datetime()
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
