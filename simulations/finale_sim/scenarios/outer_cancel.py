"""The scope around the workspace is cancelled at every phase of its runs (E17)."""

from finale_sim.scenarios.scenario import Scenario, Stage

__all__ = ["SCENARIO"]


async def _play(stage: Stage) -> None:
    stage.subscribe("reader")
    stage.submit("first", "s1")
    stage.submit("behind", "s1")
    stage.submit("elsewhere", "s2")
    await stage.moment("cancellation comes", (0, 0.5, 1.5, 3, 4, 7))
    stage.cancel_from_outside()


SCENARIO = Scenario("outer cancellation", "everything around the workspace is cancelled", ("E17",), _play)
