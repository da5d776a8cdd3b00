"""What a simulated test is explored with."""

import pytest

from tests.finale_pytest.conftest import Run

WIDE = """
    import pytest
    import trio

    pytestmark = pytest.mark.simulate({module})


    @pytest.mark.simulate({function})
    async def test_it():
        async def busy():
            for _ in range(9):
                await trio.lowlevel.checkpoint()

        async with trio.open_nursery() as nursery:
            for _ in range(3):
                nursery.start_soon(busy)
"""


def wide(module: str = "", function: str = "") -> str:
    """A test that no number of trials exhausts."""
    return WIDE.format(module=module, function=function)


@pytest.mark.parametrize(
    ("module", "function", "arguments", "trials"),
    [
        ("trials=30", "", [], 30),
        ("trials=30", "trials=20", [], 20),
        ("trials=30, seed=3", "trials=20", ["--sim-trials", "10"], 10),
        ("", "", ["-o", "sim_trials=25"], 25),
        ("trials=30", "", ["-o", "sim_trials=25"], 30),
    ],
)
def test_the_command_line_comes_before_marks_before_the_ini_file(
    module: str, function: str, arguments: list[str], trials: int, pytester: pytest.Pytester, run: Run
) -> None:
    """The mark of the function goes before that of the module; what it does not say is taken from there."""
    pytester.makepyfile(wide(module, function))
    run(*arguments).stdout.fnmatch_lines([f"1 simulated test, {trials} trials: 1 *"])


def test_all_of_explore_can_be_said(pytester: pytest.Pytester, run: Run) -> None:
    """A cancel at each point of the program, and the schedules of a rung."""
    pytester.makepyfile(
        """
        import pytest
        import trio

        @pytest.mark.simulate(cancel=True, fidelity="rounds", seed=1)
        async def test_it():
            done = False
            with trio.CancelScope():
                await trio.sleep(1)
                done = True
            assert done
        """
    )
    result = run()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["What happened (1 deviation*", "  1. before step * is cancelled"])


@pytest.mark.parametrize(
    ("mark", "problem"),
    [
        ("500", "it has no names for (500,); write trials=…, say"),
        ("trails=500", "there is no setting 'trails'; did you mean 'trials'?"),
        ("on_trial=print", "there is no setting 'on_trial'; *"),
        ("trials=0", "trials is 0, and must be a whole number from 1 on"),
        ("seed='x'", "seed is 'x', and must be a whole number from 0 on"),
        ("fidelity='tie'", "there is no fidelity 'tie'; there are rounds, step, ties, free"),
        ("strategy='luck'", "there is no strategy 'luck'; there are portfolio, sweep, exhaustive, surw, *"),
        ("workers=2", "workers is not for tests, whose trials stay in their process; pytest -n (xdist) spreads tests"),
    ],
)
def test_a_mark_that_nobody_understands_fails(mark: str, problem: str, pytester: pytest.Pytester, run: Run) -> None:
    """One sentence says what is wrong with it."""
    pytester.makepyfile(wide(function=mark))
    result = run()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines([f"the mark simulate of test_it is wrong: {problem}"])
