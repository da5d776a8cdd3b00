"""The state of a trial between two steps, as one tuple: equal tuples, equal states, as far as anything in reach could tell.

Taken are the queue, the timers with the time that is left of each, the frames of tasks with their stacks, what those lead to,
and the global names that the code which is known to run mentions. Objects are numbered in the order of the walk, which depends
on the state alone: what counts is who refers to whom, not where it lies in memory. A *parked* task, one that takes no step, is
left out with all that only it can reach. ``doubts`` name what could not be looked into. See ``touched/things.py`` for how this
walk differs from the others.
"""

import gc
import logging
import sys
from collections.abc import Collection, Iterator, Mapping
from contextvars import Context as Variables
from contextvars import ContextVar
from dataclasses import dataclass
from math import inf
from types import AsyncGeneratorType, CodeType, CoroutineType, FrameType, GeneratorType, ModuleType
from typing import Any, Protocol, TypeAlias

import trio
from trio.lowlevel import Task

from finale_sim.kernel.context import Context
from finale_sim.kernel.places import file_name, is_trio
from finale_sim.kernel.seam import Loop, number_of
from finale_sim.kernel.states.contents import contents, is_plain, is_same, plain
from finale_sim.kernel.stuck.reach import is_foreign

__all__ = ["Snapshot", "snapshot"]

_LIMIT = 50_000
"""Values and objects, after which a walk gives up."""

_FRAMES = {CoroutineType: "cr_frame", GeneratorType: "gi_frame", AsyncGeneratorType: "ag_frame"}
_HEAP_TYPE = 1 << 9  # of a type's flags: made at run time
_MISSING = object()

Origin: TypeAlias = tuple[str, CodeType | None]
"""A variable, and the code in which it is one."""


class Runs(Protocol):
    """What runs: codes with their globals, and the context variables that they look up."""

    codes: dict[int, tuple[CodeType, dict[str, Any]]]
    variables: set[ContextVar[Any]]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A state. ``held`` keeps alive what is named by its address."""

    picture: tuple[Any, ...]
    origins: list[tuple[int, Origin]]  #: from which place in the picture on it is about which variable
    doubts: tuple[str, ...]
    held: Mapping[int, object]

    def differs(self, other: "Snapshot") -> str:
        """The first variable that is not what it is in the other one, in words."""
        pairs = zip(self.picture, other.picture, strict=False)
        at = next((at for at, (one, two) in enumerate(pairs) if one != two), min(len(self.picture), len(other.picture)))
        return _worded(max((found for found in self.origins if found[0] <= at), key=lambda found: found[0])[1])


def snapshot(loop: Loop, context: Context, queue: list[Task], runs: Runs, parked: Collection[Task]) -> Snapshot:
    """The state now, between two steps, for a future in which only what is in ``runs`` runs, and no parked task."""
    walk = _Walk(context.now, loop.runner, parked, runs)
    walk.root(("the queue of tasks", None), list(queue))
    for deadline, _, scope in loop.timers.pending():
        walk.root(("the timers", None), [walk.left(deadline), scope])
    walk.root(("the tasks", None), sorted(loop.tasks, key=number_of))
    walk.root(("the callbacks that are due", None), [loop.jobs, loop.idempotent_jobs, loop.idle.waiting()])
    walk.root(("the random numbers", None), context.random)
    walk.root(("the disk", None), context.disk)
    if loop.runner.instruments:
        walk.doubts["an instrument is installed"] = None
    for code, names in runs.codes.values():
        for name, value in _mentioned(code, names):
            walk.root((name, code), value)
    if walk.full:
        walk.doubts[f"more than {_LIMIT:,} values and objects are within reach"] = None
    return Snapshot(tuple(walk.out), walk.origins, tuple(walk.doubts), walk.held)


def _mentioned(code: CodeType, names: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """The globals that a code mentions; of modules what else it mentions, which includes what it takes from them."""
    seen = set[int]()
    pending = [(name, names[name] if name in names else _imported(name, names)) for name in code.co_names]
    while pending:
        name, value = pending.pop(0)
        if value is _MISSING:
            continue
        if type(value) is not ModuleType or (not is_foreign(value.__name__) and "getattr" in code.co_names):
            yield name, value
        elif id(value) not in seen:
            seen.add(id(value))
            inside = vars(value)
            pending += [(f"{name}.{inner}", inside[inner]) for inner in code.co_names if inner in inside]


def _imported(name: str, names: dict[str, Any]) -> Any:
    """The module of this name, which a function may import for itself."""
    inside = f"{names.get('__package__') or ''}.{name}"
    return sys.modules.get(name, sys.modules.get(inside, _MISSING))


def _worded(origin: Origin) -> str:
    name, code = origin
    if code is None:
        return name
    return f"{name!r} in {code.co_qualname.replace('.<locals>', '')} ({file_name(code)}:{code.co_firstlineno})"


class _Walk:
    """Over all that some roots lead to. Used once."""

    def __init__(self, now: float, runner: object, parked: Collection[Task], runs: Runs) -> None:
        self.out: list[Any] = []
        self.origins: list[tuple[int, Origin]] = []
        self.doubts: dict[str, None] = {}
        self.held: dict[int, object] = {}
        self.full = False
        self._now = now
        self._runner = runner
        self._parked = parked
        self._variables = runs.variables
        self._names = {name for code, _ in runs.codes.values() for name in code.co_names}
        self._numbers: dict[int, int] = {}
        self._seen: list[object] = []  # so that no address is used twice

    def root(self, origin: Origin, thing: object) -> None:
        """Add a thing and what it leads to."""
        out, numbers = self.out, self._numbers
        pending: list[tuple[Any, Origin]] = [(thing, origin)]
        last: Origin | None = None
        while pending and not self.full:
            self.full = len(out) > _LIMIT
            thing, origin = pending.pop()
            if origin is not last:
                self.origins.append((len(out), origin))
                last = origin
            if is_plain(thing):
                out.append(plain(thing))
            elif (number := numbers.get(id(thing))) is not None:
                out.append(number)
            else:
                numbers[id(thing)] = len(numbers)
                self._seen.append(thing)
                pending += reversed(self._enter(thing, origin))

    def left(self, deadline: float) -> str:
        """The time until a deadline; none if it has passed, however long ago. As exact as the kernel takes it."""
        return repr(round(max(deadline - self._now, 0.0), 9))

    def _enter(self, thing: Any, origin: Origin) -> list[tuple[Any, Origin]]:
        """Write down a thing; what it leads to."""
        kind = type(thing)
        if kind in _FRAMES:
            return self._frame(thing, getattr(thing, _FRAMES[kind]))
        found = self._contents(thing, kind)
        if found is None:
            self.doubts[f"{kind.__module__}.{kind.__qualname__}, within reach of {_worded(origin)}, can't be looked into"] = None
            found = [], []
        if kind is trio.CancelScope:
            origin = ("a cancel scope", None)
        values, parts = found
        self.out.append((self._same(kind), len(values), len(parts)))
        self.out += values
        return [(part, origin) for part in parts]

    def _contents(self, thing: Any, kind: type) -> tuple[list[Any], list[Any]] | None:
        found: tuple[list[Any], list[Any]] | None
        if kind is Task:
            found = ([], []) if thing in self._parked else _of_task(thing)
        elif kind is trio.CancelScope:
            found = self._scope(thing)
        elif kind is Variables:
            found = [], [part for pair in thing.items() if pair[0] in self._variables for part in pair]
        elif kind is set and len(thing) > 1 and all(type(item) is Task for item in set.__iter__(thing)):
            found = [], sorted(thing, key=number_of)  # trio wakes them in this order, whatever that of the set
        elif issubclass(kind, type):
            found = self._class(thing)
        elif kind is ModuleType and not is_foreign(thing.__name__):
            inside = {name: value for name, value in vars(thing).items() if name in self._names or "getattr" in self._names}
            found = list(inside), list(inside.values())
        elif kind is ModuleType or is_same(thing) or self._is_ours(thing, kind):
            found = [self._same(thing)], []
        else:
            found = contents(thing)
        return found

    def _is_ours(self, thing: object, kind: type) -> bool:
        """Whether it belongs to trio's loop, the kernel, or the log, which is told things and decides none."""
        of_kernel = str(kind.__module__).startswith("finale_sim.kernel.")
        ours = of_kernel and not issubclass(kind, dict)  # those are trio's ordered sets
        return thing is self._runner or ours or issubclass(kind, logging.Logger)

    def _same(self, thing: object) -> int:
        self.held[id(thing)] = thing
        return id(thing)

    def _scope(self, scope: trio.CancelScope) -> tuple[list[Any], list[Any]] | None:
        found = contents(scope)
        if found is None:
            return None
        names, (kind, *parts) = found
        for at, name in enumerate(names):
            if "deadline" in name and "relative" not in name and type(parts[at]) is float and parts[at] != inf:
                parts[at] = self.left(parts[at])
        return names, [kind, *parts]

    def _class(self, kind: type) -> tuple[list[Any], list[Any]]:
        if not kind.__flags__ & _HEAP_TYPE or is_foreign(kind.__module__):
            return [self._same(kind)], []
        data = vars(kind)
        return [self._same(kind), *data], [*data.values(), *kind.__bases__]

    def _frame(self, owner: Any, frame: FrameType | None) -> list[tuple[Any, Origin]]:
        """A suspended frame: where it stands, its variables, and its stack."""
        if frame is None:
            self.out.append((self._same(type(owner)), "over"))
            return []
        referents = gc.get_referents(owner)
        sizes = {id(part): len(part) for part in referents if type(part) is dict}
        code, view = frame.f_code, frame.f_locals
        variables = dict(view)
        if type(view) is dict and not sizes.get(id(view)):  # otherwise the program made it, with locals()
            view.clear()  # before Python 3.13 it is a copy that the frame keeps, and with it what the program lets go
        of_trio = is_trio(code)
        names = sorted(variables)
        for name in names if of_trio else ():
            if "deadline" in name and type(variables[name]) is float and variables[name] != inf:
                variables[name] = self.left(variables[name])
        stack = [
            part
            for part in referents
            if part is not view and part is not code and type(part) is not FrameType and not (of_trio and type(part) is float)
        ]
        self.out.append((self._same(code), frame.f_lasti, len(names), len(stack)))
        self.out += names
        inside: Origin = ("what is being worked out", code)
        return [*((variables[name], (name, code)) for name in names), *((part, inside) for part in stack)]


def _of_task(task: Task) -> tuple[list[Any], list[Any]] | None:
    """A task without its numbers: its age shows in the order of tasks, the others are trio's statistics."""
    found = contents(task)
    return None if found is None else (found[0], [None if isinstance(part, int) else part for part in found[1]])
