"""What one trial was: how it ended, what it chose, and who waits for what if it is stuck."""

import enum
from dataclasses import dataclass, field
from typing import Any

from finale_sim.choices import Choice
from finale_sim.injected import Injected
from finale_sim.kernel.states.livelock import Livelock, render_livelock
from finale_sim.kernel.stuck.waits import Wait, render_waits
from finale_sim.profile import Profile
from finale_sim.wording import counted

__all__ = ["BlockedTask", "Ending", "Step", "Trial", "render_deadlock"]


class Ending(enum.Enum):
    """How a trial ended. Exactly one of these, whatever the program does."""

    RETURNED = "returned"  #: the program returned; see ``value``
    RAISED = "raised"  #: the program raised; see ``error``
    DEADLOCKED = "deadlocked"  #: nothing could ever happen again; see ``deadlock``
    STEP_LIMIT = "step limit"  #: still going when its steps were used up
    LIVELOCKED = "livelocked"  #: going round for ever; see ``livelock``
    KILLED = "killed"  #: its process was killed, and nothing was to be started afterwards


@dataclass(frozen=True, slots=True)
class BlockedTask:
    """A task that waits for something that can't happen."""

    path: str  #: structured path of the task
    name: str  #: trio's name of the task
    waiting_on: str  #: the primitive, and who could end the wait if that is known: ``trio.Lock.acquire (held by /main/a:0)``
    stack: tuple[str, ...]  #: the program's own frames, outermost first: ``file:line in function: source text``

    def __str__(self) -> str:
        return f"{self.path} waits in {self.waiting_on}"


@dataclass(frozen=True, slots=True)
class Step:
    """One step of one task: from where it was resumed to its next checkpoint. Or, with path ``~timer``, a timer's turn."""

    number: int  #: position among all steps of the trial, from 1
    path: str
    n: int  #: the same, among the steps of this task
    now_s: float  #: virtual time
    choice: Choice | None  #: the choice that picked it, if there was one
    options: tuple[str, ...]  #: who else could have been picked, in the order of the choice's indexes
    waiting_on: str  #: what the task waits for now; empty if it can go on, "ended" if it is over
    stack: tuple[str, ...] = ()  #: the program's own frames, outermost first: where the task stands now, or where it last was
    place: str = ""  #: where it waits: the line in the task's own function, then the innermost one if that is elsewhere
    asked: tuple[Choice, ...] = ()  #: what was asked while it was taken: faults, delays, data
    cancelled: bool = False  #: a scope around the task was cancelled when the step began
    ended: str = ""  #: if it was the task's last step: ``returned``, ``cancelled`` or ``failed``

    @property
    def turn(self) -> str:
        """Whose turn it was, in words."""
        if self.path.startswith("~"):
            return f"{self.path.removeprefix('~')} {self.waiting_on}"
        return f"{self.path} takes its step {self.n}"

    def __str__(self) -> str:
        chosen = f"  [{self.choice.answer} of {self.choice.options}]" if self.choice else ""
        tail = f" → {self.waiting_on}" if self.waiting_on else ""
        return f"{self.number:>5} {self.now_s:>9.3f} s  {self.path}#{self.n}{tail}{chosen}"


@dataclass(frozen=True, slots=True)
class Trial:
    """One simulated execution. The same program and the same answers to its choices give an equal ``digest``.

    ``restarted``: the program has ended or was killed, and the rest is said of what was started afterwards.
    """

    ending: Ending
    value: Any = None  #: what the program returned
    error: BaseException | None = None  #: what the program raised
    deadlock: tuple[BlockedTask, ...] = ()  #: the tasks that can never go on, in order of age; with a step limit, if it is proved
    waits: tuple[Wait, ...] = ()  #: who of them waits for what, and who has it
    livelock: Livelock | None = None
    calm_from: int = 0  #: the first of the steps that were taken with all choices 0, first come first served; 0: there are none
    why_unsettled: str = ""  #: with a step limit, why it is not proved that it goes round for ever
    steps: int = 0  #: steps taken, trio's own housekeeping not counted
    now_s: float = 0.0  #: virtual seconds that it took
    digest: int = 0  #: 64 bits over every step, choice and instant, in order
    choices: tuple[Choice, ...] = ()
    trace: tuple[Step, ...] = ()  #: empty unless asked for
    restarted: bool = False
    injected: Injected = field(default_factory=Injected, compare=False)  #: what the program said of itself
    profile: Profile | None = field(default=None, compare=False)  #: set if a ``Picking`` made the choices

    def __str__(self) -> str:
        what = {Ending.RETURNED: f" {self.value!r}", Ending.RAISED: f" {self.error!r}"}.get(self.ending, "")
        head = f"{self.ending.value}{what} after {counted(self.steps, 'step')}, {self.now_s:g} s, digest {self.digest:016x}"
        if self.livelock is not None:
            return f"{head}\n{render_livelock(self.livelock)}"
        return f"{head}\n{render_deadlock(self.deadlock, self.waits)}" if self.deadlock else head


def render_deadlock(tasks: tuple[BlockedTask, ...], waits: tuple[Wait, ...] = ()) -> str:
    """Who waits for what, as a tree of tasks with their stacks; then why nobody can help, as far as that is known."""
    lines = []
    for task in sorted(tasks, key=lambda task: _tree_order(task.path)):
        depth = sum(task.path.startswith(other.path + "/") for other in tasks)
        margin = "  " * depth
        lines.append(f"{margin}{task}")
        lines += [f"{margin}    {frame}" for frame in task.stack]
    return "\n".join([*lines, why] if (why := render_waits(waits)) else lines)


def _tree_order(path: str) -> list[tuple[str, int]]:
    parts = (part.rpartition(":") for part in path.split("/"))
    return [(name or last, int(last) if name and last.isdecimal() else 0) for name, _, last in parts]
