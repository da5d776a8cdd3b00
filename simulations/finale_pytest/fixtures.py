"""Fixtures that are made anew in each trial, as pytest makes them for each call of a test: those of function scope.

The others pytest makes once, and all trials share them: those of a wider scope, those of plugins and of pytest itself, and those
that take ``request``, which is pytest's own. What one of these needs has to be what the test gets as well, so it is shared, too.
"""

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import pytest

from finale_sim.kernel.places import is_user

__all__ = ["Fresh", "async_fixtures", "fresh_fixtures", "made"]


@dataclass(frozen=True, slots=True)
class Fresh:
    """A fixture to be made in the trial. ``needs``: names of what it is called with."""

    name: str
    function: Callable[..., Any]
    needs: tuple[str, ...]


def async_fixtures(item: pytest.Function) -> Iterator[str]:
    """Arguments of the test whose fixtures are async: they belong to a trio, or an asyncio, outside of the trial."""
    for name in item._fixtureinfo.argnames:  # noqa: SLF001  # what the test function itself names
        function = next((found.func for found in reversed(_definitions(item, name))), None)
        of_trio = getattr(function, "_force_trio_fixture", False)  # how pytest-trio tells its plain ones, such as ``nursery``
        if of_trio or inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function):
            yield name


def fresh_fixtures(item: pytest.Function) -> list[Fresh]:
    """The fixtures of a test that are made anew in each trial, each behind those that it needs."""
    chains = {name: chain for name in item.fixturenames if (chain := _definitions(item, name))}
    defined = {name: chain[-1] for name, chain in chains.items()}
    fresh = {name for name, found in defined.items() if _can_be_fresh(name, found)}
    made_by_pytest = [found for name, chain in chains.items() if name not in fresh for found in chain]
    while stale := {need for found in made_by_pytest for need in found.argnames} & fresh:
        fresh -= stale
        made_by_pytest = [found for name in stale for found in chains[name]]
    ordered: dict[str, Fresh] = {}

    def visit(name: str) -> None:
        if name in fresh and name not in ordered:
            for need in defined[name].argnames:
                visit(need)
            ordered[name] = Fresh(name, _bound(defined[name].func, item.instance), tuple(defined[name].argnames))

    for name in defined:  # in pytest's order: autouse first
        visit(name)
    return list(ordered.values())


@contextmanager
def made(fixtures: Sequence[Fresh], shared: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The values of all fixtures by name, made in their order, and finished in the opposite one."""
    values = dict(shared)
    with ExitStack() as stack:
        for fixture in fixtures:
            value = fixture.function(**{name: values[name] for name in fixture.needs})
            if inspect.isgeneratorfunction(fixture.function):
                stack.callback(partial(next, value, None))  # what is behind its yield runs, however the test ends
                value = next(value)
            values[fixture.name] = value
        yield values


def _definitions(item: pytest.Function, name: str) -> Sequence[Any]:
    """The fixtures of this name, each of which overrides those before it."""
    found: Sequence[Any] = item._fixtureinfo.name2fixturedefs.get(name, ())  # noqa: SLF001  # pytest tells it nowhere else
    return found


def _can_be_fresh(name: str, found: Any) -> bool:
    code = getattr(inspect.unwrap(found.func), "__code__", None)
    return (
        found.scope == "function"
        and code is not None
        and is_user(code)
        and "site-packages" not in code.co_filename
        and "request" not in found.argnames
        and name not in found.argnames  # one that overrides another of the same name, and needs it
        and not inspect.iscoroutinefunction(found.func)
        and not inspect.isasyncgenfunction(found.func)
    )


def _bound(function: Any, instance: Any) -> Callable[..., Any]:
    """A fixture that is written in the class of the test is a method of the test's own instance."""
    method: Callable[..., Any] = function
    if instance is not None and isinstance(instance, type(getattr(function, "__self__", None))):
        method = function.__func__.__get__(instance)
    return method
