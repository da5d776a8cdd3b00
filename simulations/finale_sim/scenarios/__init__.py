"""Scenarios: what the outside world does during a trial. Each is a file in this folder with a ``Scenario``, listed here."""

from finale_sim.scenarios import (
    cancel_race,
    cancel_waiting,
    cleanup_fails,
    close_race,
    deaf,
    fails_active,
    fails_after_publishing,
    fails_before_running,
    idle_cancel,
    journal_fails,
    many_sessions,
    never_returns,
    one_prompt,
    outer_cancel,
    publishes_twice,
    queue_behind,
    rejected,
    slow_subscribers,
)
from finale_sim.scenarios.scenario import Scenario, Stage

__all__ = ["SCENARIOS", "Scenario", "Stage"]

SCENARIOS: dict[str, Scenario] = {
    module.SCENARIO.name: module.SCENARIO
    for module in (
        rejected,
        one_prompt,
        queue_behind,
        many_sessions,
        fails_before_running,
        fails_active,
        fails_after_publishing,
        publishes_twice,
        cancel_race,
        cancel_waiting,
        idle_cancel,
        never_returns,
        cleanup_fails,
        deaf,
        close_race,
        outer_cancel,
        slow_subscribers,
        journal_fails,
    )
}
