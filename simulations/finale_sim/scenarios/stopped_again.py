"""A run is stopped, and while it unwinds it is stopped again, in another way (E12, E15, E16, E17)."""

from finale_sim.scenarios.scenario import Scenario, Stage

__all__ = ["SCENARIO"]


async def _play(stage: Stage) -> None:
    stage.submit("first", "s1")
    stage.submit("behind", "s1")
    await stage.moment("first stop comes", (2, 0.5))
    _stop(stage, stage.pick("first stop", ("cancel", "terminate")), "ann")
    await stage.moment("second stop comes", (3, 2, 7))
    _stop(stage, stage.pick("second stop", ("close", "terminate", "interrupt", "cancel", "from outside")), "bob")


def _stop(stage: Stage, how: str, by: str) -> None:
    match how:
        case "cancel":
            stage.cancel("s1", by=by)
        case "terminate":
            stage.terminate("s1", by=by)
        case "interrupt":
            stage.submit("instead", "s1", when_busy="interrupt")
        case "close":
            stage.close(by=by)
        case _:
            stage.cancel_from_outside()


SCENARIO = Scenario(
    "stopped again",
    "a run that unwinds is stopped in another way",
    ("E10", "E12", "E15"),
    _play,
    "thorough",
    calls=("terminate",),
)
