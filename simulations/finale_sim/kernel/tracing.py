"""What a trial did, step by step, for those who want to look. Nothing of this exists unless a trace was asked for."""

from trio.lowlevel import Task

from finale_sim.choices import Choice
from finale_sim.kernel.context import Context
from finale_sim.kernel.parts.timers import Timer
from finale_sim.kernel.places import place_of, stack_lines
from finale_sim.kernel.seam import Loop, scope_tasks, scopes_around
from finale_sim.kernel.stuck.waiting import primitive_frame, waiting_on
from finale_sim.kernel.trial import Step

__all__ = ["CALM", "CANCEL", "PROCESS", "TIMER", "Tracer"]

TIMER = "~timer"  #: path of a step that is a timer's
CALM = "~calm"  #: path of what is no step: the choices are used up
CANCEL = "~cancel"  #: path of a step that is a cancel from nowhere
PROCESS = "~process"  #: path of a step that is the end of a process, by a kill


class Tracer:
    """Writes down the steps of one loop as they are taken, behind those in ``steps``."""

    def __init__(self, loop: Loop, context: Context, steps: list[Step]) -> None:
        self._loop = loop
        self._context = context
        self._steps = steps
        self._offered: tuple[str, ...] = ()

    def offer(self, tasks: list[Task]) -> None:
        """The options of the schedule choice of the next step."""
        self._offered = tuple(self._context.task_path(task) for task in tasks)

    def step(self, task: Task, choice: Choice | None) -> None:
        """Take a step, and note what the task waits for afterwards."""
        lane, number, now_s = self._context.lane, self._context.steps, self._context.now
        offered, self._offered = self._offered or (lane.path,), ()
        waiting, place, stack, ended = "ended", "", stack_lines(task), ""
        cancelled, made = _is_cancelled(task, now_s), self._context.choices.made
        before = len(made)
        try:
            self._loop.turn(task)
            if task not in self._loop.tasks:
                ended = self._loop.runner.ended
            else:
                waiting = "" if task in self._loop.runq else waiting_on(task, self._context.task_path)
                place, stack = place_of(task), stack_lines(task)
        finally:
            if not lane.quiet:
                asked = tuple(made[before:])
                step = Step(number, lane.path, lane.steps, now_s, choice, offered, waiting, stack, place, asked, cancelled, ended)
                self._steps.append(step)

    def timers(self, due: list[Timer], index: int, chosen: bool) -> None:
        """A timer fires, or is held back until another step was taken."""
        names = tuple(self._name(timer) for timer in due)
        tasks = scope_tasks(due[index][2]) if index < len(due) else ()
        stack = stack_lines(tasks[0]) if tasks else ()
        choice = self._context.choices.made[-1] if chosen else None
        what = f"fires for {names[index]}" if index < len(due) else "held back"
        self._steps.append(Step(self._context.steps, TIMER, 0, self._context.now, choice, names, what, stack))

    def cancel(self, options: list[str]) -> None:
        """A scope is cancelled by choice."""
        choice = self._context.choices.made[-1]
        what = options[choice.answer]
        self._steps.append(Step(self._context.steps, CANCEL, 0, self._context.now, choice, tuple(options), what))

    def jump(self, instant: float) -> None:
        """Time passes although tasks are runnable."""
        choice, what = self._context.choices.made[-1], f"passes to {instant:g} s, although tasks could go on"
        self._steps.append(Step(self._context.steps, TIMER, 0, self._context.now, choice, ("", what), what))

    def kill(self) -> None:
        """The process is killed by choice."""
        choice = self._context.choices.made[-1]
        self._steps.append(
            Step(self._context.steps, PROCESS, 0, self._context.now, choice, ("goes on", "is killed"), "is killed")
        )

    def calm(self) -> None:
        """The choices are used up."""
        what = "from here on every choice is 0, and every task gets its turn"
        self._steps.append(Step(self._context.steps, CALM, 0, self._context.now, None, (), what))

    def _name(self, timer: Timer) -> str:
        tasks = scope_tasks(timer[2])
        return self._context.task_path(tasks[0]) if tasks else f"timer {timer[1]}"


def _is_cancelled(task: Task, now_s: float) -> bool:
    """Whether a scope around a task is cancelled. That of a ``trio.sleep`` which is over does not count."""
    scopes = list(scopes_around(task))
    frame = primitive_frame(task)
    if frame is not None and frame.f_code.co_name.startswith("sleep") and scopes and scopes[0].deadline <= now_s:
        del scopes[0]
    return any(scope.cancel_called for scope in scopes)
