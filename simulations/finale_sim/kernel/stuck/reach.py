"""What a task can get at: a bounded walk from its frames over everything that they refer to.

It follows local variables, closures, default arguments, attributes, containers, weak references, context variables, and those
global names that the code of a reached function mentions. It does not follow trio's own bookkeeping: a task that searches
``trio.lowlevel.current_root_task()`` or the collector for something to cancel is not seen. See ``touched/things.py`` for how
this walk differs from the others.
"""

import gc
import sys
import weakref
from types import CodeType, FunctionType, ModuleType
from typing import Any

import trio
from trio.lowlevel import Task

from finale_sim.kernel.places import is_trio

__all__ = ["Reach", "is_foreign"]

_LIMIT = 20_000
"""Objects, after which a walk gives up. A thousandth of a second is worth some 10,000."""

_LEAVES = (Task, trio.CancelScope, trio.Event, CodeType, str, bytes, int, float, bool, type(None))
_KERNEL = "finale_sim.kernel"  # its books are no hands of the program
_NOT_THE_PROGRAM = frozenset(sys.stdlib_module_names | {"trio", "outcome", "sniffio", "attr", "attrs", "finale_sim"})


class Reach:
    """Objects within reach of one task, which must not run meanwhile. ``complete``: the walk came to its end."""

    __slots__ = ("_seen", "complete")

    def __init__(self, task: Task, limit: int = _LIMIT) -> None:
        self._seen: dict[int, object] = {}  # holds what it has seen, so that no address is used twice
        border: list[object] = [task.coro, task.context]
        for frame, _ in task.iter_await_frames():
            border += frame.f_locals.values()
            if not is_trio(frame.f_code):
                border += _globals(frame.f_code, frame.f_globals)
        while border and len(self._seen) < limit:
            thing = border.pop()
            if id(thing) not in self._seen:
                self._seen[id(thing)] = thing
                border += _next(thing)
        self.complete = not border

    def __contains__(self, thing: object) -> bool:
        return id(thing) in self._seen


def _next(thing: Any) -> list[Any]:
    """What one object leads to."""
    found: list[Any]
    match thing:
        case _ if isinstance(thing, _LEAVES) or str(type(thing).__module__).startswith(_KERNEL):
            found = []
        case trio.Nursery():
            found = [thing.cancel_scope]
        case weakref.ReferenceType():
            found = [thing()]
        case FunctionType():
            found = [thing.__closure__, thing.__defaults__, thing.__kwdefaults__, thing.__dict__]
            found += [] if is_trio(thing.__code__) else _globals(thing.__code__, thing.__globals__)
        case ModuleType():
            found = [] if is_foreign(thing.__name__) else list(vars(thing).values())
        case type():
            found = [] if is_foreign(thing.__module__) else [*vars(thing).values(), *thing.__bases__]
        case dict() if "__builtins__" in thing:
            found = []  # the globals of some function, whose names have been looked up
        case _:
            found = gc.get_referents(thing)
    return found


def _globals(code: CodeType, values: dict[str, Any]) -> list[Any]:
    inner = [value for constant in code.co_consts if isinstance(constant, CodeType) for value in _globals(constant, values)]
    return [values[name] for name in code.co_names if name in values and name[0] != "@"] + inner  # @: pytest's, in its asserts


def is_foreign(module: str) -> bool:
    """Whether a module belongs to the standard library, to trio, or to the simulator: not to the program."""
    return str(module).partition(".")[0] in _NOT_THE_PROGRAM
