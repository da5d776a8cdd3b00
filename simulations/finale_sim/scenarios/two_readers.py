"""Two subscribers read the same events to the end."""

from finale_sim.scenarios.scenario import Scenario, Stage

__all__ = ["SCENARIO"]


async def _play(stage: Stage) -> None:
    stage.subscribe("one reader")
    stage.subscribe("another reader")
    stage.submit("first", "s1")
    stage.submit("elsewhere", "s2")
    stage.submit("behind", "s1")


SCENARIO = Scenario("two readers", "two who read everything, and take nothing from each other", ("E2",), _play)
