"""The process is killed around an append while a run prepares, works or unwinds, and a new one opens what it left (E23)."""

import trio

from finale_sim.scenarios.scenario import Scenario, Stage

__all__ = ["SCENARIO"]


async def _play(stage: Stage) -> None:
    stage.submit("first", "s1")
    await trio.sleep(0.5)
    stage.submit("while it prepares", "s2")
    await trio.sleep(1.75)
    stage.cancel("s1")
    stage.submit("while it unwinds", "s3")


SCENARIO = Scenario(
    "killed late", "a process dies while its runs prepare, work and unwind", ("E12", "E23"), _play, "thorough", journal="mortal"
)
