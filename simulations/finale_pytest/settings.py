"""The settings of a simulated test: the command line before the marks, the nearest mark first, then the ini file."""

import difflib
import inspect
from typing import Any

import pytest

import finale_sim
from finale_sim.kernel import Fidelity
from finale_sim.search import NAMED

__all__ = ["settings_of"]

_SAYS = inspect.signature(finale_sim.explore).parameters.values()
_HERE = frozenset({"workers", "map", "resume"})  # of a test: its trials use what this process has made for it
_KNOWN = tuple(found.name for found in _SAYS if found.kind is found.KEYWORD_ONLY and found.name not in {*_HERE, "on_trial"})
_LEAST = {"trials": 1, "seed": 0}


def settings_of(item: pytest.Function) -> dict[str, Any]:
    """What ``finale_sim.explore`` is to be called with. A mark that says something else fails the test."""
    __tracebackhide__ = True
    settings: dict[str, Any] = {}
    for name in _LEAST:
        if text := item.config.getini(f"sim_{name}"):
            settings[name] = int(text)
    for mark in reversed(list(item.iter_markers("simulate"))):
        _check(item, mark)
        settings |= mark.kwargs
    for name in _LEAST:
        if (given := item.config.getoption(f"sim_{name}")) is not None:
            settings[name] = given
    return settings


def _check(item: pytest.Function, mark: pytest.Mark) -> None:
    """Fail with one sentence if the mark says what nobody understands."""
    problem = f"it has no names for {mark.args!r}; write trials=…, say" if mark.args else ""
    for name, value in mark.kwargs.items():
        if name in _HERE:
            problem = problem or f"{name} is not for tests, whose trials stay in their process; pytest -n (xdist) spreads tests"
        elif name not in _KNOWN:
            close = difflib.get_close_matches(name, _KNOWN, n=1)
            meant = f"; did you mean {close[0]!r}?" if close else f"; there are {', '.join(_KNOWN)}"
            problem = problem or f"there is no setting {name!r}{meant}"
        elif name in _LEAST and (type(value) is not int or value < _LEAST[name]):
            problem = problem or f"{name} is {value!r}, and must be a whole number from {_LEAST[name]} on"
        elif name == "strategy" and value not in NAMED:
            problem = problem or f"there is no strategy {value!r}; there are {', '.join(NAMED)}"
        elif name == "fidelity" and value not in (words := [rung.word for rung in Fidelity]):
            problem = problem or f"there is no fidelity {value!r}; there are {', '.join(words)}"
    if problem:
        pytest.fail(f"the mark simulate of {item.name} is wrong: {problem}", pytrace=False)
