"""Programs that a cancel, a fault, a kill, or others' code breaks, and their corrected twins."""

from typing import Any

import pytest

import finale_sim
from examples import actor, cancels, crashes, dialler, faults, shop, worker_pool
from finale_sim import Violated


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


@pytest.mark.parametrize(
    ("broken", "opens", "twin", "twin_opens"),
    [
        (crashes.transfer, crashes.bank_opens, crashes.transfer_fixed, crashes.ledger_opens),
        (crashes.save, crashes.editor_opens, crashes.save_fixed, crashes.editor_opens),
        (crashes.locked, crashes.next_start, crashes.leased, crashes.next_start_waits),
    ],
    ids=lambda value: value.__name__,
)
def test_a_kill_breaks_it_and_not_its_twin(broken: Any, opens: Any, twin: Any, twin_opens: Any) -> None:
    """It takes the kill alone; the twin is killed before each of its steps, and nothing is left to try."""
    found = finale_sim.explore(broken, crash=opens)
    assert isinstance(found.verdict, Violated)
    assert found.verdict.breach.claim == "assertions hold after a restart"
    assert found.counterexample is not None
    assert found.counterexample.deviations == 1
    assert found.counterexample.minimal
    assert len(found.counterexample.token) < 80
    assert len(found.counterexample.reruns) == 2
    assert finale_sim.explore(broken).search.exhausted
    report = finale_sim.explore(twin, crash=twin_opens)
    assert report.search.exhausted
    assert report.verdict.exit_code == 0
    assert len(report.search.crashed) == report.search.crash_points > 1


@pytest.mark.parametrize(
    ("broken", "twin", "claim"),
    [
        (dialler.two_winners, dialler.two_winners_fixed, "assertions hold"),
        (actor.impatient_caller, actor.impatient_caller_fixed, "no BrokenResourceError"),
        (worker_pool.first_to_finish_closes, worker_pool.first_to_finish_closes_fixed, "no ClosedResourceError"),
        (shop.last_item, shop.last_item_fixed, "assertions hold"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_programs_in_the_style_of_others_are_explored_as_they_are(broken: Any, twin: Any, claim: str) -> None:
    """Networks, actors, pools, httpx and Starlette; nothing in them was made for a simulator."""
    found = finale_sim.explore(broken, trials=300)
    assert isinstance(found.verdict, Violated)
    assert found.verdict.breach.claim == claim
    assert found.counterexample is not None
    assert found.counterexample.deviations <= 1
    assert len(found.counterexample.token) < 80
    assert finale_sim.explore(twin, trials=300).verdict.exit_code == 0


def test_trios_own_dialler_is_not_accused() -> None:
    """Late and refused connections, in all orders of one deviation."""
    assert finale_sim.explore(dialler.trio_dials, trials=400).verdict.exit_code == 0
