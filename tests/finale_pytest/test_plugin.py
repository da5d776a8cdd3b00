"""What pytest loads everywhere: options, the mark, the fixture, and nothing that costs."""

import subprocess
import sys

import pytest

from tests.finale_pytest.conftest import Run


def test_projects_without_simulated_tests_pay_nothing(pytester: pytest.Pytester) -> None:
    """Neither trio nor anything of finale but two small files is loaded."""
    pytester.makepyfile(
        """
        import sys

        def test_it():
            ours = {name for name in sys.modules if name.partition(".")[0] in ("finale", "finale_sim", "finale_pytest")}
            assert ours == {"finale_pytest", "finale_pytest.results"}
            assert not {"trio", "hypothesis"} & sys.modules.keys()
        """
    )
    others = [part for name in ("trio", "anyio", "asyncio", "hypothesispytest") for part in ("-p", f"no:{name}")]
    done = subprocess.run([sys.executable, "-m", "pytest", "-W", "error", *others], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "simulated tests" not in done.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--sim-trials", "0"], "*: error: argument --sim-trials: '0' is no whole number from 1 on"),
        (["--sim-trials", "many"], "*: error: argument --sim-trials: 'many' is no whole number from 1 on"),
        (["--sim-seed", "-1"], "*: error: argument --sim-seed: '-1' is no whole number from 0 on"),
        (["--sim-token", "foo"], "ERROR: --sim-token: 'foo' is no token; a token looks like fin1-…"),
        (["-o", "sim_trials=many"], "ERROR: *sim_trials: 'many' is no whole number from 1 on"),
        (["-o", "sim_seed=x"], "ERROR: *sim_seed: 'x' is no whole number from 0 on"),
        (["--sim-token", "fin1-s1nFX3qZAlwCLc96gwFJsQ"], "ERROR: --sim-token fin1-* belongs to none of the simulated tests*"),
    ],
)
def test_a_bad_option_is_one_error(arguments: list[str], message: str, run: Run) -> None:
    """Exit code 4, and a sentence that shows the value."""
    result = run(*arguments)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    (line,) = [line for line in result.errlines if "rror: " in line.replace("ERROR", "error") and "usage:" not in line]
    pytest.LineMatcher([line]).fnmatch_lines([message])


def test_help_and_marks_teach(run: Run) -> None:
    """--help has the options with their meaning, --markers the mark, --fixtures the fixture."""
    run("--help").stdout.fnmatch_lines(
        ["simulated tests (@pytest.mark.simulate):", "  --sim-trials=N *", "  sim_trials (string): *"]
    )
    run("--markers").stdout.fnmatch_lines(["@pytest.mark.simulate(trials, seed, cancel, fidelity): explore the async test*"])
    run("--fixtures").stdout.fnmatch_lines(["sim_workspace*", "    Like ``finale.open_workspace``*"])


def test_a_workspace_in_a_trial(pytester: pytest.Pytester, run: Run) -> None:
    """Its runs have the same names in each trial, its events the time of the trial; options go to open_workspace."""
    pytester.makepyfile(
        """
        import pytest
        import trio

        @pytest.mark.simulate(trials=20)
        async def test_it(sim_workspace):
            async def agent(request, ctx):
                await trio.sleep(1)

            async with sim_workspace(agent, max_active=1) as ws:
                runs = [ws.submit("a", session="s1"), ws.submit("b", session="s2")]
                ends = [await run.wait() for run in runs]
            assert [run.run_id for run in runs] == ["r1", "r2"]
            assert [end.at for end in ends] == [1, 2]
        """
    )
    run().assert_outcomes(passed=1)
