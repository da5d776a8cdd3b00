"""The search: trials, one after another, until something is found or the budget is spent."""

from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from finale_sim.choices import Decide, Kind
from finale_sim.injected import Cell, Injected
from finale_sim.search.behaviours import Behaviours
from finale_sim.search.crew import Alone, Crew
from finale_sim.search.named import DEFAULT, strategy_named
from finale_sim.search.novelty import Novelty
from finale_sim.search.opposites import Opposites
from finale_sim.search.portfolio import Portfolio
from finale_sim.search.pos import POS
from finale_sim.search.random_walk import RandomWalk
from finale_sim.search.strategy import Attempt, EndSearch, RunTrial, Strategy
from finale_sim.search.surw import SURW
from finale_sim.search.sweep import Sweep
from finale_sim.search.urw import URW
from finale_sim.verdict import Bounded, Exhausted, Sampled, Truncated, Verdict, Violated
from finale_sim.wording import counted

__all__ = ["OnTrial", "Search", "Stage", "Terms", "search"]

OnTrial = Callable[["Search"], None]

_MOST_UNDECIDED = 5
_MOST_SQUARES = 10_000  # of coverage; a program may make up names of faults, and a search is to stay small
_MOST_RAISED = 100  # different ones; messages may differ from trial to trial

INDEPENDENT = frozenset({RandomWalk.name, "pct-3", POS.name, URW.name, SURW.name})
"""Names of the strategies whose trials do not follow each other, so that they can be counted as a sample."""

_TOLD_PER_AHEAD = 32
"""So many results to one trial that is ordered ahead of its own: a strategy that knows nothing yet should learn first."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What decides which trials a search runs, as ``search`` takes it."""

    trials: int
    seed: int = 0
    deviations: int | None = None
    strategy: str = DEFAULT


@dataclass(slots=True)
class Stage:
    """A strategy at work, until so many trials were run in all."""

    strategy: Strategy
    until: int | None
    ordered: deque[Decide] = field(default_factory=deque)  #: trials that it has asked for and not learnt from


@dataclass(slots=True)
class Search:
    """What a search has done so far. ``failure`` is the first trial that broke a claim, as it was found.

    It is all that there is to know, so it can be pickled between two trials, and another process can go on with it.
    """

    budget: int
    strategy: str = ""
    trials: int = 0
    choices: int = 0
    steps: int = 0
    tried: Counter[str] = field(default_factory=Counter)  #: name of a strategy → how many of the trials were its
    behaviours: Behaviours = field(default_factory=Behaviours, repr=False)  #: of trials that were drawn independently
    swept: int = -1  #: all streams with at most so many deviations were tried
    exhausted: bool = False
    classes: int | None = None  #: of orders that make a difference, if a strategy knows; each of them had a trial
    first: Attempt | None = field(default=None, repr=False)  #: the first trial that held; the happy path, if that does
    failure: Attempt | None = None
    truncated: str | None = None  #: why some trials could not be judged
    cut: str | None = None  #: why it was ended before its time
    ended: EndSearch | None = field(default=None, repr=False)  #: what ended it, if nobody interrupted it
    undecided: int = 0  #: trials that could not be judged
    interrupted: bool = False
    seen: Counter[str] = field(default_factory=Counter)
    probes: Counter[str] = field(default_factory=Counter)  #: name of a situation → in how many trials it was reached
    struck: Counter[str] = field(default_factory=Counter)  #: name of a fault → in how many trials it struck
    covered: Counter[Cell] = field(default_factory=Counter, repr=False)  #: a square that was come by → in how many trials reached
    raised: Counter[str] = field(default_factory=Counter)  #: what the coordinator raised, and where → in how many trials
    late: int = 0  #: trials that took more steps than choices are asked for in, and then came to their end
    discarded: int = 0  #: trials that do not count, because an assumption of the program did not hold
    novelty: Novelty = field(default_factory=Novelty, repr=False)  #: distinct behaviours over trials
    cancel_points: int = 0  #: (scope, step) pairs of the happy path at which the program could be cancelled
    cancelled: set[tuple[int, int]] = field(default_factory=set, repr=False)  #: those at which it was, and nothing else was odd
    stages: int = 0  #: how many have begun
    stage: Stage | None = field(default=None, repr=False)  #: the one that goes on
    torn: bool = field(default=False, repr=False)  #: a trial is being counted: this is no moment to pickle

    crash_points: int = 0  #: steps of the happy path before which the program could be killed
    crashed: set[int] = field(default_factory=set, repr=False)  #: those before which it was, and nothing else was odd

    @property
    def verdict(self) -> Verdict:
        """What can be said."""
        if self.failure is not None and self.failure.breach is not None:
            return Violated(self.failure.breach)
        if why := self.cut or self.truncated:
            return Truncated(why)
        if self.discarded * 10 >= self.trials * 9 > 0:
            of = counted(self.trials, "trial")
            return Truncated(f"{self.discarded:,} of {of} did not count, because an assume() of the program did not hold")
        if self.late:  # what could have been chosen in the rest of these was not
            return Sampled(self.trials)
        if self.exhausted:
            return Exhausted(self.trials, self.classes)
        unseen = self.behaviours.unseen
        return Bounded(self.swept, self.sampled, unseen) if self.swept > 0 else Sampled(self.trials, unseen)

    @property
    def sampled(self) -> int:
        """How many trials were drawn at random."""
        return self.trials - self.tried[Sweep.name] - self.tried[Opposites.name]

    @property
    def share(self) -> float:
        """How much of its budget is spent; 0 while it goes through what is not part of that, as nobody knows how long it will."""
        outside = self.stage is not None and self.stage.until is None
        return 0.0 if outside or not self.budget else min(self.trials / self.budget, 1.0)

    @property
    def over(self) -> bool:
        """Whether there will be no further trials, whatever the budget."""
        ended = self.ended is not None or self.interrupted
        return ended or self.failure is not None or self.undecided >= _MOST_UNDECIDED

    def interrupt(self) -> None:
        """Somebody has pressed Ctrl-C."""
        self.interrupted = True
        self.cut = f"interrupted after {self.trials:,} of {counted(self.budget, 'trial')}"

    def suspended(self) -> "Search":
        """As it can go on: not ended by what has ended it here."""
        return replace(self, cut=None, ended=None, interrupted=False)


def search(
    run: RunTrial | Crew,
    *,
    trials: int,
    seed: int = 0,
    deviations: int | None = None,
    strategy: str = DEFAULT,
    on_trial: OnTrial | None = None,
    resumed: Search | None = None,
) -> Search:
    """Let the strategy with this name look for a failure, with a budget of ``trials``.

    With ``deviations`` a sweep first goes through every stream with at most so many, outside the budget; then samplers go on.
    Stops at the first failure, when nothing is left to try, when too many trials can't be judged, or when ``run`` raises
    ``EndSearch``. A ``KeyboardInterrupt`` ends it, too.

    The trials and their order follow from the arguments alone, whoever runs them. ``resumed`` is what an earlier search with
    the same arguments had done: this one goes on behind it.
    """
    state = resumed or Search(trials)
    crew = Alone(run) if callable(run) else run
    try:
        for decide in state.stage.ordered if state.stage is not None else ():
            crew.order(decide)
        while not state.over:
            state.stage = state.stage or _next_stage(state, trials, seed, deviations, strategy)
            if state.stage is None:
                break
            _spend(state, crew, state.stage, on_trial)
            state.stage = None
    except EndSearch as reason:
        state.ended, state.cut = reason, str(reason)
    except KeyboardInterrupt:
        state.interrupt()
    crew.drop()
    return state


def _next_stage(state: Search, trials: int, seed: int, deviations: int | None, strategy: str) -> Stage | None:
    if state.exhausted or state.stages == (1 if deviations is None else 2):
        return None
    state.stages += 1
    if state.stages == 2:  # behind the sweep that was asked for
        state.budget = state.trials + trials
        beyond = Portfolio(seed, trials) if strategy == DEFAULT else strategy_named(strategy, seed, trials)
        return Stage(beyond, state.budget)
    if deviations is None:
        return Stage(strategy_named(strategy, seed, trials), trials)
    return Stage(Sweep(max_deviations=deviations), None)


def _spend(state: Search, crew: Crew, stage: Stage, on_trial: OnTrial | None) -> None:
    """Let a strategy work until its stage or the search is over."""
    strategy, ordered = stage.strategy, stage.ordered
    while not state.over:
        state.strategy = strategy.name
        state.torn = True
        _order_ahead(state, crew, stage)
        completed = strategy.completed
        state.swept = max(state.swept, completed.deviations)
        state.exhausted, state.classes = completed.everything, completed.classes
        state.torn = False
        if not ordered:
            return
        attempt = crew.take()
        state.torn = True
        ordered.popleft()
        strategy.learn(attempt)
        state.strategy = strategy.name
        _count(state, attempt)
        state.torn = False
        if on_trial is not None:
            on_trial(state)


def _order_ahead(state: Search, crew: Crew, stage: Stage) -> None:
    ordered = stage.ordered
    ahead = min(stage.strategy.ahead, state.trials // _TOLD_PER_AHEAD)
    while len(ordered) <= ahead and (stage.until is None or state.trials + len(ordered) < stage.until):
        decide = stage.strategy.next()
        if decide is None:
            return
        crew.order(decide)
        ordered.append(decide)


def _count(state: Search, attempt: Attempt) -> None:
    state.trials += 1
    state.tried[state.strategy] += 1
    if attempt.profile is not None and state.strategy in INDEPENDENT:
        state.behaviours.add(attempt.profile.behaviour)
    state.choices += len(attempt.choices)
    state.steps += attempt.steps
    for ending in attempt.seen:
        state.seen[ending] += 1
    state.novelty.note(attempt.digest if attempt.observed is None else attempt.observed)
    for told in attempt.raised:
        if told in state.raised or len(state.raised) < _MOST_RAISED:
            state.raised[told] += 1
    _count_injected(state, attempt.injected)
    match attempt.deviations:
        case () if state.trials == 1:
            state.cancel_points = sum(choice.options - 1 for choice in attempt.choices if choice.site.kind is Kind.CANCEL)
            state.crash_points = sum(choice.site.kind is Kind.CRASH for choice in attempt.choices)
        case (only,) if only.site.kind is Kind.CANCEL:
            state.cancelled.add((only.site.key, only.answer))
        case (only,) if only.site.kind is Kind.CRASH:
            state.crashed.add(only.site.key)
    if attempt.breach is not None:
        state.failure = replace(attempt, profile=None)  # whoever learns from it has learnt
    elif attempt.undecided is not None:
        state.undecided += 1
        state.truncated = state.truncated or attempt.undecided
    else:
        state.late += attempt.late
        state.first = replace(attempt, profile=None) if state.first is None else state.first


def _count_injected(state: Search, injected: Injected) -> None:
    for name, reached in injected.probes.items():
        state.probes[name] += reached
    for name in injected.struck:
        state.struck[name] += 1
    state.discarded += injected.discarded
    if not injected.discarded:
        for cell, reached in injected.cells.items():
            if cell in state.covered or len(state.covered) < _MOST_SQUARES:
                state.covered[cell] += reached
