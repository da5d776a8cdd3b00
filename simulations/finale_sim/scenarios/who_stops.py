"""Two clients stop runs, each in one of many ways: the active run, one that it took along, what waits, all (E10, E12, E24)."""

import trio

from finale import RunHandle
from finale_sim.scenarios.scenario import Scenario, Stage

__all__ = ["SCENARIO"]

_WAYS = (
    "cancels",
    "cancels the host",
    "cancels the guest",
    "terminates",
    "terminates the host",
    "terminates the guest",
    "clears the queue",
    "interrupts",
    "closes",
)


async def _play(stage: Stage) -> None:
    host = stage.submit("host", "s1")
    await trio.sleep(0.5)
    guest = stage.submit("guest", "s1", when_busy="fold")
    stage.submit("behind", "s1")
    stage.submit("elsewhere", "s2")
    await stage.moment("ann comes", (2.5, 1.5, 2.75))
    _stop(stage, stage.pick("ann", _WAYS), "ann", host, guest)
    await stage.moment("bob comes", (3, 2.5, 2.75, 7))
    _stop(stage, stage.pick("bob", _WAYS), "bob", host, guest)


def _stop(stage: Stage, how: str, by: str, host: RunHandle | None, guest: RunHandle | None) -> None:
    run = guest if "guest" in how else host
    match how.partition(" ")[0]:
        case "cancels" if "the" in how and run is not None:
            stage.cancel_run(run, by=by)
        case "terminates" if "the" in how and run is not None:
            stage.terminate_run(run, by=by)
        case "cancels":
            stage.cancel("s1", by=by)
        case "terminates":
            stage.terminate("s1", by=by)
        case "clears":
            stage.clear_queue("s1", by=by)
        case "interrupts":
            stage.submit(f"instead, for {by}", "s1", when_busy="interrupt")
        case _:
            stage.close(by=by)


SCENARIO = Scenario(
    "who stops",
    "two clients that stop the same runs in different ways",
    ("E10", "E12", "E24"),
    _play,
    "thorough",
    options={"deadline_s": 2.75},
    calls=("terminate", "clear_queue"),
)
