"""The search: trials, one after another, until something is found or the budget is spent."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from finale_sim.choices import Kind
from finale_sim.search.novelty import Novelty
from finale_sim.search.random_walk import RandomWalk
from finale_sim.search.strategy import Attempt, EndSearch, RunTrial, Strategy
from finale_sim.search.sweep import Sweep
from finale_sim.verdict import Bounded, Exhausted, Sampled, Truncated, Verdict, Violated

__all__ = ["OnTrial", "Search", "search"]

OnTrial = Callable[["Search"], None]

_MOST_UNDECIDED = 5


@dataclass(slots=True)
class Search:
    """What a search has done so far. ``failure`` is the first trial that broke a claim, as it was found."""

    budget: int
    strategy: str = ""
    trials: int = 0
    choices: int = 0
    steps: int = 0
    sampled: int = 0
    swept: int = -1  #: all streams with at most so many deviations were tried
    exhausted: bool = False
    failure: Attempt | None = None
    truncated: str | None = None
    undecided: int = 0  #: trials that could not be judged
    interrupted: bool = False
    seen: Counter[str] = field(default_factory=Counter)
    probes: Counter[str] = field(default_factory=Counter)  #: name of a situation → in how many trials it was reached
    struck: Counter[str] = field(default_factory=Counter)  #: name of a fault → in how many trials it struck
    late: int = 0  #: trials that took more steps than choices are asked for in, and then came to their end
    discarded: int = 0  #: trials that do not count, because an assumption of the program did not hold
    novelty: Novelty = field(default_factory=Novelty, repr=False)  #: distinct behaviours over trials
    cancel_points: int = 0  #: (scope, step) pairs of the happy path at which the program could be cancelled
    cancelled: set[tuple[int, int]] = field(default_factory=set, repr=False)  #: those at which it was, and nothing else was odd

    crash_points: int = 0  #: steps of the happy path before which the program could be killed
    crashed: set[int] = field(default_factory=set, repr=False)  #: those before which it was, and nothing else was odd

    @property
    def verdict(self) -> Verdict:
        """What can be said."""
        if self.failure is not None and self.failure.breach is not None:
            return Violated(self.failure.breach)
        if self.truncated is not None:
            return Truncated(self.truncated)
        if self.discarded * 10 >= self.trials * 9 > 0:
            return Truncated(
                f"{self.discarded} of {self.trials} trials do not count, because an assume() of the program did not hold"
            )
        if self.late:  # what could have been chosen in the rest of these was not
            return Sampled(self.trials)
        if self.exhausted:
            return Exhausted(self.trials)
        return Bounded(self.swept, self.sampled) if self.swept > 0 else Sampled(self.trials)


def search(
    run: RunTrial, *, trials: int, seed: int = 0, deviations: int | None = None, on_trial: OnTrial | None = None
) -> Search:
    """Sweep by deviations, then walk at random, with a budget of ``trials``.

    The sweep gets half of the budget, or as much of all as it takes to try every single deviation. With ``deviations`` it
    first goes through every stream with at most so many, outside the budget. Stops at the first failure, when nothing is left to
    try, when too many trials can't be judged, or when ``run`` raises ``EndSearch``. A ``KeyboardInterrupt`` ends it, too.
    """
    state = Search(trials)
    try:
        if deviations is not None:
            _spend(state, run, Sweep(max_deviations=deviations), None, on_trial)
            trials = state.budget = state.trials + trials
        else:
            _spend(state, run, Sweep(max_deviations=1), trials, on_trial)
        if deviations is None and state.swept == 1 and not state.exhausted:
            _spend(state, run, Sweep(start=2), trials // 2, on_trial)
        if not state.exhausted:
            _spend(state, run, RandomWalk(seed), trials, on_trial)
    except EndSearch as reason:
        state.truncated = str(reason)
    except KeyboardInterrupt:
        state.interrupted = True
        state.truncated = f"interrupted after {state.trials} of {trials} trials"
    return state


def _spend(state: Search, run: RunTrial, strategy: Strategy, until: int | None, on_trial: OnTrial | None) -> None:
    while (until is None or state.trials < until) and state.failure is None and state.undecided < _MOST_UNDECIDED:
        state.strategy = strategy.name
        decide = strategy.next()
        if decide is not None:
            attempt = run(decide)
            strategy.learn(attempt.choices)
            _count(state, attempt)
        if isinstance(strategy, Sweep):
            state.swept, state.exhausted = strategy.complete, strategy.exhausted
        elif decide is not None:
            state.sampled += 1
        if on_trial is not None:
            on_trial(state)
        if decide is None:
            return


def _count(state: Search, attempt: Attempt) -> None:
    state.trials += 1
    state.choices += len(attempt.choices)
    state.steps += attempt.steps
    state.seen.update(attempt.seen)
    state.novelty.note(attempt.digest if attempt.behaviour is None else attempt.behaviour)
    state.probes.update(attempt.injected.probes)  # a bool counts as 0 or 1
    state.struck.update(attempt.injected.struck.keys())
    state.discarded += attempt.injected.discarded
    match attempt.deviations:
        case () if state.trials == 1:
            state.cancel_points = sum(choice.options - 1 for choice in attempt.choices if choice.site.kind is Kind.CANCEL)
            state.crash_points = sum(choice.site.kind is Kind.CRASH for choice in attempt.choices)
        case (only,) if only.site.kind is Kind.CANCEL:
            state.cancelled.add((only.site.key, only.answer))
        case (only,) if only.site.kind is Kind.CRASH:
            state.crashed.add(only.site.key)
    if attempt.breach is not None:
        state.failure = attempt
    elif attempt.undecided is not None:
        state.undecided += 1
        state.truncated = state.truncated or attempt.undecided
    elif attempt.late:
        state.late += 1
