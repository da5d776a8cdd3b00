"""Time in a trial: which timer fires next, and when the clock jumps. How much of that is a choice depends on the fidelity."""

from math import inf

from finale_sim.choices import Kind, Site
from finale_sim.kernel.conditions import Fidelity
from finale_sim.kernel.context import Context
from finale_sim.kernel.seam import Loop
from finale_sim.kernel.tracing import Tracer

__all__ = ["MOST_JUMPS", "Passage"]

MOST_JUMPS = 3
"""How often a program, in one trial, sees time pass although tasks are runnable.

A program that polls would otherwise never see the end of its time-outs, and each jump multiplies the schedules: three are as
many deadlines as a person can follow, and more than any of the bugs that the ladder was made for needs.
"""

_LONGEST_WAIT_S = 24 * 60 * 60  # trio never sees a longer idle period: a larger cushion is never reached


class Passage:
    """The passage of time in one trial. ``jumps_left`` is 0 where time passes only when nothing is runnable."""

    __slots__ = (
        "_context",
        "_loop",
        "_one_by_one",
        "_path",
        "_set_before",
        "_tie_instant",
        "_ties",
        "_tracer",
        "jumps_left",
        "turns",
    )

    def __init__(self, loop: Loop, context: Context, tracer: Tracer | None, fidelity: Fidelity, path: str = "") -> None:
        self._loop = loop
        self._path = path  # in the sites of ties, which no task asks for: unlike in each process of the trial
        self._context = context
        self._tracer = tracer
        self._one_by_one = fidelity >= Fidelity.TIES
        self._set_before = 0  # timers up to this number were set before the clock came to where it is
        self._tie_instant, self._ties = -inf, 0
        self.turns = 0  #: how often time has passed, or a timer has fired
        self.jumps_left = MOST_JUMPS if fidelity is Fidelity.FREE else 0

    @property
    def pending(self) -> bool:
        """Whether a timer is due that has not fired: a task was chosen to go first."""
        return bool(self._loop.timers.due(self._context.clock.now))

    @property
    def overdue(self) -> bool:
        """Whether a timer was over when it was set: it fires before any task goes on."""
        due = self._loop.timers.due(self._context.clock.now)
        return bool(due) and due[-1][1] > self._set_before

    def turn(self, runnable: int) -> bool:
        """Fire a timer that is due, or let time pass. False if neither is possible, or if a task was chosen to go first."""
        context = self._context
        now = context.clock.now
        due = self._loop.timers.due(now)
        if not due:
            return not runnable and self._idle()
        overdue = due[-1][1] > self._set_before  # it was when it was set, and trio sees to that before it goes on
        options = len(due) + (runnable > 0 and not overdue) if self._one_by_one else 1
        index = self._tie(options) if options > 1 else 0
        if self._tracer is not None:
            self._tracer.timers(due, index, options > 1)
        if index == len(due):
            return False
        context.digest = hash((context.digest, options, index, now))
        self.turns += 1
        self._loop.fire(due[index], now)
        return True

    def jump(self) -> bool:
        """Let time pass to the next deadline although tasks are runnable, if there is one and the trial chooses so."""
        context = self._context
        instant = self._loop.timers.instant()
        if instant == inf or instant <= context.clock.now:
            return False
        lane = context.lane
        if not context.draw(Site(Kind.JUMP, lane.path, lane.steps, f"to {instant!r} s"), 2):
            return False
        if self._tracer is not None:
            self._tracer.jump(instant)
        self.jumps_left -= 1
        self._arrive(instant)
        context.digest = hash((context.digest, lane.key, lane.steps, instant))
        return True

    def _arrive(self, instant: float) -> None:
        self.turns += 1
        self._context.clock.now = instant
        self._set_before = self._loop.timers.count

    def _tie(self, options: int) -> int:
        now = self._context.clock.now
        self._ties = self._ties + 1 if now == self._tie_instant else 0
        self._tie_instant = now
        return self._context.draw(Site(Kind.TIE, self._path, self._ties, f"at {now!r} s"), options)

    def _idle(self) -> bool:
        """Nothing is runnable and nothing is due: wake who waits for that, or jump. False if nothing can ever happen again."""
        clock, loop = self._context.clock, self._loop
        instant = loop.timers.instant()
        cushion = loop.idle.cushion()
        if cushion < min(instant - clock.now, _LONGEST_WAIT_S):
            self._arrive(clock.now + cushion)
            loop.idle.wake(cushion)
        elif instant == inf:
            return False
        else:
            self._arrive(instant)
        return True
