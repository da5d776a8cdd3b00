"""Readers come back to where they were, to what the log has forgotten, or to what never was (E21).

Never more happens at one instant than the log keeps, so that the witness of the trial, who is not slow, misses nothing.
"""

import trio

from finale import RunHandle
from finale_sim.scenarios.scenario import Scenario, Stage

__all__ = ["SCENARIO"]


_WHO = (
    "the reader",
    "the listener",
    "the owner",
    "a stranger, for all",
    "a stranger, for some",
    "a listener, for all",
    "a stranger, for what never was",
    "a stranger, for what cannot be",
    "a follower",
    "a follower, for all",
)


async def _play(stage: Stage) -> None:
    stage.subscribe("reader", leaves_after=stage.pick("reader leaves after", (3, 1, 12, 40)))
    stage.subscribe("listener", session="s2", leaves_after=2)
    first = stage.submit("first", "s1")
    await trio.sleep(0.5)
    stage.submit("second", "s2", run_id="second")
    await trio.sleep(0.5)
    stage.submit("third", "s1")
    await stage.moment("somebody comes", (4, 1.5, 5, 9))
    for name in ("first comer", "second comer"):
        _come(stage, name, stage.pick(name, _WHO), first)


def _come(stage: Stage, name: str, who: str, first: RunHandle | None) -> None:
    match who:
        case "the reader":
            stage.subscribe(name, since=stage.place("reader"))
        case "the listener":
            stage.subscribe(name, session="s2", since=stage.place("listener"))
        case "the owner" if first is not None:
            stage.follow(name, first)
            stage.assure(first)
        case "a listener, for all":
            stage.subscribe(name, session="s2", since=0)
        case "a follower":
            stage.subscribe(name, run_id="second")
        case "a follower, for all":
            stage.subscribe(name, run_id="second", since=0)
        case _:
            since = {"some": 4, "what never was": 1_000_000, "what cannot be": -1}.get(who.partition("for ")[2], 0)
            stage.subscribe(name, since=since)


SCENARIO = Scenario(
    "comes back",
    "readers that ask for what was, and for what never was",
    ("E2", "E21"),
    _play,
    "chatty",
    options={"retain": 2, "progress_limit": 12},
)
