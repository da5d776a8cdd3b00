"""Much progress, and subscribers that are slow, leave early, or read one session only (E21)."""

from finale_sim.scenarios.scenario import Scenario, Stage

__all__ = ["SCENARIO"]


async def _play(stage: Stage) -> None:
    stage.subscribe("slow", pause_s=0.25)
    stage.subscribe("leaver", leaves_after=3)
    stage.subscribe("listener", session="s2")
    stage.submit("first", "s1")
    stage.submit("second", "s2")
    stage.submit("third", "s1")


SCENARIO = Scenario(
    "slow subscribers",
    "much progress for readers that are slow or leave",
    ("E2", "E21"),
    _play,
    "chatty",
    options={"progress_limit": 8},
)
