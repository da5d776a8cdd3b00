"""Programs that stay busy for ever: found, proved, shrunk; and their corrected twins, which nobody accuses."""

import pytest

import finale_sim
from examples import livelocks
from finale_sim import Violated
from finale_sim.render.timeline import timeline


@pytest.mark.parametrize(
    ("name", "deviations", "mover"),
    [("after_you", 0, "transfer:1"), ("never_given_back", 1, "second:0"), ("lost_signal", 1, "service:0")],
)
def test_a_livelock_is_proved_and_its_twin_holds(name: str, deviations: int, mover: str) -> None:
    """The report says who goes round where, with as few deviations as it takes; the twin holds in every trial."""
    found = finale_sim.explore(getattr(livelocks, name))
    assert isinstance(found.verdict, Violated)
    assert found.verdict.breach.claim == "no livelock"
    assert found.counterexample is not None
    assert found.counterexample.deviations == deviations
    assert found.counterexample.minimal
    livelock = found.counterexample.story.trial.livelock
    assert livelock is not None
    assert f"/main/{mover}" in {mover.path for mover in livelock.movers}
    assert all(f" in {mover.path.rpartition('/')[2][:-2]}: " in mover.places[0] for mover in livelock.movers)
    assert livelock.waiting[0].startswith("/main waits in trio.open_nursery")
    assert "in a fresh process" in found.counterexample.reruns[-1]
    assert len(found.counterexample.token) < 80
    assert "from here on every choice is 0" in timeline(found.counterexample.story)

    twin = finale_sim.explore(getattr(livelocks, f"{name}_fixed"), trials=300)
    assert twin.verdict.exit_code == 0
    assert twin.search.late == 0


def test_a_livelock_is_replayed_from_its_token() -> None:
    """The token is brief: its trial has fewer steps before it has to end than those of the search."""
    found = finale_sim.explore(livelocks.lost_signal)
    assert found.token is not None
    again = finale_sim.replay(found.token, livelocks.lost_signal)
    assert again.recorded
    assert again.story.trial.steps < 2_000
