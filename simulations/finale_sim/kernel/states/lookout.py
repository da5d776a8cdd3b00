"""Looks for a state that comes back, once a trial goes on by a fixed rule: then it goes on for ever.

Looking at every step would take too long. So one place is picked, where the next task stands; each time it stands there again
with as many others, a snapshot is taken. A place that does not come up again is given up for another, each time after a longer
wait. Two equal snapshots prove a loop if all that ran in between was seen: the code, whose global names are part of the state,
and that it asked nothing of the outside. A snapshot without the names of code that had not run by then does not equal a later
one that has them.
"""

from math import inf
from typing import Any

from trio.lowlevel import Task

from finale_sim.kernel.context import Context
from finale_sim.kernel.places import place_of
from finale_sim.kernel.seam import Loop
from finale_sim.kernel.states.livelock import Livelock, Mover
from finale_sim.kernel.states.snapshot import Snapshot, snapshot
from finale_sim.kernel.states.witness import Witness
from finale_sim.kernel.stuck.waiting import blocked

__all__ = ["Lookout"]

_FIRST_WAIT = 128  # steps
_MOST_SNAPSHOTS = 50
_MOST_TAKEN = 500_000  # values and objects in all of them


class Lookout:
    """Of one trial; ``look`` is to be called before every step. ``why`` says why no loop is proved."""

    def __init__(self, loop: Loop, context: Context, queue: list[Task]) -> None:
        self.why = "no task came back to where it had been"
        self.over = False
        self._loop = loop
        self._context = context
        self._queue = queue
        self._witness = Witness(context)
        self._parked = set(loop.tasks)  # who was there, and took no step so far
        self._moves: list[tuple[int, str, str]] = []  # number of a step, path of its task, where that stood
        self._key: Any = None
        self._picked, self._wait = -inf, _FIRST_WAIT // 2
        self._seen: list[tuple[Snapshot, int, float, int]] = []  # with the step, the time, and how many moves were made
        self._taken = 0
        if self._witness.possible:
            self._witness.look()
        else:
            self.why, self.over = "somebody else is profiling this thread (sys.setprofile)", True

    def look(self, turn: list[Task]) -> Livelock | None:
        """These tasks are about to take a step. The loop, if that proves one."""
        try:
            return self._look(turn)
        except Exception as error:  # noqa: BLE001  # objects of a program can be as strange as they like
            self._stop(f"its state could not be read: {error!r}")
            return None

    def _look(self, turn: list[Task]) -> Livelock | None:
        step = self._context.steps + 1
        key = (len(self._queue), len(self._loop.tasks), *(_stand(task) for task in turn))
        if step - self._picked > self._wait:
            self._key, self._picked, self._wait = key, step, 2 * self._wait
            self._seen.clear()
        found = self._compare(step) if key == self._key else None
        if found is None and not self.over:
            for task in turn:
                self._parked.discard(task)
                self._moves.append((step, self._context.task_path(task), place_of(task)))
        return found

    def close(self) -> None:
        """Look no more. Can be called twice."""
        if not self.over:
            self.over = True
            self._witness.look_away()

    def _stop(self, why: str) -> None:
        self.why = why
        self.close()

    def _compare(self, step: int) -> Livelock | None:
        self._picked = step
        self._witness.look_away()
        now = snapshot(self._loop, self._context, self._queue, self._witness, self._parked)
        self._witness.look()
        self._taken += len(now.picture)
        for before, first, then_s, moves in self._seen:
            if before.picture == now.picture:
                return self._judge(now, first, step, then_s, moves)
        if self._seen:
            before, first, _, _ = self._seen[-1]
            self.why = f"from step {first:,} to step {step:,} something changed: {now.differs(before)}"
        self._seen.append((now, step, self._context.now, len(self._moves)))
        if len(self._seen) == _MOST_SNAPSHOTS or self._taken > _MOST_TAKEN:
            self.close()
        return None

    def _judge(self, now: Snapshot, first: int, step: int, then_s: float, moves: int) -> Livelock | None:
        """A state came back. Whether that means that it comes back for ever."""
        doubts = [*self._witness.asked(since=first), *now.doubts]
        round_s = self._context.now - then_s
        if not doubts and not round_s and self._loop.timers.instant() < inf:
            doubts = ["no time passes in it, and in reality a deadline would come that is set"]
        if doubts:
            self._stop(f"what could be seen at step {first:,} came back at step {step:,}, but {doubts[0]}")
            return None
        self.close()
        path_of = self._context.task_path
        waiting = [task for task in self._loop.tasks if not self._context.lane_of(task).quiet]
        made = self._moves[moves:]
        movers = tuple(_mover(path, made) for path in dict.fromkeys(path for _, path, _ in made))
        moving = {mover.path for mover in movers}
        return Livelock(
            first, step, round_s, movers, tuple(str(blocked(task, path_of)) for task in waiting if path_of(task) not in moving)
        )


def _mover(path: str, moves: list[tuple[int, str, str]]) -> Mover:
    places = [place for _, mover, place in moves if mover == path]
    return Mover(path, len(places), tuple(dict.fromkeys(place for place in places if place)))


def _stand(task: Task) -> tuple[Any, ...]:
    """Where a task stands: the code of its frames, and how far each has come."""
    return tuple((frame.f_code, frame.f_lasti) for frame, _ in task.iter_await_frames())
