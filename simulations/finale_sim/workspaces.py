"""Workspaces that are not finale's: whether the scenarios can be played on one, seen before anything is searched.

What is demanded is what scenarios and observers use. An opener is called like ``finale.open_workspace``; the workspace takes
requests, cancels, closes and answers; its events are finale's. A workspace that can do less is tried with fewer scenarios.
"""

import inspect
from collections.abc import Sequence
from typing import Any

import trio

from finale.testing import STUBS
from finale_sim.kernel import simulate
from finale_sim.scenarios import SCENARIOS
from finale_sim.targets import BadTarget
from finale_sim.world import Opens

__all__ = ["opener"]

_GIVEN = ("journal", "clock", "new_id", "logger")  # to every workspace
_WORKSPACE = ("submit", "cancel", "close", "subscribe", "run", "session")
_HANDLE = ("run_id", "session", "state", "cancel", "wait")


def opener(label: str, target: Any, names: Sequence[str] = ()) -> Opens:
    """The target, after one prompt in one trial has shown that the scenarios with these names (default: all) can be played on it.

    Raises:
        BadTarget: something is missing that they use; the message names it.
    """
    if not callable(target):
        raise BadTarget(f"{label} is no opener of workspaces; it is called like finale.open_workspace(coordinator, **options)")
    _check_options(label, target, names)
    problems: list[str] = []

    async def look() -> None:
        try:
            async with target(STUBS["steady"](), **_given(label)) as workspace:
                problems.extend(_problems(label, workspace, names))
        except (Exception, SystemExit) as error:  # noqa: BLE001  # whatever somebody else's workspace may raise
            problems.append(f"{label} opens no workspace: {type(error).__name__}: {error}")

    simulate(look)
    if problems:
        raise BadTarget(problems[0])
    opens: Opens = target
    return opens


def _given(label: str) -> dict[str, Any]:
    return {"journal": None, "clock": trio.current_time, "new_id": lambda: f"{label} 1", "logger": None}


def _check_options(label: str, target: Opens, names: Sequence[str]) -> None:
    wanted: dict[str, str] = dict.fromkeys(_GIVEN, "every scenario")
    for name in names or SCENARIOS:
        wanted |= {option: f"scenario {name!r}" for option in SCENARIOS[name].options if option not in wanted}
    try:
        signature = inspect.signature(target)
    except (TypeError, ValueError):
        return
    for option, who in wanted.items():
        try:
            signature.bind_partial(None, **{option: None})
        except TypeError:
            raise BadTarget(f"{label}{signature} takes no {option}; {who} opens with it, so add it{_or_fewer(who)}") from None


def _problems(label: str, workspace: Any, names: Sequence[str]) -> list[str]:
    wanted = dict.fromkeys(_WORKSPACE, "every scenario")
    for name in names or SCENARIOS:
        wanted |= dict.fromkeys(SCENARIOS[name].calls, f"scenario {name!r}")
    for method, who in wanted.items():
        if not callable(getattr(workspace, method, None)):
            return [f"the workspace of {label} has no {method}(); {who} calls it, so add it{_or_fewer(who)}"]
    run = workspace.submit("hello", "s1")
    lacking = [f"what submit() of {label} returns has no {name}; add it" for name in _HANDLE if not hasattr(run, name)]
    if not hasattr(workspace.subscribe(since=0), "__anext__"):
        lacking.append(f"what subscribe() of {label} returns is no async iterator: it has no __anext__()")
    return lacking


def _or_fewer(who: str) -> str:
    return "" if who == "every scenario" else ", or name others with --scenario"
