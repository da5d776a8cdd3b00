"""Which fixtures a trial has for itself, and which it shares with the others."""

import pytest

from tests.finale_pytest.conftest import Run

HEAD = """
import pytest
import trio

log = []


async def three_trials():
    async with trio.open_nursery() as nursery:
        nursery.start_soon(trio.lowlevel.checkpoint)
        nursery.start_soon(trio.lowlevel.checkpoint)
"""

CHAIN = """
@pytest.fixture
def base(): return []


@pytest.fixture
def needed(base): return base


@pytest.fixture
def thing(needed, request): return needed
"""


def test_fixtures_of_a_function_are_made_in_each_trial(pytester: pytest.Pytester, run: Run) -> None:
    """In pytest's order, autouse ones and methods among them, each once; finished in the opposite order, also by a failure."""
    pytester.makepyfile(
        HEAD
        + """
@pytest.fixture
def base():
    log.append("base")
    yield []
    log.append("no base")


@pytest.fixture
def upper(base):
    log.append("upper")
    yield base
    log.append("no upper")


@pytest.fixture(autouse=True)
def filled(base):
    base.append(1)


class TestIt:
    @pytest.fixture
    def mine(self):
        assert self.ready
        return self

    def setup_method(self):
        self.ready = True

    @pytest.mark.simulate
    async def test_it(self, upper, base, mine):
        await three_trials()
        assert upper is base and base == [1] and mine is self
        base.append(2)
        assert len(log) % 4 == 2

    @pytest.mark.simulate
    async def test_failing(self, upper):
        log.clear()
        assert False


def test_all_are_finished():
    assert log == ["no upper", "no base", "base"]  # the last one is that of this test
"""
    )
    run().assert_outcomes(passed=2, failed=1)


@pytest.mark.parametrize(
    ("fixture", "shared"),
    [
        ("@pytest.fixture(scope='module')\ndef thing(): return []", "thing"),
        ("@pytest.fixture\ndef thing(request): return []", "thing"),
        (
            CHAIN,
            "thing, needed, base",
        ),
        ("@pytest.fixture\ndef thing(tmp_path): return tmp_path", ""),
    ],
)
def test_others_are_shared(fixture: str, shared: str, pytester: pytest.Pytester, run: Run) -> None:
    """Of a wider scope, or with a request, and what those need. What shares its state is not reproducible, and is named."""
    test = "@pytest.mark.simulate\nasync def test_it(thing):\n    await three_trials()\n"
    spoil = "    log.append(thing)\n    thing.append(1)\n    await trio.sleep(len(thing))\n"
    pytester.makepyfile("\n".join([HEAD, fixture, test + (spoil if shared else "")]))
    result = run()
    if not shared:
        result.assert_outcomes(passed=1)
        return
    result.assert_outcomes(failed=1)
    (line,) = {line for line in result.outlines if line.startswith("All trials share ")}  # told again in the summary on a CI
    names = line.removeprefix("All trials share ").partition(":")[0].split(", ")
    assert set(names) - {"request"} == set(shared.split(", "))


def test_a_fixture_that_builds_on_another_of_its_name_is_shared(pytester: pytest.Pytester, run: Run) -> None:
    """And so is what the other one needs: the test gets the very same thing."""
    pytester.makeconftest(
        """
        import pytest

        @pytest.fixture
        def needed():
            return []

        @pytest.fixture
        def thing(needed):
            return needed
        """
    )
    pytester.makepyfile(
        HEAD
        + """
@pytest.fixture
def thing(thing):
    return thing


@pytest.mark.simulate
async def test_it(thing, needed):
    await three_trials()
    assert thing is needed
"""
    )
    run().assert_outcomes(passed=1)


def test_a_fixture_speaks_for_its_test(pytester: pytest.Pytester, run: Run) -> None:
    """It may skip it, and its error is that of the trial, shown where it was raised."""
    pytester.makepyfile(
        test_it=HEAD
        + """
@pytest.fixture
def absent():
    pytest.skip("not today")


@pytest.fixture
def broken():
    raise OSError("no disk")


@pytest.mark.simulate
async def test_absent(absent): pass


@pytest.mark.simulate
async def test_broken(broken): pass
"""
    )
    result = run()
    result.assert_outcomes(skipped=1, failed=1)
    result.stdout.fnmatch_lines(["test_it.py:*: in broken", "E   OSError: no disk"])
