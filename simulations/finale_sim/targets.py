"""Targets: what a user names on the command line, found, and made into something that can be simulated."""

import copy
import difflib
import importlib
import importlib.util
import inspect
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from types import ModuleType
from typing import Any

from finale import Coordinator

__all__ = ["BadTarget", "as_program_function", "coordinator_factory", "load"]


class BadTarget(ValueError):
    """The target can't be found or is of the wrong kind. The message is one line and says what to do."""


def load(target: str) -> tuple[str, Any]:
    """The label and the object of ``module:attr`` or ``path/to/file.py:attr``.

    Raises:
        BadTarget: there is no such thing, or importing it fails.
    """
    where, colon, attribute = target.rpartition(":")
    if not colon or not where or not attribute:
        raise BadTarget(f"{target!r} is no target; write module:attr or path/to/file.py:attr")
    try:
        module = _from_file(Path(where)) if where.endswith(".py") else _from_name(where)
    except BadTarget:
        raise
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        raise BadTarget(f"importing {where} failed: {type(error).__name__}: {_first_line(error)}") from error
    found: Any = module
    for part in attribute.split("."):
        if not hasattr(found, part):
            raise BadTarget(f"{where} has no {attribute!r}{_similar(part, dir(found))}")
        found = getattr(found, part)
    return attribute, found


def as_program_function(label: str, target: Any) -> Callable[[], Awaitable[Any]]:
    """The target as an async function without parameters.

    Raises:
        BadTarget: it is something else.
    """
    if not callable(target):
        raise BadTarget(f"{label} is {_kind(target)}; explore takes an async function without parameters")
    if not inspect.iscoroutinefunction(target) and not inspect.iscoroutinefunction(getattr(target, "__call__", None)):  # noqa: B004
        raise BadTarget(f"{label} is {_kind(target)}, not async; write 'async def {label}()', or wrap it in an async function")
    if missing := _required(target):
        raise BadTarget(f"{label} wants {', '.join(missing)}; explore calls it without arguments: give them defaults, or wrap it")
    function: Callable[[], Awaitable[Any]] = target
    return function


def coordinator_factory(label: str, target: Any) -> Callable[[], Coordinator]:
    """Makes a fresh coordinator for each trial from a class, a factory, an instance (copied) or an async function.

    Raises:
        BadTarget: the target is none of these.
    """
    if inspect.iscoroutinefunction(target):
        if _positional(target) != 2:  # request, ctx
            raise BadTarget(f"{label}{inspect.signature(target)} is no coordinator; write 'async def {label}(request, ctx)'")
        return lambda: _Function(target)
    if isinstance(target, type) or (callable(target) and not hasattr(target, "run")):
        if missing := _required(target):
            raise BadTarget(
                f"{label} wants {', '.join(missing)}; check makes one for each trial: name a factory without parameters"
            )
        make = _checked_factory(label, target)
    elif hasattr(target, "run"):
        make = _copier(target)
    else:
        raise BadTarget(f"{label} is {_kind(target)}, no coordinator: it has no async method run(request, ctx)")
    _check_coordinator(label, make())
    return make


class _Function:
    """A coordinator that is an async function."""

    def __init__(self, function: Callable[..., Awaitable[str | None]]) -> None:
        self.run = function


def _from_file(path: Path) -> ModuleType:
    if not path.is_file():
        raise BadTarget(f"there is no file {str(path)!r}")
    name = path.stem
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None, "a .py file has a loader"
    assert spec.loader is not None, "a .py file has a loader"
    module = importlib.util.module_from_spec(spec)
    sys.path.insert(0, str(path.parent.resolve()))
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def _from_name(name: str) -> ModuleType:
    if "" not in sys.path and str(Path.cwd()) not in sys.path:
        sys.path.insert(0, str(Path.cwd()))
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name is not None and (name == error.name or name.startswith(f"{error.name}.")):
            raise BadTarget(f"there is no module {name!r} here or on sys.path; for a file, write path/to/file.py:attr") from None
        raise


def _checked_factory(label: str, target: Callable[[], Any]) -> Callable[[], Coordinator]:
    try:
        made = target()
    except Exception as error:
        raise BadTarget(f"{label}() failed: {type(error).__name__}: {_first_line(error)}") from error
    if inspect.iscoroutine(made):
        made.close()
    return (lambda: _Function(made)) if inspect.iscoroutinefunction(made) else target


def _copier(instance: Any) -> Callable[[], Any]:
    """A copy for each trial, so that none inherits what another one did; the instance itself if it can't be copied."""
    try:
        copy.deepcopy(instance)
    except Exception:  # noqa: BLE001  # whatever a copy may raise
        return lambda: instance
    return lambda: copy.deepcopy(instance)


def _check_coordinator(label: str, made: Any) -> None:
    run = getattr(made, "run", None)
    if not callable(run):
        raise BadTarget(f"{label} makes {_kind(made)}, no coordinator: it has no async method run(request, ctx)")
    if _positional(run) != 2:  # request, ctx
        raise BadTarget(f"{label}: run{inspect.signature(run)} does not take (request, ctx)")


def _positional(function: Callable[..., Any]) -> int:
    """How many positional arguments a call with (request, ctx) could fill, at most 2."""
    parameters = inspect.signature(function).parameters.values()
    if any(p.kind is p.VAR_POSITIONAL for p in parameters):
        return 2
    places = [p for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    required = [p for p in places if p.default is p.empty]
    return 2 if len(required) <= 2 <= len(places) else len(required)


def _required(function: Callable[..., Any]) -> list[str]:
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return []
    return [p.name for p in parameters if p.default is p.empty and p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)]


def _kind(thing: Any) -> str:
    if inspect.isasyncgenfunction(thing):
        return "an async generator"
    if inspect.isfunction(thing) or inspect.isbuiltin(thing):
        return "a function"
    return f"the class {thing.__name__}" if isinstance(thing, type) else f"{type(thing).__name__} {thing!r:.60}"


def _similar(name: str, names: list[str]) -> str:
    near = difflib.get_close_matches(name, names, n=1)
    return f"; did you mean {near[0]!r}?" if near else ""


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [""])[0]
