"""A cancel at every phase of a run, with one waiting behind and one submitted right after (E9, E10, E11, E12)."""

from finale_sim.scenarios.scenario import Scenario, Stage

__all__ = ["SCENARIO"]


async def _play(stage: Stage) -> None:
    stage.submit("first", "s1")
    stage.submit("behind", "s1")
    stage.submit("bystander", "s2")
    await stage.moment("cancel comes", (0, 0.5, 1, 1.5, 2, 2.5, 3, 7))
    stage.cancel("s1")
    stage.submit("after", "s1")


SCENARIO = Scenario(
    "cancel race", "a cancel before, while preparing, while active and after", ("E2", "E9", "E10", "E11", "E12"), _play
)
