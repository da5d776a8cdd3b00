"""Readers come back to what only the journal still has, while runs go on, or the workspace closes (E21).

Never more happens at one instant than the log keeps, so that the witness of the trial, who is not slow, misses nothing.
"""

import trio

from finale_sim.scenarios.scenario import Scenario, Stage

__all__ = ["SCENARIO"]


async def _play(stage: Stage) -> None:
    stage.subscribe("reader", leaves_after=stage.pick("reader leaves after", (2, 5, 1)))
    first = stage.submit("first", "s1")
    await trio.sleep(0.5)
    stage.submit("second", "s2")
    await trio.sleep(0.5)
    stage.submit("third", "s1")
    await stage.moment("they come back", (5, 2.5, 3, 8))
    stage.subscribe("reader again", since=stage.place("reader"))
    stage.subscribe("of a session", session="s1", since=stage.pick("session is asked for from", (0, 2, 8)))
    if first is not None:
        stage.follow("owner", first)
    if stage.pick("then", ("nothing", "closing")) == "closing":
        stage.close()


SCENARIO = Scenario(
    "reads journal",
    "readers that ask for what only the journal has",
    ("E2", "E21"),
    _play,
    journal="sound",
    options={"retain": 4, "progress_limit": 2},
)
