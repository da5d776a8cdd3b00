"""A run takes the place of those before it, at every phase of theirs (E25)."""

from finale_sim.scenarios.scenario import Scenario, Stage

__all__ = ["SCENARIO"]


async def _play(stage: Stage) -> None:
    stage.submit("first", "s1")
    stage.submit("behind", "s1")
    stage.submit("bystander", "s2")
    await stage.moment("interruption comes", (1.5, 0, 0.5, 3))
    stage.submit("instead", "s1", when_busy="interrupt")


SCENARIO = Scenario("interrupted", "a run that takes the place of those before it", ("E2", "E25"), _play)
