"""Preparation fails, once plainly and once like a cancellation; the runs in between are fine (E4, E5)."""

from finale_sim.scenarios.scenario import Scenario, Stage

__all__ = ["SCENARIO"]


async def _play(stage: Stage) -> None:
    for prompt in ("first", "second", "third"):
        stage.submit(prompt, "s1")
    stage.submit("elsewhere", "s2")


SCENARIO = Scenario(
    "fails before running",
    "preparation fails in different ways; the next run prepares again",
    ("E2", "E4", "E5"),
    _play,
    "fails before",
)
