"""Readers come back to where they were, to what the log has forgotten, or to what never was (E21).

Never more happens at one instant than the log keeps, so that the witness of the trial, who is not slow, misses nothing.
"""

import trio

from finale_sim.scenarios.scenario import Scenario, Stage

__all__ = ["SCENARIO"]


async def _play(stage: Stage) -> None:
    stage.subscribe("reader", leaves_after=stage.pick("reader leaves after", (3, 1, 12, 40)))
    stage.subscribe("listener", session="s2", leaves_after=2)
    first = stage.submit("first", "s1")
    await trio.sleep(0.5)
    stage.submit("second", "s2", run_id="second")
    await trio.sleep(0.5)
    stage.submit("third", "s1")
    await stage.moment("they come back", (4, 1.5, 5, 9))
    stage.subscribe("reader again", since=stage.place("reader"))
    stage.subscribe("listener again", session="s2", since=stage.place("listener"))
    stage.subscribe("stranger", since=stage.pick("stranger asks for", (0, 1, 7, 1_000_000, -1)))
    stage.subscribe("follower", run_id="second", since=stage.pick("follower asks for", (0, 5, None)))
    if first is not None:
        stage.follow("owner", first)
        stage.assure(first)


SCENARIO = Scenario(
    "comes back",
    "readers that ask for what was, and for what never was",
    ("E2", "E21"),
    _play,
    "chatty",
    options={"retain": 4, "progress_limit": 12},
)
