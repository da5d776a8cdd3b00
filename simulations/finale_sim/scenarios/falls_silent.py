"""A run reports for a while, and is silent for too long then (E6)."""

from finale_sim.scenarios.scenario import Scenario, Stage

__all__ = ["SCENARIO"]


async def _play(stage: Stage) -> None:
    stage.submit("first", "s1")
    stage.submit("second", "s1")


SCENARIO = Scenario(
    "falls silent",
    "a limit on silence, for a run that reports less and less",
    ("E6",),
    _play,
    "slow steps",
    options={"idle_s": 3.5},
)
