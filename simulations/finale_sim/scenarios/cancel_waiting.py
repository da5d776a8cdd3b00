"""A run is taken out of the queue, at once or while its turn is coming (E10)."""

from finale_sim.scenarios.scenario import Scenario, Stage

__all__ = ["SCENARIO"]


async def _play(stage: Stage) -> None:
    stage.submit("first", "s1")
    second = stage.submit("second", "s1")
    stage.submit("third", "s1")
    await stage.moment("cancel comes", (0.5, 3, 3.5, 6, 9))
    if second is not None:
        stage.cancel_run(second)
        stage.cancel_run(second)


SCENARIO = Scenario("cancel waiting", "one run is taken out of the queue, twice", ("E2", "E10"), _play)
