"""Which probes and faults a program names in its text, so that one that no trial comes by can be told by its name.

Followed are functions and classes of the user's own that the program, or something that was followed, refers to by a name: a
global, a variable of the function around it, an attribute of a module. What is only reached through an object, a name that is put
together while the program runs, and what a library calls stays unknown until a trial comes by.
"""

import ast
import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from textwrap import dedent
from types import CodeType, FunctionType, MethodType, ModuleType
from typing import Any

from finale_sim.inject import fault, sometimes
from finale_sim.kernel.checkpoints import is_own

__all__ = ["Declared", "declared_in"]

_MOST = 2_000  # functions and classes that are followed
_ASKS = {"sometimes": (sometimes, 1), "fault": (fault, 0)}  # with the place of the name among the arguments


@dataclass(frozen=True, slots=True)
class Declared:
    """Names, in the order of the text."""

    probes: dict[str, None] = field(default_factory=dict)
    faults: dict[str, None] = field(default_factory=dict)


def declared_in(program: Callable[..., Any]) -> Declared:
    """What the program and all that it refers to name."""
    found = Declared()
    left: list[Any] = [program]
    seen = set[int]()
    while left and len(seen) < _MOST:
        thing = left.pop()
        if id(thing) in seen:
            continue
        seen.add(id(thing))
        function = _function(thing)
        if function is not None:
            if is_own(function.__code__):
                left += _names(function)
                _read(function, found)
        elif isinstance(thing, type):
            left += [*vars(thing).values(), *thing.__bases__]
        elif type(thing).__module__ not in ("builtins", "trio") and not isinstance(thing, ModuleType):
            left.append(type(thing))
    return found


def _function(thing: Any) -> FunctionType | None:
    while True:
        inner = getattr(thing, "func", None) or inspect.getattr_static(thing, "__wrapped__", None)
        if isinstance(thing, MethodType | staticmethod | classmethod):
            thing = thing.__func__
        elif isinstance(thing, FunctionType) or not isinstance(inner, FunctionType | MethodType):
            return thing if isinstance(thing, FunctionType) else None
        else:
            thing = inner


def _codes(code: CodeType) -> Iterator[CodeType]:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _codes(constant)


def _names(function: FunctionType) -> Iterator[Any]:
    """What the function refers to."""
    for cell in function.__closure__ or ():
        try:
            yield cell.cell_contents
        except ValueError:  # nothing is in it yet
            continue
    names = dict.fromkeys(name for code in _codes(function.__code__) for name in code.co_names)
    for name in names:
        thing = function.__globals__.get(name)
        if isinstance(thing, ModuleType):
            yield from (inspect.getattr_static(thing, other, None) for other in names)
        elif thing is not None:
            yield thing


def _read(function: FunctionType, found: Declared) -> None:
    """Add the names in one function's text, and in that of the functions inside."""
    names = {name for code in _codes(function.__code__) for name in code.co_names}
    if not any(name in _ASKS or _asks(function.__globals__.get(name)) for name in names):
        return
    try:
        text = ast.parse(dedent(inspect.getsource(function)))
    except (OSError, SyntaxError):  # it has none, or only a part of a line
        return
    for call in ast.walk(text):
        if isinstance(call, ast.Call) and (what := _asked(call.func, function)) is not None:
            given = [*call.args[_ASKS[what][1] : _ASKS[what][1] + 1], *(k.value for k in call.keywords if k.arg == "name")]
            if given and isinstance(given[0], ast.Constant) and isinstance(given[0].value, str):
                (found.probes if what == "sometimes" else found.faults).setdefault(given[0].value)


def _asked(called: ast.expr, function: FunctionType) -> str | None:
    """Which of ours is called, if it is one."""
    if isinstance(called, ast.Name):
        return _asks(function.__globals__.get(called.id))
    if isinstance(called, ast.Attribute) and isinstance(called.value, ast.Name):
        module = function.__globals__.get(called.value.id)
        return _asks(inspect.getattr_static(module, called.attr, None)) if isinstance(module, ModuleType) else None
    return None


def _asks(thing: Any) -> str | None:
    return next((name for name, (ours, _) in _ASKS.items() if thing is ours), None)
