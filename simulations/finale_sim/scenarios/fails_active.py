"""The coordinator raises in the middle, alone or in a group, with others waiting behind (E6, E18)."""

from finale_sim.scenarios.scenario import Scenario, Stage

__all__ = ["SCENARIO"]


async def _play(stage: Stage) -> None:
    stage.submit("fail", "s1")
    stage.submit("fine", "s1")
    stage.submit("group", "s2")
    stage.submit("fine too", "s2")


SCENARIO = Scenario(
    "fails while active", "errors and groups of errors, with others waiting behind", ("E2", "E6", "E18"), _play, "fails active"
)
