"""What an object consists of: all of it that code could read, as plain values and other objects. Nothing of a program is called.

Python keeps the state of most objects where it can be seen: attributes, slots, items, the frames of generators with their
stacks. Objects of C types can hide theirs; those that are known are told here, and the others have no contents: ``None``.
"""

import array
import contextvars
import datetime as dt
import decimal
import functools
import gc
import io
import itertools
import operator
import random
import re
import threading
import types
import weakref
from collections import OrderedDict, defaultdict, deque
from collections.abc import Callable
from typing import Any, TypeAlias, TypeVar

__all__ = ["Contents", "contents", "is_plain", "is_same", "known", "plain"]

Contents: TypeAlias = tuple[list[Any], list[Any]]
"""Plain values, and other objects, in an order that depends on nothing else."""

_HEAP_TYPE = 1 << 9  # of a type's flags: made at run time
_WORD = tuple.__itemsize__

_PLAIN = frozenset({int, str, bytes, bool, types.NoneType, types.EllipsisType, types.NotImplementedType})
_SAME = (  # these never change, or tell nothing when they do
    types.CodeType,
    types.MethodDescriptorType,
    types.WrapperDescriptorType,
    types.ClassMethodDescriptorType,
    types.GetSetDescriptorType,
    types.MemberDescriptorType,
    types.FrameType,
    TypeVar,
    re.Pattern,
    re.Match,
    contextvars.ContextVar,
    type(threading.RLock()),
    operator.itemgetter,
    operator.attrgetter,
    operator.methodcaller,
)
_SAME_NAMED = frozenset({"_abc._abc_data", "_collections._tuplegetter", "collections._tuplegetter", "_struct.Struct"})
_REFERENTS = frozenset(  # what the collector sees is all there is
    {
        types.MappingProxyType,
        types.MethodType,
        property,
        staticmethod,
        classmethod,
        super,
        slice,
        types.GenericAlias,
        types.UnionType,
        functools.partial,
        contextvars.Token,
        type({}.keys()),
        type({}.values()),
        type({}.items()),
    }
)
_AWAITABLES = frozenset({"coroutine_wrapper", "async_generator_asend", "async_generator_athrow", "anext_awaitable"})
_SEQUENCES: tuple[Any, ...] = ([], (), "", "\N{SNOWMAN}", b"", bytearray(), set(), deque(), range(0), range(1 << 80))
_VIEWS: tuple[Any, ...] = ({}, {}.values(), {}.items())
_REVERSIBLE: tuple[Any, ...] = ([], deque(), range(0), *_VIEWS)
_REDUCED = frozenset(  # what pickle would write is all there is
    {
        *(type(iter(thing)) for thing in (*_SEQUENCES, *_VIEWS)),
        *(type(reversed(thing)) for thing in _REVERSIBLE),
        type(iter(list, None)),
        reversed,
        enumerate,
        zip,
        map,
        filter,
        dt.date,
        dt.datetime,
        dt.time,
        dt.timedelta,
        dt.timezone,
        decimal.Decimal,
        decimal.Context,
    }
)


def plain(thing: Any) -> Any:
    """A value whose equality is that of the program's, other than 1 == 1.0 == True. For the types of ``is_plain`` only."""
    kind = type(thing)
    if kind is int or kind is str or kind is bytes:
        return kind.__name__, thing
    return kind.__name__, repr(thing)  # floats, with nan and the sign of zero; complex numbers; ranges; None and its like


def is_plain(thing: object) -> bool:
    """Whether a thing is nothing but its value."""
    kind = type(thing)
    return kind in _PLAIN or kind is float or kind is complex or kind is range


def is_same(thing: object) -> bool:
    """Whether a thing stays what it is, as long as it is the same object."""
    kind = type(thing)
    if kind in _SAME or f"{kind.__module__}.{kind.__qualname__}" in _SAME_NAMED:
        return True
    return kind is types.BuiltinFunctionType and (thing.__self__ is None or type(thing.__self__) is types.ModuleType)  # type: ignore[attr-defined]


def known(kind: type) -> bool:
    """Whether the state of the instances of a type is all seen, so that its methods tell nothing else."""
    return kind is not object and (
        kind in _BASES
        or kind in _REFERENTS
        or kind in _REDUCED
        or kind in _SAME
        or kind in _PLAIN
        or kind in (complex, range, itertools.count, *_FRAMES, types.FunctionType, types.CellType, types.TracebackType)
        or kind.__name__ in _AWAITABLES
        or (issubclass(kind, BaseException) and not kind.__flags__ & _HEAP_TYPE)
    )


def contents(thing: Any) -> Contents | None:
    """What a thing that is neither plain nor the same consists of; None if its type may hide something."""
    kind = type(thing)
    maker = _MAKERS.get(kind)
    if maker is not None:
        return maker(thing)
    if kind in _REFERENTS or kind.__name__ in _AWAITABLES:
        return [], gc.get_referents(thing)
    if kind in _REDUCED:
        try:
            return [], [thing.__reduce__(), *gc.get_referents(thing)]
        except RuntimeError:  # of a dict that has changed under its iterator
            return None
    return _instance(thing)


def _instance(thing: Any) -> Contents | None:
    """An instance of a class: what its base of C holds, then its slots, then its attributes."""
    values: list[Any] = []
    parts: list[Any] = [type(thing)]
    attributes = None
    held = False
    for base in type.__dict__["__mro__"].__get__(type(thing)):
        own = vars(base)
        maker = _BASES.get(base)
        if maker is None and issubclass(base, BaseException) and not base.__flags__ & _HEAP_TYPE:
            maker = _exception
        if maker is not None and not held:
            found = maker(thing)
            values += found[0]
            parts += found[1]
            held = base is not object
        slots = [(name, slot) for name, slot in own.items() if type(slot) is types.MemberDescriptorType]
        if maker is None and _hides(base, own, len(slots)):
            return None
        for name, slot in slots:
            _put(values, parts, name, slot, thing)
        if attributes is None and type(own.get("__dict__")) is types.GetSetDescriptorType:
            attributes = own["__dict__"].__get__(thing)
    if attributes is not None:
        parts += [part for pair in attributes.items() for part in pair]
    return values, parts


def _hides(base: Any, own: Any, slots: int) -> bool:
    """Whether instances are larger than what is seen of them."""
    more: int = base.__basicsize__ - base.__base__.__basicsize__
    return (
        more > _WORD * (slots + ("__dict__" in own) + ("__weakref__" in own)) or base.__itemsize__ != base.__base__.__itemsize__
    )


def _put(values: list[Any], parts: list[Any], name: str, slot: Any, thing: Any) -> None:
    try:
        part = slot.__get__(thing)
    except AttributeError:
        return
    values.append(name)
    parts.append(part)


# What C types hold ------------------------------------------------------------------------------------------------------------


def _items(thing: Any, of: Any = dict) -> Contents:
    return [], [part for pair in of.items(thing) for part in pair]  # their order is part of the state


def _set(thing: Any) -> Contents:
    of = frozenset if isinstance(thing, frozenset) else set
    items = list(of.__iter__(thing))  # the order is part of the state, and so is the room that is left in it
    at = [id(item) for item in items if getattr(type(item), "__hash__", None) is object.__hash__]  # these are ordered by address
    return [of.__sizeof__(thing), *at], items


def _exception(thing: Any) -> Contents:
    base: Any = BaseException
    fields = (base.args, base.__cause__, base.__context__, base.__suppress_context__, base.__traceback__)
    return [], [field.__get__(thing) for field in fields]


def _traceback(thing: Any) -> Contents:
    return [thing.tb_lasti], [thing.tb_frame.f_code, thing.tb_next]


def _with_default(thing: Any) -> Contents:
    factory: Any = defaultdict.__dict__["default_factory"]
    return [], [factory.__get__(thing), *_items(thing)[1]]


def _deque(thing: Any) -> Contents:
    longest: Any = deque.__dict__["maxlen"]
    return [longest.__get__(thing)], list(deque.__iter__(thing))


def _reference(thing: Any) -> Contents:
    return [], [weakref.ref.__call__(thing)]


def _function(thing: Any) -> Contents:
    cells = thing.__closure__ or ()
    return [len(cells)], [thing.__code__, *cells, thing.__defaults__, thing.__kwdefaults__, thing.__dict__]


def _cell(thing: Any) -> Contents:
    try:
        return [], [thing.cell_contents]
    except ValueError:
        return [], []


def _method(thing: Any) -> Contents:
    return [thing.__name__], [thing.__self__]


def _cached(thing: Any) -> Contents:
    info = functools._lru_cache_wrapper.cache_info(thing)  # noqa: SLF001  # the type has no public name
    return [info.misses, info.currsize], [thing.__wrapped__]  # what was kept changes only with a miss


_BASES: dict[Any, Callable[[Any], Contents]] = {
    object: lambda thing: ([], []),
    list: lambda thing: ([], list(list.__iter__(thing))),
    tuple: lambda thing: ([], list(tuple.__iter__(thing))),
    OrderedDict: lambda thing: _items(thing, OrderedDict),
    defaultdict: _with_default,
    dict: _items,
    set: _set,
    frozenset: _set,
    deque: _deque,
    int: lambda thing: ([int.__index__(thing)], []),
    str: lambda thing: ([str.__str__(thing)], []),
    float: lambda thing: ([repr(float.__float__(thing))], []),
    bytearray: lambda thing: ([bytes(memoryview(thing))], []),
    BaseException: _exception,
    weakref.ref: _reference,
    random.Random.__base__: lambda thing: ([random.Random.__base__.getstate(thing)], []),  # type: ignore[union-attr]
    types.SimpleNamespace: lambda thing: ([], [thing.__dict__]),
}

_FRAMES = (types.GeneratorType, types.CoroutineType, types.AsyncGeneratorType)

_MAKERS: dict[Any, Callable[[Any], Contents]] = {
    types.FunctionType: _function,
    types.CellType: _cell,
    types.TracebackType: _traceback,
    types.BuiltinFunctionType: _method,
    types.MethodWrapperType: _method,
    functools._lru_cache_wrapper: _cached,  # noqa: SLF001  # the type has no public name
    itertools.count: lambda thing: ([repr(thing)], []),
    array.array: lambda thing: ([thing.typecode, thing.tobytes()], []),
    io.StringIO: lambda thing: ([thing.closed] if thing.closed else [thing.getvalue(), thing.tell()], []),
    io.BytesIO: lambda thing: ([thing.closed] if thing.closed else [thing.getvalue(), thing.tell()], []),
    type(threading.Lock()): lambda thing: ([thing.locked()], []),
}
