"""The behaviour of a trial: which of its orders mattered, as a number. Equal for trials that differ in nothing but chance.

Every task has a view, a hash of all that has led to where it is: its own steps, the views of those who started or woke it, and,
for each thing that a step touches, the view of whoever changed it before. Two steps that change nothing that the other one
touches leave the same views in either order. The behaviour is made of all views in the end. What steps touch is a guess (see
``footprints``), so equal behaviours are no proof of equal outcomes, and nothing that is proved rests on them.
"""

from collections import Counter
from collections.abc import Iterable

from trio.lowlevel import Task

from finale_sim.kernel.context import Context
from finale_sim.kernel.footprints import Footprint
from finale_sim.kernel.lanes import Lane
from finale_sim.kernel.seam import Loop, number_of
from finale_sim.profile import Profile

__all__ = ["Behaviour"]

_MASK = 0xFFFF_FFFF_FFFF_FFFF


class Behaviour:
    """The behaviour of one trial, as far as it has come."""

    __slots__ = ("_context", "_last", "_log", "_loop", "_reads")

    def __init__(self, loop: Loop, context: Context) -> None:
        self._loop = loop
        self._context = context
        self._last: dict[int, int] = {}  # thing → the view of the task that changed it last
        self._reads: dict[int, int] = {}  # thing → the sum of the views of those who have read it since
        self._log: list[tuple[str, Footprint]] = []  # of those steps that touch something

    def go_on(self, loop: Loop) -> None:
        """The process was killed, and what comes after it runs in this loop."""
        self._loop = loop

    def step(self, lane: Lane, touches: Footprint) -> None:
        """A task takes a step that touches these things."""
        last, reads, view = self._last, self._reads, hash((lane.view, lane.steps))
        if touches:
            self._log.append((lane.path, touches))
        for thing in touches:
            view = hash((view, last.get(thing, 0), reads.get(thing, 0))) if thing > 0 else hash((view, last.get(-thing, 0)))
        for thing in touches:
            if thing > 0:
                last[thing], reads[thing] = view, 0
            else:
                reads[-thing] = reads.get(-thing, 0) + view  # whoever reads first
        self._context.cause = lane.view = view

    def woke(self, tasks: Iterable[Task], last: Task | None) -> None:
        """What happened last made these tasks runnable, ``last`` by itself. Who waited for many to end was woken by them all."""
        over = last is not None and last not in self._loop.tasks and last.parent_nursery
        joining = over.parent_task if over else None
        lanes, cause = self._context.lanes, self._context.cause
        for task in tasks:
            if task is not last and task is not joining:
                lane = lanes[number_of(task)]
                lane.view = hash((lane.view, cause))

    def profile(self) -> Profile:
        """What is known in the end."""
        own = [lane for lane in self._context.lanes.values() if not lane.quiet]
        touched: Counter[tuple[str, int]] = Counter()
        for (path, touches), times in Counter(self._log).items():  # few of them differ
            for thing in touches:
                touched[path, thing] += times
        behaviour = sum(hash((lane.key, lane.view)) for lane in own) & _MASK
        return Profile(behaviour, {lane.path: lane.steps for lane in own}, touched)
