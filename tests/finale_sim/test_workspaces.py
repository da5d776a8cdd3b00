"""Workspaces that are not finale's: what they must have, and that all scenarios are played on them."""

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import FunctionType, SimpleNamespace
from typing import Any

import pytest

import finale
import finale_sim
from finale_sim import BadTarget
from finale_sim.canaries.canary import Overlay, in_front
from finale_sim.scenarios import SCENARIOS, Scenario
from finale_sim.workspaces import opener

deaf_to_cancels = in_front(lambda workspace: Overlay(workspace, cancel=lambda session: 0))


@asynccontextmanager
async def lacking(what: str, coordinator: Any, **options: Any) -> AsyncIterator[Any]:
    """A sound workspace without the method of this name; the handle's are named "run.NAME", the subscription's "events.NAME"."""
    async with finale.open_workspace(coordinator, **options) as workspace:
        names = [name for name in dir(workspace) if not name.startswith("_") and name != what]
        face = SimpleNamespace(**{name: getattr(workspace, name) for name in names})
        if what.startswith("run."):
            face.submit = lambda *args, **kwargs: object()
        if what.startswith("events."):
            face.subscribe = lambda **kwargs: object()
        yield face


def test_finale_itself_is_a_workspace() -> None:
    """The opener is given back as it is."""
    assert opener("finale", finale.open_workspace) is finale.open_workspace


@pytest.mark.parametrize(
    ("what", "says"),
    [
        ("submit", r"the workspace of mine has no submit\(\); every scenario calls it, so add it"),
        ("session", r"has no session\(\); every scenario calls it"),
        ("terminate", r"has no terminate\(\); scenario 'who stops' calls it, so add it, or name others with --scenario"),
        ("run.wait", r"what submit\(\) of mine returns has no run_id; add it"),
        ("events.next", r"what subscribe\(\) of mine returns is no async iterator"),
    ],
)
def test_what_is_missing_is_named(what: str, says: str) -> None:
    """The method, who needs it, and what to do about it."""
    with pytest.raises(BadTarget, match=says):
        opener("mine", lambda coordinator, **options: lacking(what, coordinator, **options))


def test_only_what_the_chosen_scenarios_use_is_demanded() -> None:
    """Without the scenario that terminates, nobody misses it; the same with an option."""
    opener("mine", lambda coordinator, **options: lacking("terminate", coordinator, **options), ["one prompt"])

    @asynccontextmanager
    async def plain(coordinator: Any, *, journal: Any, clock: Any, new_id: Any, logger: Any) -> AsyncIterator[Any]:
        async with finale.open_workspace(coordinator, clock=clock, new_id=new_id, logger=logger) as workspace:
            yield workspace

    opener("mine", plain, ["one prompt"])
    with pytest.raises(BadTarget, match="takes no max_active; scenario 'many sessions' opens with it"):
        opener("mine", plain)


@pytest.mark.parametrize(
    ("target", "says"),
    [
        (3, "mine is no opener of workspaces"),
        (lambda: None, "takes no journal; every scenario opens with it"),
        (lambda coordinator, **options: 3, "mine opens no workspace: TypeError"),
        (lambda coordinator, **options: 1 / 0, "mine opens no workspace: ZeroDivisionError: division by zero"),
    ],
)
def test_what_opens_no_workspace_says_why(target: Any, says: str) -> None:
    """One line, whatever was given."""
    with pytest.raises(BadTarget, match=says):
        opener("mine", target)


@pytest.mark.parametrize("scenario", SCENARIOS.values(), ids=list(SCENARIOS))
def test_scenarios_name_what_they_call(scenario: Scenario) -> None:
    """A method of the workspace that not every scenario uses is in ``calls`` of those that use it, and of no other."""
    module = vars(sys.modules[scenario.play.__module__]).values()
    names = {name for function in module if isinstance(function, FunctionType) for name in function.__code__.co_names}
    called = names & {"terminate", "clear_queue", "statistics", "wait_idle", "runs"}
    assert set(scenario.calls) == called


def test_a_broken_workspace_is_caught_and_its_token_replays() -> None:
    """All scenarios, one verdict; the token needs the opener to replay."""
    campaign = finale_sim.check(workspace=deaf_to_cancels, trials=5)
    assert len(campaign.reports) == len(SCENARIOS)
    assert campaign.exit_code == 1
    token = campaign.decisive.token
    assert token is not None
    replayed = finale_sim.replay(token, deaf_to_cancels)
    assert replayed.recorded
    assert campaign.decisive.program.startswith("workspace/in_front.<locals>.opens/")
    with pytest.raises(finale_sim.BadToken, match="belongs to no standard scenario"):
        finale_sim.replay(token)


def test_check_takes_one_of_the_two() -> None:
    """A coordinator in finale's workspace, or a workspace with finale's coordinators; not both, not neither."""
    with pytest.raises(BadTarget, match="one of the two is checked"):
        finale_sim.check()
    with pytest.raises(BadTarget, match="one of the two is checked"):
        finale_sim.check(lambda: None, workspace=finale.open_workspace)
