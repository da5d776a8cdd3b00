"""A sound journal, while runs end in every way that a cancel can make them."""

from finale_sim.scenarios.scenario import Scenario, Stage

__all__ = ["SCENARIO"]


async def _play(stage: Stage) -> None:
    stage.submit("first", "s1")
    stage.submit("behind", "s1")
    stage.submit("elsewhere", "s2")
    await stage.moment("cancel comes", (2, 0, 3.5))
    stage.cancel("s1")


SCENARIO = Scenario("journal kept", "what subscribers are told is in the journal", ("E2", "E12"), _play, journal="sound")
