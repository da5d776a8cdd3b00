"""The portfolio: the happy path, then a sweep and all samplers side by side. What ``explore`` and the campaigns do by default.

No strategy is the best for all programs: a sweep finds at once what needs a single fault at the right place, and takes for ever
where five tasks have to be stopped half-way; a sampler is the other way round. So each has a share of the trials. That of the
sweep is a tenth at first and half later, or what it takes to try every single deviation, if the budget allows that at all.
The samplers share the rest by what is known of them beforehand, and by how often they showed a behaviour that was new.

Nothing here is random or looks at a clock: whose turn it is follows from the shares (who lags behind his most is next).
"""

from collections import deque
from collections.abc import Callable, Sequence

from finale_sim.choices import Candidate, Decide, Site
from finale_sim.search.behaviours import Behaviours
from finale_sim.search.mutation import Mutation
from finale_sim.search.pct import PCT
from finale_sim.search.pos import POS
from finale_sim.search.random_walk import RandomWalk
from finale_sim.search.strategy import Attempt, Completed, Planned, Strategy
from finale_sim.search.surw import SURW
from finale_sim.search.sweep import Sweep
from finale_sim.search.urw import URW

__all__ = ["Portfolio"]

_SWEEP_AT_FIRST, _FIRST, _SWEEP_THEN = 1 / 10, 100, 1 / 2
"""The sweep's share: of the first hundred trials, in which samplers find what is easy to find, and of the others."""

_SAMPLERS: tuple[tuple[Callable[[int], Strategy], float], ...] = (
    (SURW, 14.0),
    (PCT, 4.0),
    (POS, 1.0),
    (URW, 1.0),
    (RandomWalk, 1.0),
    (Mutation, 1.0),
)
"""Samplers and how many of the trials they get when all show new things equally often. See ``benchmarks/suite_races.py``."""

_MOST_LAG = 8.0  # a sweep that had to wait for results does not crowd out the others when they are there
_ALMOST = 1 - 1e-9  # two halves, or ten tenths

_MEMORY = 0.98  # what the last trial of a sampler leaves of the weight of those before it
_LEAST = 0.2  # of its weight, for a sampler that shows nothing new: it may do so later


class _Arm:
    """A sampler and what it is worth."""

    def __init__(self, strategy: Strategy, prior: float) -> None:
        self.strategy = strategy
        self.lag = 0.0  # trials by which it lags behind
        self._prior = prior
        self._worth = 1.0  # the share of its last trials that showed something new, about

    @property
    def weight(self) -> float:
        return self._prior * max(self._worth, _LEAST)

    def reward(self, *, new: bool) -> None:
        self._worth = _MEMORY * self._worth + (1 - _MEMORY) * new


class _HappyPath:
    """The happy path, as somebody picks it who looks at tasks: so samplers learn from it."""

    def __call__(self, site: Site, options: int) -> int:
        return 0

    def pick(self, site: Site, tasks: Sequence[Candidate]) -> int:
        return 0


class Portfolio:
    """Ends when its sweep has tried everything. ``trials`` is the budget. Without a sweep it never ends."""

    ahead = 256

    def __init__(self, seed: int = 0, trials: int = 1000, sweep: Sweep | None = None) -> None:
        self.name = "portfolio"  #: once something was learnt: of the strategy whose trial that was
        self.sweep = sweep
        self._arms = [_Arm(make(seed), prior) for make, prior in _SAMPLERS]
        self._out: deque[_Arm | None] = deque()  # whose trials are under way; None is the sweep
        self._asked, self._left = 0, trials
        self._happy = False  # the happy path was run
        self._singles = 0  # trials that it takes until every single deviation was tried
        self._lag = 1.0  # trials by which the sweep lags behind; the happy path is its first
        self._known = Behaviours()

    @property
    def completed(self) -> Completed:
        return self.sweep.completed if self.sweep is not None else Completed()

    def next(self) -> Decide | None:
        share = self._share()
        self._asked, self._left = self._asked + 1, self._left - 1
        if self.sweep is not None:
            self._lag = min(self._lag + share, _MOST_LAG)
            decide = self.sweep.next() if self._lag > _ALMOST else None
            if self.sweep.exhausted:
                return None
            if decide is not None:
                self._lag -= 1
                self._singles -= 1
                self._out.append(None)
                return decide if self._asked > 1 else Planned(_HappyPath)
        arm = self._next_arm()
        self._out.append(arm)
        return arm.strategy.next()

    def learn(self, attempt: Attempt) -> None:
        arm = self._out.popleft()
        for each in self._arms:
            each.strategy.learn(attempt)
        new = attempt.profile is not None and self._known.add(attempt.profile.behaviour)
        if arm is not None:
            self.name = arm.strategy.name
            arm.reward(new=new)
            return
        assert self.sweep is not None, "it was its trial"
        self.name = self.sweep.name
        self.sweep.learn(attempt)
        if not self._happy:
            self._happy = True
            self._singles = 1 + sum(choice.options - 1 for choice in attempt.choices)

    def _share(self) -> float:
        """What the sweep gets of the trials that are left."""
        share = _SWEEP_AT_FIRST if self._asked < _FIRST else _SWEEP_THEN
        return max(share, self._singles / self._left) if 0 < self._singles <= self._left else share

    def _next_arm(self) -> _Arm:
        total = sum(arm.weight for arm in self._arms)
        for arm in self._arms:
            arm.lag += arm.weight / total
        arm = max(self._arms, key=lambda arm: arm.lag)
        arm.lag -= 1
        return arm
