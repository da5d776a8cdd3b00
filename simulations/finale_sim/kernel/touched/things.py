"""The things that steps of one trial touch, by names that mean the same in trials that begin alike.

Three walk over objects, and what one may leave out another must not. Here every use of an object is a walk, so it ends where
code goes on that will tell for itself: at functions, classes, frames. ``stuck/reach.py`` asks what a task could ever get at, so
it goes into those, and need not know what changed. ``states/snapshot.py`` asks whether two states are equal, so it takes values,
and gives up at what hides any. (``footprints.py`` walks over no objects: it reads a function's text.)
"""

import gc
import threading
import weakref
from collections.abc import Iterator
from contextvars import ContextVar
from functools import cached_property
from types import (
    AsyncGeneratorType,
    BuiltinFunctionType,
    CodeType,
    CoroutineType,
    FrameType,
    FunctionType,
    GeneratorType,
    MethodType,
    ModuleType,
)
from typing import Any

import trio
from trio.lowlevel import Task

from finale_sim.accesses import Thing
from finale_sim.kernel.lanes import Lane

__all__ = ["CONTAINERS", "PLAIN", "UNKNOWN", "Things", "Unseen", "attribute_of", "keeps_attributes"]

UNKNOWN = object()  #: the value of an attribute that nobody can know without calling something

PLAIN = (str, bytes, int, float, complex, bool, type(None), type(Ellipsis), type(NotImplemented), range, slice)
CONTAINERS = (list, dict, set, bytearray, tuple, frozenset)
_LEAVES = (*PLAIN, Task, CodeType, BuiltinFunctionType, ModuleType, type, CoroutineType, FrameType)
_CLOSED = (trio.CancelScope, GeneratorType, AsyncGeneratorType)  # what these lead to, their own code will use
_DETACHED = (weakref.ref, weakref.ProxyType, weakref.CallableProxyType, threading.local)  # these hide what they lead to
_CALLABLES = (BuiltinFunctionType, MethodType)
_MOST = 5_000  # objects that one use may lead to
_HEAP_TYPE = 1 << 9


class Unseen(Exception):
    """What an object leads to is not known; the message says why."""


class Things:
    """Names the objects of one trial, each when it is first met.

    A name is a path from something that has one (a variable, an attribute, a place in a container), or else the task and the step
    that met the object. What two tasks can both get at was met by whoever gave it to them.
    """

    def __init__(self) -> None:
        self._names: dict[int, tuple[Thing, object]] = {}  # holds the object, so that no address is used twice
        self._classes: dict[int, type] = {}  # whose methods have been seen
        self._lane = Lane("~")
        self._met = 0

    def begin(self, lane: Lane) -> None:
        """The next step is one of this lane's."""
        self._lane, self._met = lane, 0

    def name(self, thing: Any, name: Thing = None) -> Thing:
        """The name of an object; ``name`` if it is met for the first time."""
        known = self._names.get(id(thing))
        if known is not None:
            return known[0]
        if isinstance(thing, type):
            name = ("class", thing.__module__, thing.__qualname__)
        elif name is None:
            self._met += 1
            name = (self._lane.path, self._lane.steps, self._met)
        self._names[id(thing)] = name, thing
        self._see_methods(thing if isinstance(thing, type) else type(thing))
        return name

    def nursery(self, nursery: trio.Nursery) -> Thing:
        """The name of who is in a nursery. Its cancel scope is another thing."""
        return ("nursery", self.name(nursery.cancel_scope))

    def reach(self, root: Any, seen: set[int]) -> Iterator[Thing]:
        """All that can change in an object and in what it leads to, but for what is ``seen``, which grows.

        Raises:
            Unseen: that is too much, or it leads where nobody can look.
        """
        border: list[tuple[Any, Thing]] = [(root, None)]
        for count, (thing, name) in enumerate(_emptying(border)):
            if type(thing) in _DETACHED:  # not isinstance(), to which a proxy is what it stands for
                raise Unseen(f"a {type(thing).__name__} is used")
            if isinstance(thing, type):
                self._see_methods(thing)
            if isinstance(thing, _LEAVES) or id(thing) in seen:
                continue
            if count > _MOST:
                raise Unseen(f"a {type(root).__name__} leads to more than {_MOST} objects")
            seen.add(id(thing))
            if isinstance(thing, trio.Nursery):
                yield from (self.nursery(thing), self.name(thing.cancel_scope))
                continue
            own = self.name(thing, name)
            if isinstance(thing, FunctionType):
                self._name_parts(thing, own)
                continue
            if not isinstance(thing, (tuple, frozenset)):
                yield own
            if isinstance(thing, ContextVar):
                border.append((thing.get(None), (own, "value")))
            if not isinstance(thing, _CLOSED):
                border += [(referent, (own, place)) for place, referent in enumerate(gc.get_referents(thing))]

    def _see_methods(self, kind: type) -> None:
        """Name what the methods of a class bring along: they may be called on an object that no instruction loads."""
        if id(kind) in self._classes:
            return
        for base in kind.__mro__:
            if id(base) not in self._classes:
                self._classes[id(base)] = base
                for attribute, function in _functions_of(base):
                    self._name_parts(function, ("class", base.__module__, base.__qualname__, attribute))

    def _name_parts(self, function: FunctionType, own: Thing) -> None:
        """What a function brings along, and whoever calls it first would be the first to meet. Its code will use it, or not."""
        for place, part in _parts(function):
            self.name(part, (own, place))


def _functions_of(kind: type) -> Iterator[tuple[str, FunctionType]]:
    """The functions in the body of a class in Python, also where a property or a class method wraps them; not those of trio's."""
    ours = kind.__flags__ & _HEAP_TYPE and str(kind.__module__).partition(".")[0] != "trio"
    for name, value in list(vars(kind).items()) if ours else ():
        wrapped: tuple[Any, ...] = (value,)
        if isinstance(value, (classmethod, staticmethod)):
            wrapped = (value.__func__,)
        elif isinstance(value, property):
            wrapped = (value.fget, value.fset, value.fdel)
        elif isinstance(value, cached_property):
            wrapped = (value.func,)
        for function in wrapped:
            if isinstance(function, FunctionType):
                yield name, function


def _parts(function: FunctionType) -> Iterator[tuple[int, Any]]:
    """What a function brings along and can change: its defaults and attributes, each with its place."""
    parts = (*(function.__defaults__ or ()), *(function.__kwdefaults__ or {}).values(), *vars(function).values())
    return ((place, part) for place, part in enumerate(parts) if not isinstance(part, PLAIN))


def _emptying(border: list[tuple[Any, Thing]]) -> Iterator[tuple[Any, Thing]]:
    while border:
        yield border.pop()


def keeps_attributes(thing: Any) -> bool:
    """Whether an object keeps its attributes as those of classes in Python do."""
    kind = type(thing)
    if isinstance(thing, _CALLABLES) or str(kind.__module__).partition(".")[0] == "trio":
        return False
    plain = getattr(kind, "__getattribute__", None) is object.__getattribute__
    return isinstance(thing, (type, FunctionType)) or (plain and bool(kind.__flags__ & _HEAP_TYPE))


def attribute_of(owner: Any, name: str) -> tuple[Any, type | None]:
    """An attribute, found without a call of the user's code, else ``UNKNOWN``; and the class, if it is a default of that."""
    kind = owner if isinstance(owner, type) else type(owner)
    own = getattr(owner, "__dict__", {})
    for base in kind.__mro__:
        if name in vars(base):
            found = vars(base)[name]
            found = found.__func__ if isinstance(found, (classmethod, staticmethod)) else found
            if type(found).__name__ == "member_descriptor":
                return (found.__get__(owner, kind) if hasattr(owner, name) else UNKNOWN), None
            if hasattr(type(found), "__get__") and not isinstance(found, FunctionType):
                return own.get(name, UNKNOWN), None
            return own.get(name, found), None if name in own else base
    return own.get(name, UNKNOWN), None
