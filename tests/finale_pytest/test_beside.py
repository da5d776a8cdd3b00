"""Plugins for async tests leave simulated tests alone, and the other way round."""

import pytest

from tests.finale_pytest.conftest import Run

SIMULATED = """
    import asyncio

    import pytest
    import trio

    {marks}


    @pytest.mark.simulate
    async def test_simulated():
        await trio.sleep(3600)


    class TestIt:
        @pytest.mark.simulate
        async def test_method(self):
            await trio.sleep(3600)


    async def test_other():
        await {sleep}
"""


@pytest.mark.parametrize(
    ("plugin", "arguments", "marks", "sleep", "passed"),
    [
        ("trio", ["-o", "trio_mode=true"], "", "trio.sleep(0)", 3),
        ("trio", [], "pytestmark = pytest.mark.trio", "trio.sleep(0)", 3),
        ("asyncio", ["--asyncio-mode", "auto"], "", "asyncio.sleep(0)", 3),
        ("asyncio", ["--asyncio-mode", "strict"], "pytestmark = pytest.mark.asyncio", "asyncio.sleep(0)", 3),
        ("anyio", [], "pytestmark = pytest.mark.anyio", "__import__('anyio').sleep(0)", 4),  # the other one on two back ends
    ],
)
def test_everybody_runs_his_own(
    plugin: str, arguments: list[str], marks: str, sleep: str, passed: int, pytester: pytest.Pytester, run: Run
) -> None:
    """In auto mode and with a mark on the whole module: explored tests are explored, the others are run by the plugin."""
    pytester.makepyfile(SIMULATED.format(marks=marks, sleep=sleep))
    without = " ".join({"asyncio", "anyio", "trio"} - {plugin})
    scope = ["-o", "asyncio_default_fixture_loop_scope=function"] if plugin == "asyncio" else []
    result = run(*arguments, *scope, without=without)
    result.assert_outcomes(passed=passed)
    result.stdout.fnmatch_lines(["2 simulated tests, *: 2 exhausted"])


@pytest.mark.parametrize(
    ("params", "explored"),
    [
        ("['asyncio', ('trio', {'restrict_keyboard_interrupt_to_checkpoints': True})]", "test_it[[]anyio_backend1[]]"),
        ("['asyncio']", "test_it[[]asyncio[]]"),
    ],
)
def test_a_trial_is_on_trio(params: str, explored: str, pytester: pytest.Pytester, run: Run) -> None:
    """Of anyio's back ends a simulated test has trio alone; where there is no trio among them, it is explored nevertheless."""
    pytester.makepyfile(
        test_it=f"""
        import pytest

        @pytest.fixture(params={params})
        def anyio_backend(request):
            return request.param

        @pytest.mark.anyio
        @pytest.mark.simulate
        async def test_it():
            pass
        """
    )
    result = run("-v", without="asyncio trio")
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines([f"test_it.py::{explored} PASSED*"])


def test_fixtures_of_pytest_trio_are_refused(pytester: pytest.Pytester, run: Run) -> None:
    """They live in a trio that is not that of the trial; the error says what to do."""
    pytester.makepyfile(
        """
        import pytest

        @pytest.mark.simulate
        async def test_it(nursery):
            pass
        """
    )
    result = run("-o", "trio_mode=true", without="asyncio anyio")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["the fixture 'nursery' of test_it is async, but *"])


def test_plain_projects_run_as_ever(pytester: pytest.Pytester, run: Run) -> None:
    """A trio project that has never heard of finale."""
    pytester.makepyfile(
        """
        import pytest
        import trio

        @pytest.fixture
        async def late():
            await trio.sleep(0)
            yield 7

        async def test_it(late, nursery):
            assert late == 7
        """
    )
    result = run("-o", "trio_mode=true", without="asyncio anyio")
    result.assert_outcomes(passed=1)
    result.stdout.no_fnmatch_line("*simulated*")
