"""The pytest plugin: ``@pytest.mark.simulate`` has an async test explored, schedule by schedule, instead of run once.

pytest loads this file in every project that has finale installed. So it imports pytest and nothing else, and is no part of
finale_sim, of which no module can be imported without trio and all the rest. What needs them stands in the other files of this
folder, and waits there for a marked test.
"""

import argparse
from collections.abc import Callable, Generator
from typing import Any

import pytest

from finale_pytest.results import NO_OWNER, RESULTS, Results

__all__: list[str] = []

_MARKER = (
    "simulate(trials, seed, cancel, fidelity): explore the async test with finale_sim: it is called anew in each of at most "
    "`trials` trials, each with another schedule, and fails with the smallest one in which it raises or gets stuck."
)


def pytest_addoption(parser: pytest.Parser) -> None:
    """The options and the settings of ini files."""
    group = parser.getgroup("finale_sim", "simulated tests (@pytest.mark.simulate)")
    group.addoption(
        "--sim-trials",
        type=_whole(1),
        metavar="N",
        help="at most N trials for each simulated test, whatever its mark says: few for a quick look, many for a night",
    )
    group.addoption("--sim-seed", type=_whole(0), metavar="S", help="seed of the random half of the trials")
    group.addoption(
        "--sim-token",
        metavar="TOKEN",
        help="run only the trial that a failure printed, like fin1-…, in the test that it belongs to, and no other test",
    )
    parser.addini("sim_trials", "trials for each simulated test whose mark does not say (default: 1000)")
    parser.addini("sim_seed", "seed for each simulated test whose mark does not say (default: 0)")


def pytest_configure(config: pytest.Config) -> None:
    """Register the mark, and look at what was set."""
    config.addinivalue_line("markers", _MARKER)
    for name, least in (("sim_trials", 1), ("sim_seed", 0)):
        try:
            _whole(least)(config.getini(name) or str(least))
        except argparse.ArgumentTypeError as error:
            raise pytest.UsageError(f"{config.inipath or 'ini file'}: {name}: {error}") from None
    if token := config.getoption("sim_token"):
        _check_token(token)
    config.stash[RESULTS] = results = Results(config)
    config.pluginmanager.register(results, "finale_sim_results")


@pytest.hookimpl(wrapper=True, trylast=True)  # inside of what others do to async tests, who then find a plain function
def pytest_pycollect_makeitem() -> Generator[None, Any, Any]:
    """Marked functions become simulated tests."""
    made = yield
    if not isinstance(made, list) or not any(map(_is_marked, made)):
        return made
    from finale_pytest.item import SimulatedTest, on_trio

    return on_trio([SimulatedTest.in_place_of(item) if _is_marked(item) else item for item in made])


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """With --sim-token: keep the test that it belongs to."""
    if token := config.getoption("sim_token"):
        from finale_pytest.item import owners

        chosen = owners(token, items)
        if not chosen and not hasattr(config, "workerinput"):  # an error in a worker of pytest-xdist is told by nobody
            raise pytest.UsageError(NO_OWNER.format(token))
        config.hook.pytest_deselected(items=[item for item in items if item not in chosen])
        items[:] = chosen


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """A mark where it does nothing is an error: the test would seem to have been explored."""
    if item.get_closest_marker("simulate") is not None:
        from finale_pytest.item import SimulatedTest

        if not isinstance(item, SimulatedTest):
            pytest.fail(
                f"{item.name} is marked simulate but is a {type(item).__name__}; "
                "write it as an async function, or as an async method of a plain class",
                pytrace=False,
            )


@pytest.fixture
def sim_workspace() -> Callable[..., Any]:
    """Like ``finale.open_workspace``, for a trial: runs are called r1, r2 …, and events bear the time of the trial.

    To be called in the test, ``async with sim_workspace(coordinator) as ws``, so that each trial has a workspace of its own.
    """
    from finale_pytest.workspace import open_in_trial

    return open_in_trial


def _is_marked(item: Any) -> bool:
    return isinstance(item, pytest.Function) and item.get_closest_marker("simulate") is not None


def _check_token(text: str) -> None:
    from finale_sim import BadToken
    from finale_sim.token import decode

    try:
        decode(text)
    except BadToken as error:
        raise pytest.UsageError(f"--sim-token: {error}") from None


def _whole(least: int) -> Callable[[str], int]:
    def number(text: str) -> int:
        if not text.strip().isdecimal() or int(text) < least:
            raise argparse.ArgumentTypeError(f"{text!r} is no whole number from {least} on")
        return int(text)

    return number
