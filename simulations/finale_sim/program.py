"""Programs: what can be searched. A program runs one trial for given answers and judges it; ``tell`` also traces it."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from types import NoneType
from typing import Any, Protocol, Self

from finale import Coordinator, open_workspace
from finale_sim.choices import Decide
from finale_sim.endings import endings_seen
from finale_sim.history import History, What
from finale_sim.kernel import STANDARD, Conditions, Ending, RealIO, StepBlocked, Trial, render_deadlock, render_livelock, simulate
from finale_sim.kernel.places import file_name, is_library, is_user
from finale_sim.lives import lives_seen
from finale_sim.observed import NotAsync
from finale_sim.oracles import Unjudged, cases_met, judge, oracles
from finale_sim.scenarios import Scenario
from finale_sim.search import Attempt
from finale_sim.story import Story
from finale_sim.verdict import Breach
from finale_sim.world import Opens, World

__all__ = ["PlainProgram", "Program", "ScenarioProgram"]

MAX_STEPS = 20_000
"""Of a trial, until it has to come to its end. After that it has as many in which to do so."""

_MOST_PARTS = 200  # of a result that is kept

BRIEF_STEPS, BRIEF_CALM_STEPS = 1_000, 5_000
"""The same under brief conditions."""


class Program(Protocol):
    """Something that can be searched."""

    @property
    def name(self) -> str:
        """Identifies the program in its tokens."""

    @property
    def conditions(self) -> Conditions:
        """What its trials let happen."""

    def under(self, conditions: Conditions) -> Self:
        """The same program under other conditions."""

    def attempt(self, decide: Decide) -> Attempt:
        """Run and judge one trial."""

    def tell(self, decide: Decide) -> Story:
        """The same with a trace."""


@dataclass(frozen=True, slots=True)
class PlainProgram:
    """Any async function without parameters. An error that leaves it, or a deadlock, is a breach.

    Under conditions with crashes, ``recover`` is started when it has returned or was killed, and judged like it.
    """

    name: str
    function: Callable[[], Awaitable[Any]]
    conditions: Conditions = STANDARD
    recover: Callable[[], Awaitable[Any]] | None = None

    def under(self, conditions: Conditions) -> Self:
        return replace(self, conditions=conditions)

    def attempt(self, decide: Decide) -> Attempt:
        return _judge_plain(self._simulate(decide))

    def tell(self, decide: Decide) -> Story:
        trial = self._simulate(decide, trace=True)
        return Story(_judge_plain(trial), trial, picks=trial.injected.told)

    def _simulate(self, decide: Decide, *, trace: bool = False) -> Trial:
        recover = self.recover if self.conditions.crashes else None
        return _simulated(self.function, decide, self.conditions, trace=trace, recover=recover)


def _simulated(
    function: Callable[[], Awaitable[Any]],
    decide: Decide,
    conditions: Conditions,
    *,
    trace: bool = False,
    recover: Callable[[], Awaitable[Any]] | None = None,
) -> Trial:
    storm, calm = (BRIEF_STEPS, BRIEF_CALM_STEPS) if conditions.brief else (MAX_STEPS, MAX_STEPS)
    return simulate(
        function, decide=decide, conditions=conditions, max_steps=storm, calm_steps=calm, trace=trace, recover=recover
    )


def _judge_plain(trial: Trial) -> Attempt:
    breach, undecided = None, None
    if trial.injected.discarded:
        pass
    elif trial.ending is Ending.DEADLOCKED:
        waiting = render_deadlock(trial.deadlock, trial.waits)
        breach = Breach("not stuck", f"nothing can ever happen again, and these still wait:\n{waiting}")
    elif trial.ending in _UNENDED:
        breach, undecided = _judge_unended(trial, "a trial")
    elif trial.error is not None:
        breach, undecided = _judge_error(trial.error)
    if breach is not None and trial.restarted:
        breach = Breach(f"{breach.claim} after a restart", breach.message)
    return Attempt(
        trial.choices,
        trial.digest,
        breach,
        undecided,
        trial.steps,
        late=trial.calm_from > 0,
        injected=trial.injected,
        profile=trial.profile,
        result=repr(trial.value) if _is_plain(trial.value) else "",
    )


def _is_plain(value: object, depth: int = 3) -> bool:
    """Whether its ``repr`` is the same in each trial that ends with it: no addresses, no sets, and not too much of it."""
    if isinstance(value, dict):
        return _is_plain([*value.items()], depth)
    if type(value) in (list, tuple):
        parts: Sequence[object] = value  # type: ignore[assignment]  # as was just asked
        return depth > 0 and len(parts) <= _MOST_PARTS and all(_is_plain(part, depth - 1) for part in parts)
    return type(value) in (bool, int, float, NoneType) or (type(value) in (str, bytes) and len(str(value)) <= _MOST_PARTS)


def _judge_unended(trial: Trial, which: str) -> tuple[Breach | None, str | None]:
    """One that was still going when its steps were used up: either it is proved that it never ends, or nothing is said."""
    if trial.livelock is not None:
        return Breach("no livelock", render_livelock(trial.livelock)), None
    if trial.deadlock:
        waiting = render_deadlock(trial.deadlock, trial.waits)
        return Breach("not stuck", f"it can never return: others go on, but these wait for each other:\n{waiting}"), None
    unsure = f"; whether it goes round for ever is not known: {trial.why_unsettled}" if trial.why_unsettled else ""
    return None, f"{which} was still going after {trial.steps:,} steps{unsure}"


def _judge_error(error: BaseException) -> tuple[Breach | None, str | None]:
    if unfit := _unfit(error):
        return None, str(unfit)
    leaf = _leaf(error)
    claim = "assertions hold" if isinstance(leaf, AssertionError) else f"no {type(leaf).__name__}"
    return Breach(claim, f"{_where(leaf)}{type(leaf).__name__}: {_message(leaf)}".rstrip(": ")), None


def _unfit(error: BaseException) -> BaseException | None:
    """Why a trial with this error cannot be judged; wherever the error is in it, for tasks and clients wrap what they meet."""
    seen: list[BaseException | None] = [error]
    for one in seen:
        if isinstance(one, RealIO | StepBlocked | NotAsync):
            return one
        if one is not None:
            inner = one.exceptions if isinstance(one, BaseExceptionGroup) else ()
            seen += [each for each in (*inner, one.__cause__, one.__context__) if each not in seen]
    return None


def _raised(history: History) -> list[str]:
    """Where the coordinator raised what, each once; in the words of the run's ending, which may know more than the error."""
    told = []
    for entry in history.of(What.RAISED):
        leaf = _leaf(entry.detail)
        ending = next((e.error.message for e in history.endings(entry.run_id) if e.error is not None), None)
        said = ending if ending is not None and leaf is entry.detail else _message(leaf)
        told.append(f"{_where(leaf)}{type(leaf).__name__}: {said.partition(chr(10))[0]}".rstrip(": "))
    return list(dict.fromkeys(told))


def _leaf(error: BaseException) -> BaseException:
    """Of a group the first error; of one that no line of the user raised, such as trio's for a system task, the cause."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    if error.__cause__ is not None and not _where(error):
        cause = _leaf(error.__cause__)
        return cause if _where(cause) else error
    return error


def _message(error: BaseException) -> str:
    try:
        return str(error)
    except Exception:  # noqa: BLE001  # the __str__ of somebody else's exception may raise anything
        return "<its message could not be read>"


def _where(error: BaseException) -> str:
    """``file:line: `` of the innermost frame that is not a library's, for reading; claims do not contain it."""
    traceback, where = error.__traceback__, ""
    while traceback is not None:
        code = traceback.tb_frame.f_code
        if is_user(code) and not is_library(traceback.tb_frame) and not code.co_filename.startswith("<"):
            where = f"{file_name(code)}:{traceback.tb_lineno}: "
        traceback = traceback.tb_next
    return where


_LIMITS = ("max_active", "idle_s", "deadline_s", "grace_s", "queue_limit")  # of a workspace, which oracles must know
_UNENDED = (Ending.STEP_LIMIT, Ending.LIVELOCKED)


@dataclass(frozen=True, slots=True)
class ScenarioProgram:
    """A scenario, played on a workspace that ``opens`` opens, with a fresh coordinator from ``make`` in each trial.

    ``judge_coordinator``: what is accused is not only the workspace but also the coordinator, if it breaks its contract.
    ``claims``: only these are judged, where a program is known to break others as well; by default all are.
    """

    name: str
    scenario: Scenario
    make: Callable[[], Coordinator]
    judge_coordinator: bool = False
    conditions: Conditions = STANDARD
    opens: Opens = open_workspace
    claims: tuple[str, ...] = ()

    def under(self, conditions: Conditions) -> Self:
        return replace(self, conditions=conditions)

    def attempt(self, decide: Decide) -> Attempt:
        world = World(self.scenario, self.make, self.opens)
        return self._judge(_simulated(world.play, decide, self.conditions), world.history)

    def tell(self, decide: Decide) -> Story:
        world = World(self.scenario, self.make, self.opens)
        trial = _simulated(world.play, decide, self.conditions, trace=True)
        return Story(self._judge(trial, world.history), trial, tuple(world.history.entries), world.history.picks)

    def _judge(self, trial: Trial, history: History) -> Attempt:
        breach, undecided = None, None
        if trial.ending in _UNENDED:
            breach, undecided = _judge_unended(trial, f"a trial of {self.scenario.name!r}")
        elif isinstance(trial.error, StepBlocked):
            undecided = str(trial.error)
        elif unfit := next(filter(None, (_unfit(e.detail) for e in history.of(What.RAISED, What.STOPPED))), None):
            undecided = str(unfit)
        else:
            if trial.ending is Ending.DEADLOCKED:
                history.stuck = render_deadlock(trial.deadlock, trial.waits)
            elif trial.ending is Ending.RAISED:
                history.crash = repr(trial.error)
            limits = {name: self.scenario.options.get(name) for name in _LIMITS}
            try:
                judges = oracles(**limits, judge_coordinator=self.judge_coordinator)
                breach = judge(history, tuple(one for one in judges if not self.claims or one.name in self.claims))
                trial.injected.cells.update(cases_met(history, judges))
            except Unjudged as error:
                undecided = str(error)
            if breach is not None and history.stuck and history.stuck not in breach.message:
                breach = Breach(breach.claim, f"{breach.message}; nothing can ever happen again:\n{history.stuck}")
        trial.injected.cells.update(lives_seen(history))
        return Attempt(
            trial.choices,
            trial.digest,
            breach,
            undecided,
            trial.steps,
            endings_seen(history),
            raised=tuple(_raised(history)) if self.judge_coordinator and undecided is None else (),
            late=trial.calm_from > 0,
            injected=trial.injected,
            profile=trial.profile,
            observed=history.fingerprint(),
        )
