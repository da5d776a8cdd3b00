"""A coordinator takes no notice of its cancel: settled without it after its grace, and closing waits (E15)."""

from finale_sim.scenarios.scenario import Scenario, Stage

__all__ = ["SCENARIO"]


async def _play(stage: Stage) -> None:
    stage.submit("first", "s1")
    stage.submit("second", "s1")
    await stage.moment("cancel comes", (1, 15, 19))
    stage.cancel("s1")


SCENARIO = Scenario("deaf coordinator", "a cancel that is ignored", ("E14", "E15"), _play, "deaf", options={"grace_s": 5})
