"""A session is terminated: settled at once, while its task takes its time to unwind."""

from finale_sim.scenarios.scenario import Scenario, Stage

__all__ = ["SCENARIO"]


async def _play(stage: Stage) -> None:
    stage.submit("first", "s1")
    stage.submit("behind", "s1")
    await stage.moment("termination comes", (1, 0, 2, 5))
    stage.terminate("s1")
    stage.submit("after", "s1")


SCENARIO = Scenario(
    "terminated",
    "settled at once, with a clean-up that takes its time",
    ("E10", "E15"),
    _play,
    "slow clean-up",
    calls=("terminate",),
)
