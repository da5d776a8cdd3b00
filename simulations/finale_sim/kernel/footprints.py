"""What a task's next step will probably touch: the names of shared things in its code, from where it waits to its next ``await``.

A guess from the program's text, made without running it, and a cheap one: one look into a table per step. Two steps that name
nothing in common probably do not disturb each other. Strategies use that to choose what to mix, and coverage to tell which
orders differ. Nothing that is proved rests on it: one thing under two names, or behind a call of a method, is missed.
"""

import builtins
import dis
from collections.abc import Iterator
from functools import cache
from types import BuiltinFunctionType, CellType, CodeType, CoroutineType, FrameType, FunctionType, ModuleType
from typing import Any
from zlib import crc32

from finale_sim.kernel.places import is_user

__all__ = ["Footprint", "footprint"]

Footprint = tuple[int, ...]
"""The things that a step touches, each as a CRC of its name; negative if it only reads them. In the order of the CRCs."""

_DEEPEST = 3  # calls of the program's own functions that are followed
_NOTHING: Footprint = ()
_places: dict[int, dict[int, Footprint] | None] = {}  # id of a piece of code → where it waits → footprint; None if not a user's
_kept: list[CodeType] = []  # so that no id is used again; a piece of code as a key would be hashed as a whole each time

_ATTRIBUTES = frozenset({"LOAD_ATTR", "LOAD_METHOD", "LOAD_SUPER_ATTR", "STORE_ATTR", "DELETE_ATTR"})
_NAMED = frozenset({"LOAD_DEREF", "STORE_DEREF", "LOAD_GLOBAL", "STORE_GLOBAL"})
_UNNAMED = {  # what is done to a thing that only a local variable names
    "BEFORE_ASYNC_WITH": "async with",
    "GET_ANEXT": "async for",
    "BINARY_SUBSCR": "[]",
    "BINARY_SLICE": "[]",
    "STORE_SUBSCR": "[]",
    "STORE_SLICE": "[]",
    "DELETE_SUBSCR": "[]",
}
_IMMUTABLE = (int, float, complex, str, bytes, tuple, frozenset, type(None))
_COMPREHENSIONS = frozenset({"<listcomp>", "<setcomp>", "<dictcomp>"})
"""Part of the function around them since Python 3.12, and looked at as if they always were: what a seed draws must not depend on
the Python. One with an ``await`` inside is the exception: before, nothing is known there of what comes behind it."""
_STOPS = frozenset({"RETURN_VALUE", "RETURN_CONST", "RERAISE", "RAISE_VARARGS"})


def footprint(coro: Any) -> Footprint:
    """What the next step of this coroutine, which waits or has not begun, will probably touch."""
    places = None
    while coro.__class__ is CoroutineType:
        try:
            here = _places[id(coro.cr_code)]
        except KeyError:
            here = _new(coro.cr_code)
        if here is None:
            break
        places, innermost, coro = here, coro, coro.cr_await
    if places is None or (frame := innermost.cr_frame) is None:  # Python makes a frame when it is asked for: not for each of them
        return _NOTHING
    known = places.get(frame.f_lasti)
    if known is None:
        found = set(_names(frame.f_code, frame.f_lasti, _Scope(frame), _DEEPEST))
        changed = {name for name, changes in found if changes}
        things = {1 + crc32(name.encode("utf-8", "backslashreplace")): name in changed for name, _ in found}
        known = places[frame.f_lasti] = tuple(thing if things[thing] else -thing for thing in sorted(things))
    return known


def _new(code: CodeType) -> dict[int, Footprint] | None:
    _kept.append(code)
    _places[id(code)] = {} if is_user(code) else None
    return _places[id(code)]


class _Scope:
    """What the names in a piece of code stand for."""

    def __init__(self, of: FrameType | FunctionType) -> None:
        if isinstance(of, FunctionType):
            self._globals, self._cells = of.__globals__, dict(zip(of.__code__.co_freevars, of.__closure__ or (), strict=True))
            self._own = _own_cells(of.__code__)
        else:
            self._globals, self._cells = of.f_globals, of.f_locals
            self._own = _own_cells(of.f_code)

    def shares(self, name: str) -> bool:
        """Whether other functions see this variable, which may change."""
        return name not in self._own and name != "__class__"

    def value(self, name: str, of_module: bool) -> object:
        """The value of a name; None if it has none yet."""
        if of_module:
            return self._globals.get(name, getattr(builtins, name, None))
        value: Any = self._cells.get(name)
        if isinstance(value, CellType):
            try:
                return value.cell_contents
            except ValueError:  # an empty cell
                return None
        return value


def _names(code: CodeType, at: int, scope: _Scope, depth: int) -> Iterator[tuple[str, bool]]:
    """Names of shared things from ``at`` on, along every branch, up to the next await; and whether that may change them."""
    behind = False  # whether what the last instruction left is no shared thing, so that an attribute of it is none either
    base = ""  # the shared thing that it left
    for instruction in _reachable(code, at):
        name, what = instruction.opname, instruction.argval
        if isinstance(what, CodeType) and what.co_name in _COMPREHENSIONS:  # before Python 3.12
            yield from _names(what, -1, scope, depth)
        elif name in _NAMED and (name.endswith("GLOBAL") or scope.shares(what)):
            value = scope.value(what, name.endswith("GLOBAL"))
            behind = isinstance(value, ModuleType | FunctionType | BuiltinFunctionType | type)
            base = "" if behind else what
            if isinstance(value, FunctionType) and depth and is_user(value.__code__):
                yield from _names(value.__code__, -1, _Scope(value), depth - 1)
            elif base:
                yield base, name.startswith("STORE") or not isinstance(value, _IMMUTABLE)
        elif name in _ATTRIBUTES:
            if not behind and not base:
                yield what, True
        else:
            if name in _UNNAMED and (not base or name.endswith("SLICE")):
                yield _UNNAMED[name], True
            behind, base = False, ""


@cache
def _own_cells(code: CodeType) -> frozenset[str]:
    """Variables that are cells for nothing but its comprehensions."""
    parts = [code]
    for part in parts:
        parts += [inner for inner in _codes_in(part) if inner.co_name in _COMPREHENSIONS]
    seen_by_others = {
        name for part in parts for inner in _codes_in(part) if inner.co_name not in _COMPREHENSIONS for name in inner.co_freevars
    }
    return frozenset(name for part in parts for name in part.co_cellvars) - seen_by_others


def _codes_in(code: CodeType) -> list[CodeType]:
    return [constant for constant in code.co_consts if isinstance(constant, CodeType)]


@cache
def _instructions(code: CodeType) -> dict[int, tuple[dis.Instruction, int]]:
    """Offset → instruction, and the offset of the one behind it."""
    every = list(dis.get_instructions(code))
    following = [instruction.offset for instruction in every[1:]] + [-1]
    return {instruction.offset: (instruction, behind) for instruction, behind in zip(every, following, strict=True)}


def _reachable(code: CodeType, at: int) -> Iterator[dis.Instruction]:
    """Instructions that may run before the code waits again, in some order of the branches."""
    table = _instructions(code)
    begins = next((offset for offset, (instruction, _) in table.items() if instruction.opname == "RESUME"), -1)
    waiting = at > begins  # for what it awaits to come back; before, it has not begun
    left, seen = [at if waiting else 0], set[int]()
    while left:
        offset = left.pop()
        if offset in seen or offset not in table:
            continue
        seen.add(offset)
        instruction, behind = table[offset]
        name = instruction.opname
        if name in _STOPS or (name in ("SEND", "YIELD_VALUE") and not waiting):
            continue
        if not waiting:
            yield instruction
        jumps = isinstance(instruction.argval, int) and ("JUMP" in name or name in ("FOR_ITER", "SEND"))
        if jumps:
            left.append(instruction.argval)
        if name == "SEND":
            waiting = False  # what it awaited has come back
        elif not (jumps and name.startswith("JUMP") and "IF" not in name):
            left.append(behind)
