"""Programs that a cancel or a fault breaks, and their corrected twins."""

import pytest

import finale_sim
from examples import cancels, faults


@pytest.mark.parametrize("name", [name for name in cancels.__all__ if not name.endswith("_fixed")])
def test_a_cancel_breaks_it_and_not_its_twin(name: str) -> None:
    """One cancel is enough, and without any it holds; the twin is cancelled at each of its points."""
    program, twin = getattr(cancels, name), getattr(cancels, f"{name}_fixed")
    found = finale_sim.explore(program, cancel=True)
    assert found.counterexample is not None
    assert found.counterexample.deviations == 1
    assert len(found.counterexample.token) < 80
    assert finale_sim.explore(program).verdict.exit_code == 0
    report = finale_sim.explore(twin, cancel=True)
    assert report.verdict.exit_code == 0
    assert len(report.search.cancelled) == report.search.cancel_points > 0


@pytest.mark.parametrize(("name", "deviations"), [("half_a_transfer", 1), ("gives_up_too_late", 2)])
def test_a_fault_breaks_it_and_not_its_twin(name: str, deviations: int) -> None:
    """As few faults as it takes; the twin is exhausted, and its faults struck."""
    found = finale_sim.explore(getattr(faults, name))
    assert found.counterexample is not None
    assert found.counterexample.deviations == deviations
    report = finale_sim.explore(getattr(faults, f"{name}_fixed"))
    assert report.search.exhausted
    assert report.verdict.exit_code == 0
    assert report.search.struck
