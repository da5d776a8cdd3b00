"""The journal fails or stalls while a run works, and while one unwinds (E22)."""

import trio

from finale_sim.scenarios.scenario import Scenario, Stage

__all__ = ["SCENARIO"]


async def _play(stage: Stage) -> None:
    stage.submit("first", "s1")
    await trio.sleep(1.5)
    stage.submit("while it works", "s2")
    await trio.sleep(0.75)
    stage.cancel("s1")
    stage.submit("while it unwinds", "s3")


SCENARIO = Scenario(
    "journal fails late",
    "appends that fail or stall while runs work and unwind",
    ("E12", "E22"),
    _play,
    "thorough",
    journal="failing",
)
