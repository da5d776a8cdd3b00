"""A run is fine, and the one that waits behind it fails; each has its own ending (E3, E6)."""

from finale_sim.scenarios.scenario import Scenario, Stage

__all__ = ["SCENARIO"]


async def _play(stage: Stage) -> None:
    stage.submit("fine", "s1")
    stage.submit("fail", "s1")


SCENARIO = Scenario("fails behind", "a run is fine, and the one behind it fails", ("E3", "E6"), _play, "fails active")
