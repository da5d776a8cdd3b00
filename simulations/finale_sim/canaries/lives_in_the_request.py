"""A run is a task of the client that has submitted it."""

from functools import partial

import trio

from finale.executor import Executor, _Task
from finale.record import RunRecord
from finale_sim.canaries.canary import Canary

__all__ = ["CANARY"]


def _adopted_start(self: Executor, record: RunRecord) -> None:
    task = self._tasks[record] = _Task()
    nursery = trio.lowlevel.current_task().parent_nursery or self._runs
    nursery.start_soon(partial(self._execute, record, task), name=f"run {record.request.run_id}")


CANARY = Canary(
    "lives in the request",
    "a run dies with the connection of its client",
    "I15 isolation",
    "client leaves",
    changes=((Executor, "start", _adopted_start),),
    symptom="Somebody closes a laptop, and the run that all were watching is gone.",
    immune="Tasks of runs are started in the workspace's nursery and in a context of its own; a client lends them nothing.",
    case="run-dies-with-request",
    commit="90b1a2a67",
)
