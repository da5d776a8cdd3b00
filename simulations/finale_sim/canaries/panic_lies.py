"""What stops the whole program is no error, so the run has none."""

import trio

from finale import executor
from finale.endings import ending_of_error
from finale.events import Status
from finale.record import Ending
from finale_sim.canaries.canary import Canary

__all__ = ["CANARY"]


def _cheerful_ending(error: BaseException, *, covered: bool) -> Ending:
    if isinstance(error, Exception | trio.Cancelled):
        return ending_of_error(error, covered=covered)
    return Ending(Status.COMPLETED)


CANARY = Canary(
    "panic lies",
    "a run that brings the program down is told as completed",
    "I3 truth",
    "stops the program",
    changes=((executor, "ending_of_error", _cheerful_ending),),
    symptom="The program crashes in the middle of an answer, and the last thing it says is that all went well.",
    immune="The ending starts out as failed and becomes completed only by a value that was returned.",
    case="panic-kills-server-and-lies",
)
