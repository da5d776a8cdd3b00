"""The process is killed around any append to its journal, and a new one opens what it left (E23)."""

import trio

from finale_sim.scenarios.scenario import Scenario, Stage

__all__ = ["SCENARIO"]


async def _play(stage: Stage) -> None:
    stage.submit("first", "s1")
    stage.submit("behind", "s1")
    await trio.sleep(1.5)
    stage.submit("elsewhere", "s2")


SCENARIO = Scenario(
    "killed", "a process dies around an append, and its journal is opened again", ("E2", "E23"), _play, journal="mortal"
)
