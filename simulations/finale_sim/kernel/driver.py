"""Drives one loop: picks the next task, fires the next timer, jumps the clock, sees the end.

Rules:

1. A step runs one task to its next checkpoint. Whenever two or more tasks are runnable, which one goes on is a choice.
2. Timers due at the same instant fire one by one. Which fires first is a choice, and so is to let a task go first.
3. Time passes only when nothing is runnable and nothing is due.
4. If then no timer is left and nobody waits for idleness, the trial is deadlocked: nothing could ever happen again.
5. Nothing else happens between two choices, so equal answers make equal trials.

The other rungs of the ladder change one rule each. ``STEP``: timers due at the same instant fire together, before any task (2).
``ROUNDS``: also, all that is runnable takes one step before anything takes a second one (1). ``FREE``: whether time passes
although tasks are runnable is a choice, too, a few times in a trial (3).
"""

from collections.abc import Awaitable, Callable
from typing import Any

import outcome
import trio
from trio.lowlevel import Task

from finale_sim.choices import Choice, Choices, Kind, Site
from finale_sim.kernel.behaviour import Behaviour
from finale_sim.kernel.budget import Budget
from finale_sim.kernel.cancels import Cancels
from finale_sim.kernel.conditions import Conditions, Fidelity
from finale_sim.kernel.context import Context
from finale_sim.kernel.crashes import Crashes, Killed
from finale_sim.kernel.interrupts import Interrupts
from finale_sim.kernel.lanes import AFTER, INIT, MAIN, RUN_SYNC_SOON, Lane
from finale_sim.kernel.passage import Passage
from finale_sim.kernel.seam import Loop, number_of
from finale_sim.kernel.spare import SPARE
from finale_sim.kernel.stuck.owners import picture, stuck_at
from finale_sim.kernel.stuck.waiting import blocked
from finale_sim.kernel.touched.watch import Watch
from finale_sim.kernel.tracing import Tracer
from finale_sim.kernel.trial import Ending, Step, Trial

__all__ = ["FAIR_AFTER", "MAX_STEPS", "Driver"]

MAX_STEPS = 100_000

FAIR_AFTER = 100
"""Consecutive steps of one task, with others runnable, after which choice 0 is the task that has waited longest.

Until then choice 0 is to go on with the same task. 100 is more than any burst that a person would call one piece of work,
and little enough for a loop that polls for the work of others to cost about a millisecond a round.
"""

_SCHEDULE = Kind.SCHEDULE
_new = tuple.__new__  # what Site() ends in, at half the cost


class Driver:
    """One process of a trial: a loop, from its start to its end. Used once.

    ``steps`` takes down what it does, if anything is to. ``before`` is the process in whose place this one comes.
    """

    def __init__(
        self,
        context: Context,
        conditions: Conditions,
        max_steps: int,
        calm_steps: int,
        steps: list[Step] | None,
        interrupts: Interrupts,
        before: "Driver | None" = None,
    ) -> None:
        self.context = context
        self.clock = context.clock
        self.later = before is not None
        self.suffix = AFTER if self.later else ""  # so that no site of this process is one of the process before it
        self.init = context.lane = Lane(INIT + AFTER, quiet=True) if self.later else context.lane
        self.loop: Loop = SPARE.take() if before is None else Loop(before.loop)
        self.began = context.steps
        self.conditions, self.interrupts = conditions, interrupts
        self.patience = FAIR_AFTER  # in the calm none: first come, first served
        self.housekeeping = 0  # steps of trio's own tasks, limited like the others
        self.last: Task | None = None  # took the last step
        self.kept = -1  # where that task is in the queue; -1 if it can't go on
        self.streak = 0  # consecutive steps of that task while others were runnable
        self.queue: list[Task] = []  # the runnable tasks, longest waiting first
        self.budget = Budget(self.loop, context, self.queue, max_steps, calm_steps)
        self.steps = steps
        self.tracer = Tracer(self.loop, context, steps) if steps is not None else None
        self.behaviour: Behaviour | None = before.behaviour if before is not None else None
        if self.behaviour is not None:
            self.behaviour.go_on(self.loop)
        elif context.choices.picking and context.choices.watcher is None:  # who is told what steps touch needs no guess
            self.behaviour = Behaviour(self.loop, context)
        self.passage = Passage(self.loop, context, self.tracer, conditions.fidelity, self.suffix)
        self.cancels = Cancels(self.loop, context, self.tracer) if conditions.cancels else None
        self.crashes = Crashes(context, self.tracer) if conditions.crashes and not self.later else None
        context.opened = self.cancels.opened if self.cancels is not None else None
        self.watched = Watch(context, self.passage) if context.choices.watcher is not None else None

    def run(self, async_fn: Callable[..., Awaitable[Any]], args: tuple[Any, ...]) -> Trial:
        """Go on until the program ends. What is left of the loop then is the caller's to clear away."""
        self.init.steps = self.housekeeping = 1  # with which trio's root task starts the program
        self.loop.start(self.clock, self._born, async_fn, args)
        self.last = self.loop.runner.init_task
        if self.watched is not None:
            self.watched.began(self.init, self.loop.runq)
        return self.result(self._drive())

    def _drive(self) -> Ending | trio.TrioInternalError:
        """Go on until the trial ends. What is returned instead of an ending is trio's complaint about the program."""
        try:
            return self._steps()
        except StopIteration:
            return Ending.RETURNED
        except Killed:
            return Ending.KILLED
        except trio.TrioInternalError as error:
            return error

    def _steps(self) -> Ending:
        loop, runner, context, clock, heap = self.loop, self.loop.runner, self.context, self.clock, self.loop.timers.heap
        queue, fresh, jobs, more_jobs = self.queue, loop.runq, loop.jobs, loop.idempotent_jobs
        behaviour, passage, budget = self.behaviour, self.passage, self.budget
        rounds = self.conditions.fidelity is Fidelity.ROUNDS
        take = self._round if rounds else self._watched_step if self.watched is not None else self._step
        while True:
            if jobs or more_jobs:
                runner.wake_entry()
            if fresh:
                if len(fresh) > 1:
                    self._by_age(fresh)
                if self.last in fresh:
                    self.kept = len(queue) + fresh.index(self.last)
                if behaviour is not None and (len(fresh) > 1 or fresh[0] is not self.last):
                    behaviour.woke(fresh, self.last)
                queue += fresh
                fresh.clear()
            runnable = len(queue)
            if (not runnable or (heap and heap[0][0] <= clock.now)) and not runner.resting and passage.turn(runnable):
                context.cause = hash(clock.now)
                continue
            if not runnable:
                return Ending.RETURNED if runner.resting else Ending.DEADLOCKED
            if context.steps >= budget.limit or self.housekeeping > budget.max_steps:
                ending = budget.used_up(self.housekeeping, queue if rounds else queue[:1], self._calm_down)
                if ending is not None:
                    return ending
            if passage.jumps_left and passage.jump():
                continue
            take(runnable)

    def _watched_step(self, runnable: int) -> None:
        """One step of a task, which the strategy is told of."""
        assert self.watched is not None, "somebody watches"
        self.watched.before(self.queue)
        self._step(runnable)
        self.watched.after(self.queue, self.loop.runq)

    def _round(self, runnable: int) -> None:
        """One step of each of the runnable tasks. What becomes runnable meanwhile waits for the next round."""
        later: list[Task] = []
        fresh = self.loop.runq
        try:
            for left in range(runnable, 0, -1):
                self._step(left)
                if fresh:
                    self._by_age(fresh)
                    if self.behaviour is not None:
                        self.behaviour.woke(fresh, self.last)
                    later += fresh
                    fresh.clear()
        finally:
            self.queue += later

    def _step(self, runnable: int) -> None:
        """One step of a task that is picked from so many."""
        context = self.context
        if self.crashes is not None:
            self.crashes.offer(self.queue)
        if runnable == 1:
            task, index, choice = self.queue.pop(0), 0, None
            self.streak = 0
        else:
            task, index, choice = self._pick(runnable)
        lane = context.lane = context.lanes[number_of(task)]
        if self.cancels is not None and not lane.quiet:
            self.cancels.offer(lane, task)
            self._line_up()
        if self.behaviour is not None and not lane.quiet:
            self.behaviour.step(lane, lane.touches)
        lane.steps += 1
        if lane.quiet:
            self.housekeeping += 1
        else:
            context.steps += 1
            context.digest = hash((context.digest, lane.key, lane.steps, runnable, index, self.clock.now))
        self.last, self.kept = task, -1
        if self.watched is not None:
            self.watched.step(task, lane, self.loop.turn)
        elif self.tracer is None:
            self.loop.runq.append(task)
            self.loop.send(())
        else:
            self.tracer.step(task, choice)
        if self.interrupts.seen or context.failure is not None:
            raise KeyboardInterrupt

    def _calm_down(self) -> None:
        """From now on nothing surprising happens any more, and every task gets its turn."""
        self.context.choices = Choices()
        self.context.injected.lasting.clear()
        self.passage.jumps_left = self.patience = 0
        self.cancels = self.crashes = self.context.opened = None
        if self.tracer is not None:
            self.tracer.calm()

    def _pick(self, runnable: int) -> tuple[Task, int, Choice | None]:
        """Take a task out of the queue; with its index among the options, and the choice."""
        queue, context, last = self.queue, self.context, self.last
        kept = self.kept  # position of option 0
        if kept < 0:
            kept = self.streak = 0
        elif self.streak >= self.patience:
            kept = 0
        if self.tracer is not None:
            self.tracer.offer([queue[kept], *queue[:kept], *queue[kept + 1 :]])
        lane, tasks = context.lane, None
        if context.choices.picking:
            tasks = [context.lanes[number_of(task)] for task in (queue[kept], *queue[:kept], *queue[kept + 1 :])]
        index = context.draw(_new(Site, (_SCHEDULE, lane.path, lane.steps, "")), runnable, tasks)
        task = queue.pop(kept if index == 0 else index - 1 if index <= kept else index)
        self.streak = self.streak + 1 if task is last else 0
        return task, index, context.choices.made[-1]

    def _line_up(self) -> None:
        """What has become runnable between two steps waits behind the others."""
        fresh = self.loop.runq
        if fresh:
            fresh.sort(key=number_of)
            if self.behaviour is not None:
                self.context.cause = self.context.digest
                self.behaviour.woke(fresh, None)
            self.queue += fresh
            fresh.clear()

    def _by_age(self, fresh: list[Task]) -> None:
        """Tasks that one step woke have waited equally long: order them by age, not by the order of some set of trio's."""
        own = fresh.pop() if fresh[-1] is self.last else None  # a step that only passed a checkpoint comes back last
        fresh.sort(key=number_of)
        if own is not None:
            fresh.append(own)

    def _born(self, task: Task, number: int, is_entry: bool) -> None:
        context = self.context
        if len(self.loop.tasks) == 1:
            lane = self.init
        elif context.lane is self.init and is_entry:
            lane = Lane(RUN_SYNC_SOON + self.suffix, quiet=True)
        elif context.lane is self.init and context.steps == self.began:
            lane = Lane(AFTER if self.later else MAIN)
        else:
            lane = context.lane.child(task.coro.__name__)
        if self.behaviour is not None:
            lane.coro, lane.view = task.coro, hash((context.lane.view, lane.key))
            if lane is self.init:
                lane.view = hash((lane.view, context.cause))  # it was woken, too
        context.lanes[number] = lane

    def result(self, ending: Ending | BaseException) -> Trial:
        """What the trial is so far, if it ends in this way."""
        context = self.context
        value: Any = None
        error: BaseException | None = None
        if isinstance(ending, BaseException):
            error, ending = ending, Ending.RAISED
        elif ending is Ending.RETURNED:
            main = self.loop.runner.main_task_outcome
            if type(main) is outcome.Error:
                ending, error = Ending.RAISED, main.error
            else:
                value = main.value if main is not None else None
        tasks, path_of = stuck_at(ending, self.loop, context, self.queue, self.budget.stuck), context.task_path
        return Trial(
            ending=ending,
            value=value,
            error=error,
            deadlock=tuple(blocked(task, path_of) for task in tasks),
            waits=picture(tasks, path_of) if tasks else (),
            livelock=self.budget.livelock if ending is Ending.LIVELOCKED else None,
            calm_from=self.budget.calm_from,
            why_unsettled=self.budget.why if ending is Ending.STEP_LIMIT else "",
            steps=context.steps,
            now_s=self.clock.now,
            digest=hash((context.digest, context.steps, self.clock.now)) & 0xFFFF_FFFF_FFFF_FFFF,
            choices=tuple(context.storm.made),
            trace=tuple(self.steps or ()),
            restarted=self.later,
            injected=context.injected,
            profile=self.behaviour.profile() if self.behaviour is not None else None,
        )
