"""A coordinator exits the program, with other runs waiting and active (E20)."""

from finale_sim.scenarios.scenario import Scenario, Stage

__all__ = ["SCENARIO"]


async def _play(stage: Stage) -> None:
    stage.submit("stop", "s1")
    stage.submit("behind", "s1")
    stage.submit("elsewhere", "s2")


SCENARIO = Scenario("stops the program", "SystemExit in a coordinator, with others around", ("E20",), _play, "stops the program")
