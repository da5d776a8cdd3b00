"""A marked test is explored, and its failure is a report."""

import re
import shlex

import pytest

from finale_sim import cli
from tests.finale_pytest.conftest import RACE, Run

TOKEN = re.compile(r"fin1-[\w-]+")


def test_a_failure_is_the_report(race: str, run: Run) -> None:
    """The user's line, what happened in words, the timeline, a token, the line to paste; and no frame of anybody else."""
    result = run()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "test_it.py:*: in test_race",
            "    assert counter == 2",
            "E   assert 1 == 2",
            "VIOLATED  'assertions hold'",
            "What happened (1 deviation from the happy path; minimal: no stream with fewer does it)",
            "  1. hold /main/increment:0 before its first step until /main/increment:1 has run 1 step",
            "Timeline*",
            "Rung *",
            "Same    in this process, under 5 other memory layouts",
            "Token   fin1-*",
            "Again   pytest test_it.py::test_race --sim-token fin1-*",
            "FAILED test_it.py::test_race - assert 1 == 2",
        ]
    )
    result.stdout.no_fnmatch_line("*finale_pytest*")
    result.stdout.no_fnmatch_line("*finale_sim/*")


def test_a_failure_that_needs_a_delay_can_be_forced_on_trio(pytester: pytest.Pytester, run: Run) -> None:
    """The report has the command, if the test can be called without pytest: a method cannot."""
    pytester.makepyfile(
        test_it="""
        import pytest
        import trio

        pytestmark = pytest.mark.simulate


        async def test_slow():
            done = []

            async def work(steps):
                for _ in range(steps):
                    await trio.lowlevel.checkpoint()
                done.append(steps)

            async with trio.open_nursery() as nursery:
                nursery.start_soon(work, 1)
                nursery.start_soon(work, 4)
            assert done == [1, 4]


        class TestIt:
            async def test_slow(self):
                await test_slow()
        """
    )
    result = run()
    result.assert_outcomes(failed=2)
    (line,) = [line for line in result.outlines if line.startswith("On trio")]
    assert cli.main(shlex.split(line)[3:]) == 1


def test_frames_of_trio_are_left_out(pytester: pytest.Pytester, run: Run) -> None:
    """What is shown is the user's line, also if trio raised the error."""
    pytester.makepyfile(
        test_it="""
        import pytest
        import trio


        @pytest.mark.simulate
        async def test_it():
            with trio.fail_after(1):
                await trio.sleep(2)
        """
    )
    result = run()
    result.stdout.fnmatch_lines(["test_it.py:7: in test_it", "    with trio.fail_after(1):", "E   trio.TooSlowError*"])
    result.stdout.no_fnmatch_line("*/trio/*")
    native = run("--tb=native")
    native.stdout.fnmatch_lines(["Traceback (most recent call last):", '  File "*test_it.py", line 7, in test_it', "VIOLATED  *"])
    native.stdout.no_fnmatch_line("*/pluggy/*")


def test_the_line_to_paste_runs_that_trial_alone(race: str, run: Run, pytester: pytest.Pytester) -> None:
    """It fails again in one trial; no other test is run; and once the test is put right, it says that the trial is gone."""
    token = TOKEN.findall(run().stdout.str())[0]
    pytester.makepyfile(test_other="def test_other():\n    pass")
    again = run("--sim-token", token)
    again.assert_outcomes(failed=1, deselected=1)
    again.stdout.fnmatch_lines(["E   assert 1 == 2", "VIOLATED*", "1 simulated test, 1 trial: 1 violated"])
    pytester.makepyfile(test_it=race.replace("if pause:", "if pause and counter:"))
    run("--sim-token", token).stdout.fnmatch_lines(
        ["DRIFT  all deviations came up, but the steps between them are not the recorded ones*", "*leave --sim-token out*"]
    )
    pytester.makepyfile(test_it=race.replace("== 2", ">= 1"))
    held = run("--sim-token", token)
    held.assert_outcomes(passed=1, deselected=1)
    held.stdout.fnmatch_lines(["1 simulated test, 1 trial: 1 held"])


def test_a_test_that_is_stuck_says_who_waits_for_what(pytester: pytest.Pytester, run: Run) -> None:
    """There is no line that raised, so the report has the stacks."""
    pytester.makepyfile(
        """
        import pytest
        import trio


        @pytest.mark.simulate
        async def test_stuck():
            await trio.sleep_forever()
        """
    )
    result = run()
    result.stdout.fnmatch_lines(["VIOLATED  'not stuck'", "  /main waits in trio.sleep_forever", "*await trio.sleep_forever()"])
    result.stdout.no_fnmatch_line("*All traceback entries are hidden*")
    result.stdout.no_fnmatch_line("*finale_pytest*")


def test_parameters_and_methods_have_tokens_of_their_own(pytester: pytest.Pytester, run: Run) -> None:
    """Each set of parameters is a test of its own."""
    pytester.makepyfile(
        test_it="""
        import pytest
        import trio


        class TestIt:
            def setup_method(self):
                self.ready = True

            @pytest.mark.simulate
            @pytest.mark.parametrize("seconds", [1, 2])
            async def test_it(self, seconds):
                await trio.sleep(seconds)
                assert self.ready and trio.current_time() == 1
        """
    )
    result = run()
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["Again   pytest 'test_it.py::TestIt::test_it[[]2[]]' --sim-token fin1-*"])
    token = TOKEN.findall(result.stdout.str())[0]
    run("--sim-token", token).assert_outcomes(failed=1, deselected=1)


SAID = {
    "pytest.skip('not here')": "SKIPPED",
    "await in_a_nursery(pytest.skip, 'not here')": "SKIPPED",
    "pytest.xfail('known')": "XFAIL",
    "with pytest.raises(ZeroDivisionError): 1 / 0": "PASSED",
    "with pytest.raises(ZeroDivisionError): pass": "FAILED",
    "pytest.fail('no')": "FAILED",
    "await in_a_nursery(pytest.fail, 'no')": "FAILED",
    "raise ExceptionGroup('both', [ValueError(), ZeroDivisionError()])": "FAILED",
    "raise BaseExceptionGroup('both', [ValueError(), pytest.skip.Exception()])": "FAILED",
    "raise SystemExit(3)": "FAILED",
    "if await second_first(): pytest.skip('only in this order')": "PASSED",
    "if await second_first(): raise ValueError('only in this order')": "FAILED",
}
SAYING = """
import pytest
import trio


async def in_a_nursery(function, *arguments):
    async def call():
        function(*arguments)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(call)


async def second_first():
    order = []

    async def arrive(name):
        order.append(name)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(arrive, 1)
        nursery.start_soon(arrive, 2)
    return order == [2, 1]
"""


def test_what_a_test_says_of_itself_is_heard(pytester: pytest.Pytester, run: Run) -> None:
    """A skip on the happy path skips the test, elsewhere that trial does not count; pytest.fail is a failed assertion."""
    tests = [f"@pytest.mark.simulate\nasync def test_{number}():\n    {body}\n" for number, body in enumerate(SAID)]
    pytester.makepyfile(test_it="\n".join([SAYING, *tests]))
    result = run("-v")
    result.stdout.fnmatch_lines([f"test_it.py::test_{number} {outcome} *" for number, outcome in enumerate(SAID.values())])
    result.stdout.no_fnmatch_line("*no Failed*")


def test_an_expected_error_is_the_users(pytester: pytest.Pytester, run: Run) -> None:
    """xfail(raises=…) sees the error that the trial ended with."""
    pytester.makepyfile(
        """
        import pytest


        @pytest.mark.xfail(raises=KeyError, strict=True)
        @pytest.mark.simulate
        async def test_it():
            {}["a"]
        """
    )
    run().assert_outcomes(xfailed=1)


def test_exit_leaves_at_once(pytester: pytest.Pytester, run: Run) -> None:
    """pytest.exit stops the session in the trial in which it is called, whichever that is."""
    saying = '@pytest.mark.simulate\nasync def test_it():\n    if await second_first(): pytest.exit("enough")\n'
    pytester.makepyfile(f"{SAYING}\n{saying}\ndef test_never(): pass")
    result = run()
    result.stdout.fnmatch_lines(["*Exit: enough*"])
    result.assert_outcomes()


def test_records_and_output_are_those_of_one_trial(pytester: pytest.Pytester, run: Run) -> None:
    """Fixtures that record start empty in each trial, and what is shown was printed and logged in the trial that is told."""
    pytester.makepyfile(
        """
        import logging
        import warnings

        import pytest
        import trio


        async def noise():
            print("printed")
            logging.warning("logged")
            warnings.warn("warned")
            async with trio.open_nursery() as nursery:
                nursery.start_soon(trio.lowlevel.checkpoint)
                nursery.start_soon(trio.lowlevel.checkpoint)


        @pytest.mark.simulate
        async def test_records(capsys, caplog, recwarn):
            await noise()
            assert capsys.readouterr().out == "printed\\n"
            assert [len(caplog.records), len(recwarn)] == [1, 1]


        @pytest.mark.filterwarnings("ignore")
        @pytest.mark.simulate
        async def test_shown():
            await noise()
            assert not "shown"
        """
    )
    result = run()
    result.assert_outcomes(passed=1, failed=1)
    assert [result.outlines.count("printed"), sum("logged" in line for line in result.outlines)] == [1, 1]


REFUSED = {
    "def test_plain(): pass": "test_plain is marked simulate but is no async function; write 'async def test_plain(…)', or take*",
    "async def test_late(late): pass": "the fixture 'late' of test_late is async, but*a plain fixture that*",
    "class TestCase(unittest.TestCase):\n    def test_a(self): pass": "test_a is marked simulate but is a TestCaseFunction; *",
    "@hypothesis.given(hypothesis.strategies.none())\nasync def test_data(n): pass": "*finale_sim.hypothesis.schedules()",
}


def test_what_cannot_be_explored_is_refused(pytester: pytest.Pytester, run: Run) -> None:
    """One sentence says what is wrong and what to write instead."""
    head = "import hypothesis, pytest, unittest\n@pytest.fixture\nasync def late(): pass\n"
    pytester.makepyfile(head + "".join(f"@pytest.mark.simulate\n{code}\n" for code in REFUSED))
    result = run()
    result.assert_outcomes(failed=2, errors=2)
    for sentence in REFUSED.values():
        result.stdout.fnmatch_lines_random([sentence])


def test_what_cannot_be_judged_does_not_pass(pytester: pytest.Pytester, run: Run) -> None:
    """Real input and output, and trials that come out differently, fail the test, and say why."""
    pytester.makepyfile(
        """
        import socket

        import pytest
        import trio


        @pytest.mark.simulate
        async def test_real():
            with socket.socket() as connection:
                connection.connect(("127.0.0.1", 9))


        @pytest.fixture(scope="module")
        def shared():
            return []


        @pytest.mark.simulate
        async def test_shared(shared):
            shared.append(1)
            await trio.sleep(len(shared))
        """
    )
    result = run()
    result.assert_outcomes(failed=2)
    result.stdout.fnmatch_lines(
        [
            "UNDECIDED  socket.connect reaches for the real world*",
            "*what cannot be judged has not passed.",
            "NOT REPRODUCIBLE  *",
            "All trials share shared: *",
            "2 simulated tests, 2 trials: 1 not reproducible, 1 undecided",
        ]
    )


def test_a_time_out_accuses_nobody(pytester: pytest.Pytester, run: Run) -> None:
    """pytest-timeout ends the search between two trials."""
    pytester.makepyfile(
        test_it=RACE.replace("if pause:", "for _ in range(30):")
        .replace("assert counter == 2", "signal.raise_signal(signal.SIGALRM)")
        .replace("import pytest", "import signal, pytest")
        .replace("@pytest.mark.simulate", "@pytest.mark.timeout(100, method='signal')\n    @pytest.mark.simulate")
    )
    result = run(without="asyncio anyio trio xdist")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["UNDECIDED  out of time after 1 trial, none of which failed.*"])
