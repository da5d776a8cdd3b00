"""The trial that is going on in this thread, as its stubs, scenarios and escapes see it."""

from collections.abc import Sequence
from random import Random
from typing import TYPE_CHECKING, Any, TypeVar

from finale_sim.choices import Candidate, Choices, Decide, Kind, Site
from finale_sim.injected import Injected
from finale_sim.kernel.here import here
from finale_sim.kernel.lanes import INIT, Lane
from finale_sim.kernel.parts.aside import Aside
from finale_sim.kernel.parts.clock import VirtualClock

if TYPE_CHECKING:
    from collections.abc import Callable

    from trio import CancelScope
    from trio.lowlevel import Task

__all__ = ["Context", "current_trial", "here"]

_T = TypeVar("_T")
_SEED = 0x66696E616C65


def current_trial() -> "Context | None":
    """The trial that runs in this thread; ``None`` outside a trial, and while a strategy decides."""
    trial: Context | None = here.trial
    return trial


class Context:
    """A running trial: its virtual time, its choices, its tasks. Valid until ``simulate`` returns."""

    __slots__ = (
        "_random",
        "cause",
        "choices",
        "clock",
        "digest",
        "disk",
        "ended",
        "failure",
        "injected",
        "lane",
        "lanes",
        "number_of",
        "opened",
        "serial",
        "steps",
        "storm",
        "thread",
    )

    def __init__(self, decide: Decide, number_of: Any) -> None:
        self.cause = 0  #: what wakes those who are woken now: the view of a task, or an instant; see behaviour
        self.choices = self.storm = Choices(decide)  # those of the calm, which may follow the storm, are not told to anybody
        self.clock = VirtualClock()
        self.digest = 0
        self.disk: dict[Any, Any] = {}  #: what survives the process of the program
        self.ended = False  #: True once the trial's ending is known and its tasks are only being cleared away
        self.failure: BaseException | None = None  #: what ``decide`` raised
        self.injected = Injected()  #: what the program says of itself
        self.lane = Lane(INIT, quiet=True)  #: of the task that took, or takes, the last step
        self.lanes: dict[int, Lane] = {}
        self.number_of = number_of
        self.opened: Callable[[CancelScope], None] | None = None  #: is told of each cancel scope that is entered
        self.serial = 0  #: how many unique things, such as time-based ids, were handed out
        self.steps = 0  #: steps taken so far by all tasks
        self.thread: Aside | None = None  #: set while a simulated thread calls its function
        self._random: Random | None = None

    @property
    def now(self) -> float:
        """Virtual seconds since the trial began."""
        return self.clock.now

    @property
    def random(self) -> Random:
        """The source of what the program takes for random. The same in every trial."""
        if self._random is None:
            self._random = Random(_SEED)
        return self._random

    def choose(self, kind: Kind, label: str, options: int) -> int:
        """An index below ``options``, decided by the trial's strategy; 0 is the least surprising answer.

        The site is the current task, ``kind``, ``label`` and how many times the task asked this before. Answers 0 without
        asking once the trial has ended.

        Raises:
            ValueError: ``options`` is less than 1.
        """
        if options < 1:
            raise ValueError(f"a choice needs at least one option, {label!r} has {options}")
        lane = self.lane
        n = lane.ask(kind, label)
        if options == 1 or self.ended:
            return 0
        index = self.draw(Site(kind, lane.path, n, label), options)
        self.digest = hash((self.digest, lane.key, n, options, index))
        lane.view = hash((lane.view, index))
        return index

    def tell(self, what: str) -> None:
        """Say in words what the last choice meant; the report repeats it."""
        self.injected.told[self.choices.made[-1].site.key] = f"in step {self.lane.steps} of {self.lane.path}: {what}"

    def task_path(self, task: "Task | None" = None) -> str:
        """The structured path of ``task``, or of the current task.

        Raises:
            KeyError: the task isn't one of this trial.
        """
        return self.lane.path if task is None else self.lane_of(task).path

    def lane_of(self, task: "Task") -> Lane:
        """Where a task's steps and names are counted."""
        return self.lanes[self.number_of(task)]

    def draw(self, site: Site, options: int, tasks: Sequence[Candidate] | None = None) -> int:
        """Ask the strategy, which lives in the real world. What it raises ends the trial."""
        here.trial = None  # as ``outside`` does; a call less, as this is done for each step
        try:
            return self.choices.draw(site, options, tasks)
        except BaseException as failure:
            self.failure = failure
            raise
        finally:
            here.trial = self

    def outside(self, call: "Callable[..., _T]", *args: Any) -> "_T":
        """Call something that lives in the real world. What it raises ends the trial."""
        here.trial = None
        try:
            return call(*args)
        except BaseException as failure:
            self.failure = failure
            raise
        finally:
            here.trial = self
