"""A coordinator catches its cancellation and returns as if nothing had happened (E14)."""

from finale_sim.scenarios.scenario import Scenario, Stage

__all__ = ["SCENARIO"]


async def _play(stage: Stage) -> None:
    stage.submit("first", "s1")
    stage.submit("behind", "s1")
    await stage.moment("cancel comes", (1, 0, 2, 3))
    stage.cancel("s1")


SCENARIO = Scenario(
    "cancel swallowed", "a coordinator that returns in spite of its cancel", ("E10", "E14"), _play, "swallows cancel"
)
