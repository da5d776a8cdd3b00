"""Clean-up after a cancel raises: cancelled, with the error attached (E13)."""

from finale_sim.scenarios.scenario import Scenario, Stage

__all__ = ["SCENARIO"]


async def _play(stage: Stage) -> None:
    stage.submit("first", "s1")
    stage.submit("second", "s1")
    await stage.moment("cancel comes", (1, 2, 3, 0))
    stage.cancel("s1")


SCENARIO = Scenario("clean-up fails", "an error while a cancel unwinds the run", ("E13",), _play, "clean-up fails")
