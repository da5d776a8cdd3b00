"""The portfolio: the happy path, then a sweep and all samplers side by side. What ``explore`` and the campaigns do by default.

No strategy is the best for all programs: a sweep finds at once what needs a single fault at the right place, and takes for ever
where five tasks have to be stopped half-way; a sampler is the other way round. So each has a share of the trials.

The first trials are laid down: where tasks are few PCT and SURW take turns, else the opposites of the happy path, two trials that
find many bugs at once, stand among SURW's. Behind that the sampler that gets far where many trials are needed has the most, and
the others a little by what is known beforehand, more if they show behaviours that are new.
The sweep has little as long as samplers show what is new, unless there are faults and cancels to be tried; and half when they
repeat themselves, for it is what ends the search of a small program. Every single deviation is tried if the budget allows that at
all: there is a moment from which on that takes nearly all that is left.

Nothing here is random or looks at a clock: whose turn it is follows from the shares (who lags behind his most is next).
"""

from collections import deque
from collections.abc import Callable, Sequence

from finale_sim.choices import Candidate, Decide, Kind, Site
from finale_sim.search.behaviours import Behaviours
from finale_sim.search.mutation import Mutation
from finale_sim.search.opposites import Opposites
from finale_sim.search.pct import PCT
from finale_sim.search.pos import POS
from finale_sim.search.random_walk import RandomWalk
from finale_sim.search.strategy import Attempt, Completed, Planned, Strategy
from finale_sim.search.surw import SURW
from finale_sim.search.sweep import Sweep
from finale_sim.search.urw import URW

__all__ = ["Portfolio"]

_THIN, _HALF = 1 / 20, 1 / 2
"""The sweep's share when each trial of the samplers is new, and when none is; in between more like the former."""

_FIRST = 100
"""Trials behind which the sweep has half in any case, where a program asks for more than who goes next."""

_ORDERS = frozenset({Kind.SCHEDULE, Kind.TIE})

_HIGH_TIME = 0.8
"""When every single deviation takes so much of what is left of the budget, the sweep gets that."""

_FEW = 3  # tasks, the program itself included

_SAMPLERS: tuple[tuple[Callable[[int], Strategy], float, float], ...] = (
    (SURW, 18.0, 10.0),
    (URW, 2.0, 1.0),
    (POS, 2.0, 3.0),
    (PCT, 1.0, 5.0),
    (RandomWalk, 1.0, 1.0),
    (Mutation, 1.0, 1.0),
)
"""Samplers, and how many of the trials they get when all show new things equally often: usually, and where tasks are few.

The chance that PCT promises falls with the number of tasks and steeply with that of choices, what SURW does hardly on either.
So where tasks are few both are good, each for what the other is not; else SURW is. The figures were tuned on the programs of
``benchmarks/suite_races.py``, without those that it holds out.
"""

_OPENING = (Opposites, URW, SURW, SURW, Opposites)
_OPENING_OF_FEW = (PCT, SURW, PCT, PCT, SURW, SURW, PCT, PCT, PCT, PCT)
"""Whose the first trials behind the happy path are, before anything is known of the program but how many tasks it has."""

_MOST_LAG = 8.0  # a sweep that had to wait for results does not crowd out the others when they are there
_ALMOST = 1 - 1e-9  # two halves, or ten tenths

_RECENTLY = 0.9  # what the last trial leaves of the weight of those before it, in what samplers still show
_MEMORY = 0.98  # what the last trial of a sampler leaves of the weight of those before it
_LEAST = 0.2  # of its weight, for a sampler that shows nothing new: it may do so later


class _Arm:
    """A sampler and what it is worth."""

    def __init__(self, strategy: Strategy, prior: float = 0.0, prior_of_few: float = 0.0) -> None:
        self.strategy = strategy
        self.lag = 0.0  # trials by which it lags behind
        self.prior, self.prior_of_few = prior, prior_of_few
        self._worth = 1.0  # the share of its last trials that showed something new, about

    @property
    def weight(self) -> float:
        return self.prior * max(self._worth, _LEAST)

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

    ahead = 1024

    def __init__(self, seed: int = 0, trials: int = 1000, sweep: Sweep | None = None) -> None:
        self.name = "portfolio"  #: once something was learnt: of the strategy whose trial that was
        self.sweep = sweep
        self._arms = [_Arm(make(seed), *priors) for make, *priors in _SAMPLERS]
        self._opposites = _Arm(Opposites())
        self._opening = deque(_OPENING)
        self._out: deque[_Arm | None] = deque()  # whose trials are under way; None is the sweep
        self._asked, self._left = 0, trials
        self._happy = False  # the happy path was run
        self._singles = 0  # trials that it takes until every single deviation was tried
        self._lag = 1.0  # trials by which the sweep lags behind; the happy path is its first
        self._known = Behaviours()
        self._recently_new = 1.0  # the share of the samplers' last trials that showed something new, about
        self._misfortunes = False  # more is asked than who goes next

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
        if not self._known.trials and attempt.profile is not None:
            self._know(tasks=len(attempt.profile.steps))
        new = attempt.profile is not None and self._known.add(attempt.profile.behaviour)
        if arm is not None:
            self.name = arm.strategy.name
            arm.reward(new=new)
            self._recently_new = _RECENTLY * self._recently_new + (1 - _RECENTLY) * new
            return
        assert self.sweep is not None, "it was its trial"
        self.name = self.sweep.name
        self.sweep.learn(attempt)
        if not self._happy:
            self._happy = True
            self._singles = 1 + sum(choice.options - 1 for choice in attempt.choices)
            self._misfortunes = any(choice.site.kind not in _ORDERS for choice in attempt.choices)

    def _share(self) -> float:
        """What the sweep gets of the trials that are left."""
        share = _THIN + (_HALF - _THIN) * (1 - self._recently_new) ** 2
        if self._misfortunes and self._asked >= _FIRST:
            share = _HALF
        needed = self._singles / self._left if 0 < self._singles <= self._left else 0.0
        return max(share, needed) if needed >= _HIGH_TIME or self._misfortunes else share

    def _know(self, tasks: int) -> None:
        """So many tasks there are."""
        if tasks <= _FEW:
            for arm in self._arms:
                arm.prior = arm.prior_of_few
            self._opening = deque(_OPENING_OF_FEW)

    def _next_arm(self) -> _Arm:
        if self._opening:
            first = self._opening.popleft()
            return next((arm for arm in self._arms if isinstance(arm.strategy, first)), self._opposites)
        weights = [arm.weight for arm in self._arms]
        total = sum(weights)
        for arm, weight in zip(self._arms, weights, strict=True):
            arm.lag += weight / total
        arm = max(self._arms, key=lambda arm: arm.lag)
        arm.lag -= 1
        return arm
