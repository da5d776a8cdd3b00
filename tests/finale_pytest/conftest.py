"""Small projects, each with a pytest of its own."""

from collections.abc import Callable
from typing import TypeAlias

import pytest

import finale_pytest.item  # noqa: F401  # or each inner pytest would import the simulator anew, and forget it again

Run: TypeAlias = Callable[..., pytest.RunResult]

_IN_THE_SAME_PROCESS = "ignore:Module already imported:pytest.PytestAssertRewriteWarning"

RACE = """
    import pytest
    import trio


    @pytest.mark.simulate
    async def test_race():
        counter = 0

        async def increment(pause):
            nonlocal counter
            seen = counter
            if pause:
                await trio.lowlevel.checkpoint()
            counter = seen + 1

        async with trio.open_nursery() as nursery:
            nursery.start_soon(increment, False)
            nursery.start_soon(increment, True)
        assert counter == 2
"""


@pytest.fixture
def race(pytester: pytest.Pytester) -> str:
    """A project whose only test fails in one schedule of a few; the program."""
    pytester.makepyfile(test_it=RACE)
    return RACE


@pytest.fixture
def run(pytester: pytest.Pytester) -> Run:
    """Runs pytest in the project, in this process. Other plugins for async tests are left out unless asked for."""

    def run(*arguments: str, without: str = "asyncio anyio trio timeout xdist") -> pytest.RunResult:
        left_out = [part for name in without.split() for part in ("-p", f"no:{name}")]
        return pytester.runpytest_inprocess("-W", "error", "-W", _IN_THE_SAME_PROCESS, *left_out, *arguments)

    return run
