"""What is shown at the end, and what the next run knows."""

import pytest

from finale_pytest.results import Results
from tests.finale_pytest.conftest import Run


def test_verdicts_are_summed_up_and_told_with_v(race: str, run: Run, pytester: pytest.Pytester) -> None:
    """A pass says what was tried. Without a simulated test there is no section."""
    pytester.makepyfile(
        test_sound="""
        import pytest

        @pytest.mark.simulate
        async def test_sound():
            pass
        """
    )
    run().stdout.fnmatch_lines(["-* simulated tests -*", "2 simulated tests, * trials: 1 exhausted, 1 violated"])
    run("-v").stdout.fnmatch_lines(
        [
            "test_it.py::test_race: violated: 'assertions hold' (1 trial)  fin1-*",
            "test_sound.py::test_sound: exhausted: no stream of choices is left untried; rung * (1 trial, 0 choices, * s)",
        ]
    )
    run("-q", "test_sound.py").stdout.no_fnmatch_line("*simulated*")
    run("-k", "nothing").stdout.no_fnmatch_line("*simulated*")


def test_v_tells_what_a_pass_rests_on(run: Run, pytester: pytest.Pytester) -> None:
    """At how many points it was cancelled, which faults struck, and which situation was never reached."""
    pytester.makepyfile(
        test_it="""
        import finale_sim
        import pytest
        import trio

        @pytest.mark.simulate(cancel=True)
        async def test_it():
            with trio.CancelScope():
                await trio.sleep(1)
                await finale_sim.fault("db.write", drops=True)
                finale_sim.sometimes(False, "both at once")
        """
    )
    run("-v").stdout.fnmatch_lines(
        [
            "test_it.py::test_it: exhausted: *; cancelled at 1 of 1 point)",
            "  fault 'db.write' struck in 2 trials",
            "  'both at once' was never reached",
        ]
    )


def test_the_failure_of_the_last_run_comes_first(race: str, run: Run, pytester: pytest.Pytester) -> None:
    """It is replayed, and nothing else; when it does not come out any more that is said, once, and all is searched anew."""
    run()
    again = run()
    again.stdout.fnmatch_lines(["What happened (the failure of the last run, again; *", "1 simulated test, 1 trial: 1 violated"])
    pytester.makepyfile(test_it=race.replace("== 2", ">= 1"))
    holds = run()
    holds.assert_outcomes(passed=1)
    holds.stdout.fnmatch_lines(
        [
            "test_it.py::test_race: the failure of the last run is gone (fin1-*): the recorded trial holds; *",
            "1 simulated test, * trials: 1 exhausted",
        ]
    )
    run().stdout.no_fnmatch_line("*the last run*")


def test_a_failure_that_has_moved_is_found_again(race: str, run: Run, pytester: pytest.Pytester) -> None:
    """The program has changed, so the recorded trial drifts; the search finds the new one, and that is kept instead."""
    run()
    pytester.makepyfile(test_it=race.replace("assert counter", "await trio.sleep(1)\n        assert counter"))
    run().stdout.fnmatch_lines(
        ["What happened (1 deviation *", "*: the failure of the last run is gone (fin1-*): *", "*: 1 violated"]
    )
    run().stdout.fnmatch_lines(["What happened (the failure of the last run, again; *"])


def test_a_failure_that_only_the_last_run_finds_is_none_less(race: str, run: Run, pytester: pytest.Pytester) -> None:
    """The recorded trial has drifted and fails nevertheless, and the search is too short for it: that does not pass."""
    run()
    pytester.makepyfile(test_it=race.replace("assert counter", "await trio.sleep(1)\n        assert counter"))
    result = run("--sim-trials", "1")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        ["DRIFT  *", "VIOLATED  'assertions hold'", "What happened (the failure of the last run, changed; *", "*: 1 violated"]
    )


@pytest.mark.parametrize("kept", ["nonsense", "fin1-AAAA", ["no", "dict"]])
def test_a_spoiled_cache_harms_nobody(kept: object, race: str, run: Run, pytester: pytest.Pytester) -> None:
    """What cannot be read is said, and all is searched."""
    cache = pytester.path / ".pytest_cache/v/finale_sim"
    cache.mkdir(parents=True)
    text = '["no", "dict"]' if isinstance(kept, list) else f'{{"test_it.py::test_race": "{kept}"}}'
    (cache / "failing").write_text(text, encoding="utf-8")
    result = run()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["What happened (1 deviation *"])


def test_without_a_cache_all_is_searched(race: str, run: Run) -> None:
    """-p no:cacheprovider is respected."""
    for _ in range(2):
        run("-p", "no:cacheprovider").stdout.fnmatch_lines(["What happened (1 deviation *"])


def test_workers_of_xdist_tell_and_remember(race: str, run: Run, pytester: pytest.Pytester) -> None:
    """The report, the sum and the cache are those of one process; a token that belongs to no test is told once."""
    others = "asyncio anyio trio timeout hypothesispytest"
    pytester.makepyfile(test_other=race.replace("test_race", "test_other"))
    result = run("-n2", without=others)
    result.assert_outcomes(failed=2)
    result.stdout.fnmatch_lines(["VIOLATED  'assertions hold'", "2 simulated tests, * trials: 2 violated"])
    run().stdout.fnmatch_lines(
        ["What happened (the failure of the last run, again; *", "2 simulated tests, 2 trials: 2 violated"]
    )
    lost = run("-n1", "--sim-token", "fin1-s1nFX3qZAlwCLc96gwFJsQ", "test_other.py", without=others)
    assert lost.ret == pytest.ExitCode.NO_TESTS_COLLECTED
    lost.stdout.fnmatch_lines(["--sim-token fin1-s1nFX3qZAlwCLc96gwFJsQ belongs to none of the simulated tests*"])


def test_a_worker_writes_nothing(pytester: pytest.Pytester) -> None:
    """One process alone writes the cache: that which hears of all tests."""
    config = pytester.parseconfigure("-p", "no:asyncio")
    said = [("sim_verdict", "violated"), ("sim_token", "fin1-…")]
    report = pytest.TestReport("a", ("a", 0, "a"), {}, "failed", None, "call", user_properties=said)

    def session() -> dict[str, str]:
        results = Results(config)
        results.pytest_runtest_logreport(report)
        results.pytest_sessionfinish()
        return Results(config).failing

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(config, "workerinput", {}, raising=False)  # as pytest-xdist does
        assert session() == {}
    assert session() == {"a": "fin1-…"}


def test_ctrl_c_stops_the_session_and_tells_what_is_known(pytester: pytest.Pytester) -> None:
    """The session ends as ever, with a line on how far the search had come."""
    pytester.makepyfile(
        test_it="""
        import signal

        import pytest
        import trio

        calls = 0


        @pytest.mark.simulate
        async def test_it():
            global calls
            calls += 1
            async with trio.open_nursery() as nursery:
                for _ in range(3):
                    nursery.start_soon(trio.sleep, 1)
            if calls == 20:
                signal.raise_signal(signal.SIGINT)


        def test_never():
            pass
        """
    )
    result = pytester.runpytest_subprocess("-p", "no:asyncio")
    assert result.ret == pytest.ExitCode.INTERRUPTED
    result.stdout.fnmatch_lines(["test_it.py::test_it: undecided: interrupted after * of 1,000 trials", "*KeyboardInterrupt*"])
