"""The examples keep what the README says of them: each race is found, and no corrected program is accused."""

import inspect
import runpy
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

import finale_sim
from finale_sim import Counterexample, Violated

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
PROGRAMS: dict[str, Callable[[], Awaitable[None]]] = {
    name: thing
    for file in ("races.py", "more_races.py")
    for name, thing in runpy.run_path(str(EXAMPLES / file)).items()
    if inspect.iscoroutinefunction(thing) and not name.startswith("_") and not inspect.signature(thing).parameters
}
FIXED = "_fixed"
RACES = [name for name in PROGRAMS if not name.endswith(FIXED)]
CLAIMS = {
    "lost_update": "assertions hold",
    "deadlock": "not stuck",
    "check_then_act": "assertions hold",
    "leaked_permit": "assertions hold",
    "lost_wakeup": "not stuck",
    "use_after_close": "no ClosedResourceError",
    "order_violation": "no KeyError",
    "torn_transfer": "assertions hold",
    "lock_ring": "not stuck",
    "stale_lease": "assertions hold",
    "paid_twice": "assertions hold",
    "stored_twice": "assertions hold",
    "event_after_the_end": "assertions hold",
}


def test_every_race_has_its_twin() -> None:
    """Who reads how it goes wrong also reads how it is put right."""
    assert sorted(PROGRAMS) == sorted([*CLAIMS, *(f"{name}{FIXED}" for name in CLAIMS)])


@pytest.mark.parametrize("name", RACES)
def test_a_race_is_found(name: str) -> None:
    """Within 500 trials, as the violation that it is, with at most two deviations, and it can be replayed."""
    report = finale_sim.explore(PROGRAMS[name], trials=500, seed=0)
    assert isinstance(report.verdict, Violated)
    assert report.verdict.breach.claim == CLAIMS[name]
    assert isinstance(report.counterexample, Counterexample)
    assert report.counterexample.deviations <= 2
    assert report.counterexample.minimal
    assert len(report.counterexample.token) < 80
    again = finale_sim.replay(report.counterexample.token, PROGRAMS[name])
    assert again.drift is None
    assert again.story.attempt.breach == report.verdict.breach


@pytest.mark.parametrize("name", RACES)
@pytest.mark.parametrize("seed", [0, 1])
def test_a_corrected_program_is_not_accused(name: str, seed: int) -> None:
    """In 500 trials nothing is found, and the verdict says that it was looked for."""
    report = finale_sim.explore(PROGRAMS[f"{name}{FIXED}"], trials=500, seed=seed)
    assert report.counterexample is None
    assert report.verdict.exit_code == 0
    assert report.search.exhausted or report.search.trials == 500
