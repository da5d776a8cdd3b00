"""The coordinator publishes a second and a third ending (E8)."""

from finale_sim.scenarios.scenario import Scenario, Stage

__all__ = ["SCENARIO"]


async def _play(stage: Stage) -> None:
    stage.submit("first", "s1")
    stage.submit("second", "s1")


SCENARIO = Scenario("publishes twice", "a second and a third ending for one run", ("E8",), _play, "publishes twice")
