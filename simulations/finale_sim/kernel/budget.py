"""The steps that a trial may take: first a storm, in which anything may be chosen; then, if it was given any, calm.

In the calm every choice is 0, the tasks take their steps first come, first served, and faults that were to last are over. A
program has to come to its end now. If it does not, and a state comes back, it never will.

Half way through the storm, and when the calm begins, it is noted who is stuck for good; who stays so until the end is reported.
"""

from collections.abc import Callable

from trio.lowlevel import Task

from finale_sim.kernel.context import Context
from finale_sim.kernel.seam import Loop
from finale_sim.kernel.states.livelock import Livelock
from finale_sim.kernel.states.lookout import Lookout
from finale_sim.kernel.stuck.owners import stuck_at, stuck_for_good
from finale_sim.kernel.trial import Ending

__all__ = ["Budget"]

_SETTLING = 500
"""Steps of the calm before anybody looks for a loop: enough for what the storm left to be over, mostly."""


class Budget:
    """Of one process. ``limit`` is the number of steps of the trial with which ``used_up`` is to be asked again."""

    def __init__(self, loop: Loop, context: Context, queue: list[Task], max_steps: int, calm_steps: int) -> None:
        self.max_steps = context.steps + max_steps  #: of the storm, and of trio's own tasks
        self.limit = context.steps + max_steps // 2
        self.stuck: dict[Task, int] = {}  #: who was stuck when that was looked at last, with the steps taken so far
        self.calm_from = 0  #: the first step of the calm; 0: it has not begun
        self.livelock: Livelock | None = None
        self._loop = loop
        self._context = context
        self._queue = queue
        self._calm_steps = calm_steps
        self._lookout: Lookout | None = None

    @property
    def why(self) -> str:
        """Why no loop was proved; empty if nobody looked for one."""
        return self._lookout.why if self._lookout is not None else ""

    def used_up(self, housekeeping: int, turn: list[Task], calm_down: Callable[[], None]) -> Ending | None:
        """The ending, if one more step would be too many. Those with which trio ends a loop are allowed.

        ``turn`` are the tasks that go next, if there is calm; ``calm_down`` begins it.
        """
        if self.limit < self.max_steps and not self.calm_from:
            self.limit, self.stuck = self.max_steps, self._stuck_now()
            return None
        if housekeeping > self.max_steps:
            return Ending.STEP_LIMIT
        if all(self._context.lane_of(task).quiet for task in self._queue):
            return None
        if self.calm_from:
            return self._in_calm(turn)
        if not self._calm_steps or self._still_stuck():
            return Ending.STEP_LIMIT
        calm_down()
        self.calm_from, self.stuck = self._context.steps + 1, self._stuck_now()
        self.limit += min(_SETTLING, self._calm_steps)
        return None

    def close(self) -> None:
        """The trial is over. Can be called twice."""
        if self._lookout is not None:
            self._lookout.close()

    def _in_calm(self, turn: list[Task]) -> Ending | None:
        if self._lookout is None:
            self._lookout = Lookout(self._loop, self._context, self._queue)
        last = self.max_steps + self._calm_steps
        if self._context.steps >= last:
            return Ending.STEP_LIMIT
        if self._lookout.over:
            self.limit = last
            return None
        self.livelock = self._lookout.look(turn)
        if self.livelock is None:
            return None
        self.stuck = self._stuck_now()  # if anybody is, that says more than who goes round meanwhile
        return Ending.STEP_LIMIT if self.stuck else Ending.LIVELOCKED

    def _stuck_now(self) -> dict[Task, int]:
        return stuck_for_good(self._loop, self._context, self._queue)

    def _still_stuck(self) -> bool:
        return bool(stuck_at(Ending.STEP_LIMIT, self._loop, self._context, self._queue, self.stuck))
