"""A cancelled run is recognised by the type of its exception: one whose clean-up raises counts as failed."""

import trio

from finale import executor
from finale.endings import describe
from finale.events import Status
from finale.record import Ending
from finale_sim.canaries.canary import Canary

__all__ = ["CANARY"]


def _ending_of_error(error: BaseException, *, covered: bool) -> Ending:
    if isinstance(error, trio.Cancelled):
        return Ending(Status.CANCELLED)
    return Ending(Status.FAILED, error=describe(error))


CANARY = Canary(
    "trusts exceptions",
    "the type of the exception decides, not what covers the run",
    "I3 truth",
    "clean-up fails",
    changes=((executor, "ending_of_error", _ending_of_error),),
    symptom="A run that somebody cancelled is reported as an error, because its clean-up stumbled.",
    immune="What covered the run decides; the type of the exception alone decides nothing.",
)
