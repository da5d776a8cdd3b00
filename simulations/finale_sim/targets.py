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

__all__ = ["BadTarget", "as_program_function", "beside", "coordinator_factory", "load", "load_with"]


class BadTarget(ValueError):
    """The target can't be found or is of the wrong kind. The message is one line and says what to do."""


def load(target: str) -> tuple[str, Any]:
    """The label and the object of ``module:attr`` or ``path/to/file.py:attr``.

    Raises:
        BadTarget: there is no such thing, or importing it fails.
    """
    where, attribute = _parts(target)
    return attribute, _found(where, _imported(where), attribute)


def load_with(target: str | None, crash: str | None) -> tuple[str, Any, Any]:
    """The label and the object of ``target``, and the object of ``crash``; None for what is not named.

    A file that both are in is imported once, so that they share what else is there. A ``crash`` without colon is a name in it.

    Raises:
        BadTarget: as in ``load``; or there is only ``crash``.
    """
    if target is None:
        if crash is not None:
            raise BadTarget(f"say what is killed before {crash} is run: name the function that was explored")
        return "", None, None
    where, attribute = _parts(target)
    module = _imported(where)
    other, name = _parts(beside(target, crash)) if crash is not None else (where, "")
    found = _found(where, module, attribute)
    return attribute, found, _found(other, module if other == where else _imported(other), name) if crash is not None else None


def beside(target: str, name: str) -> str:
    """``name`` in full: without a colon, it is one in the module of ``target``."""
    return name if ":" in name else f"{target.rpartition(':')[0]}:{name}"


def _parts(target: str) -> tuple[str, str]:
    where, colon, attribute = target.rpartition(":")
    if not colon or not where or not attribute:
        raise BadTarget(f"{target!r} is no target; write module:attr or path/to/file.py:attr")
    return where, attribute


def _imported(where: str) -> ModuleType:
    try:
        return _from_file(Path(where)) if where.endswith(".py") else _from_name(where)
    except BadTarget:
        raise
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        raise BadTarget(f"importing {where} failed: {type(error).__name__}: {_first_line(error)}") from error


def _found(where: str, module: ModuleType, attribute: str) -> Any:
    found: Any = module
    for part in attribute.split("."):
        try:
            found = getattr(found, part)
        except AttributeError:
            raise BadTarget(f"{where} has no {attribute!r}{_similar(part, dir(found))}") from None
        except Exception as error:
            raise BadTarget(f"{attribute} of {where} can't be read: {type(error).__name__}: {_first_line(error)}") from error
    return found


def as_program_function(label: str, target: Any) -> Callable[[], Awaitable[Any]]:
    """The target as an async function without parameters.

    Raises:
        BadTarget: it is something else.
    """
    if not callable(target):
        raise BadTarget(f"{label} is {_kind(target)}; explore takes an async function without parameters")
    if not _is_async(target):
        raise BadTarget(f"{label} is {_kind(target)}, no async function; write 'async def {label}()', or wrap it in one")
    if missing := _required(target):
        _see_that_it_is_not_for_pytest(label, target)
        raise BadTarget(f"{label} wants {', '.join(missing)}; explore calls it without arguments: give them defaults, or wrap it")
    function: Callable[[], Awaitable[Any]] = target
    return function


def coordinator_factory(label: str, target: Any) -> Callable[[], Coordinator]:
    """Makes a fresh coordinator for each trial from a class, a factory, an instance (copied) or an async function.

    Raises:
        BadTarget: the target is none of these.
    """
    if _is_async(target) and not hasattr(target, "run"):
        _check_function(label, target)
        copies = _copier(target)
        return lambda: _Function(copies())
    if isinstance(target, type) or (callable(target) and not hasattr(target, "run")):
        return _checked_factory(label, target)
    if not hasattr(target, "run"):
        raise BadTarget(f"{label} is {_kind(target)}, no coordinator: it has no async method run(request, ctx)")
    _check_coordinator(label, target)
    return _copier(target)


class _Function:
    """A coordinator that is an async function."""

    def __init__(self, function: Callable[..., Awaitable[str | None]]) -> None:
        self.run = function


def _from_file(path: Path) -> ModuleType:
    if not path.is_file():
        raise BadTarget(f"there is no file {str(path)!r}")
    name = path.stem if path.stem not in sys.modules else f"{path.stem} ({path})"  # never in the place of another module
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


def _is_async(target: Any) -> bool:
    """Whether a call gives a coroutine: an async function, or an instance with an async ``__call__``."""
    if inspect.iscoroutinefunction(target):
        return True
    return not isinstance(target, type) and inspect.iscoroutinefunction(getattr(target, "__call__", None))  # noqa: B004


def _checked_factory(label: str, target: Callable[[], Any]) -> Callable[[], Coordinator]:
    if missing := _required(target):
        wanted = f"{label} wants {', '.join(missing)}"
        if not isinstance(target, type) and _takes_request(target):
            raise BadTarget(f"{wanted} and is {_kind(target)}, no async function; write 'async def {label}(request, ctx)'")
        raise BadTarget(f"{wanted}; check makes one for each trial: name a factory without parameters")
    try:
        made = target()
    except (Exception, SystemExit) as error:
        raise BadTarget(f"{label}() failed: {type(error).__name__}: {_first_line(error)}") from error
    if inspect.iscoroutine(made):
        made.close()
        raise BadTarget(f"{label}() is async and takes no request; write 'async def {label}(request, ctx)'")
    if _is_async(made) and not hasattr(made, "run"):
        _check_function(label, made)
        return lambda: _Function(target())
    _check_coordinator(label, made)
    return target


def _copier(instance: Any) -> Callable[[], Any]:
    """A copy for each trial, so that none inherits what another one did; the instance itself if it can't be copied."""
    try:
        copy.deepcopy(instance)
    except Exception:  # noqa: BLE001  # whatever a copy may raise
        return lambda: instance
    return lambda: copy.deepcopy(instance)


def _see_that_it_is_not_for_pytest(label: str, target: Any) -> None:
    if any(getattr(mark, "name", "") == "simulate" for mark in getattr(target, "pytestmark", ())):
        fixtures = ", ".join(_required(target))
        raise BadTarget(
            f"{label} is a simulated test that takes fixtures of pytest's ({fixtures}), so pytest explores it, and replays what "
            f"it found: pytest FILE::{label} --sim-token TOKEN"
        )


def _check_function(label: str, function: Callable[..., Any]) -> None:
    if not _takes_request(function):
        _see_that_it_is_not_for_pytest(label, function)
        raise BadTarget(f"{label}{inspect.signature(function)} is no coordinator; write 'async def {label}(request, ctx)'")


def _check_coordinator(label: str, made: Any) -> None:
    run = getattr(made, "run", None)
    if not callable(run):
        raise BadTarget(f"{label} gives {_kind(made)}, no coordinator: it has no async method run(request, ctx)")
    if inspect.isasyncgenfunction(run):
        raise BadTarget(f"{label}: run is {_kind(run)}; report with ctx.progress(…) instead of yield, and return the answer")
    if not _takes_request(run):
        raise BadTarget(f"{label}: run{inspect.signature(run)} does not take (request, ctx)")


def _takes_request(function: Callable[..., Any]) -> bool:
    """Whether it can be called with (request, ctx); True if nobody can know."""
    try:
        inspect.signature(function).bind(None, None)
    except TypeError:
        return False
    except ValueError:
        return True
    return True


def _required(function: Callable[..., Any]) -> list[str]:
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return []
    return [p.name for p in parameters if p.default is p.empty and p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)]


def _kind(thing: Any) -> str:
    if inspect.isasyncgenfunction(thing):
        return "an async generator"
    if inspect.ismodule(thing) or thing is None:
        return f"a module ({thing.__name__})" if thing else "None"
    if inspect.isroutine(thing):
        return "a plain function"
    if isinstance(thing, type):
        return f"the class {thing.__name__}"
    plain = isinstance(thing, bool | int | float | str | bytes | list | tuple | dict | set)
    return f"the {type(thing).__name__} {thing!r:.60}" if plain else f"an object of type {type(thing).__name__}"


def _similar(name: str, names: list[str]) -> str:
    near = difflib.get_close_matches(name, names, n=1)
    return f"; did you mean {near[0]!r}?" if near else ""


def _first_line(error: BaseException) -> str:
    try:
        return (str(error).splitlines() or [""])[0]
    except Exception:  # noqa: BLE001  # the __str__ of somebody else's exception may raise anything
        return "its message can't be read"
