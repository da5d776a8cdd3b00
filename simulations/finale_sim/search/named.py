"""The strategies by the names under which people ask for them."""

from collections.abc import Callable, Mapping

from finale_sim.search.exhaustive import Exhaustive
from finale_sim.search.mutation import Mutation
from finale_sim.search.pct import PCT
from finale_sim.search.portfolio import Portfolio
from finale_sim.search.pos import POS
from finale_sim.search.random_walk import RandomWalk
from finale_sim.search.strategy import Strategy
from finale_sim.search.surw import SURW
from finale_sim.search.sweep import Sweep
from finale_sim.search.urw import URW

__all__ = ["DEFAULT", "EXHAUSTIVE", "NAMED", "strategy_named"]

DEFAULT = "portfolio"
EXHAUSTIVE = "exhaustive"

NAMED: Mapping[str, tuple[Callable[[int, int], Strategy], str]] = {
    DEFAULT: (
        lambda seed, trials: Portfolio(seed, trials, Sweep()),
        "a sweep and all samplers, more of those that show new things; good for everything, and the default",
    ),
    "sweep": (
        lambda seed, trials: Sweep(),
        "every stream with 0 deviations, with 1, with 2 …; for small programs, and to prove how little a failure needs",
    ),
    EXHAUSTIVE: (
        lambda seed, trials: Exhaustive(),
        "one trial for each order that makes a difference, and a proof in the end; for small programs that share little",
    ),
    "surw": (
        lambda seed, trials: SURW(seed),
        "each order of the steps that touch one shared thing equally likely; for data races and lost wake-ups",
    ),
    "urw": (
        lambda seed, trials: URW(seed),
        "each interleaving equally likely; for deadlocks of several tasks",
    ),
    "pos": (
        lambda seed, trials: POS(seed),
        "a random priority for each step; for many short tasks, and for lengths that are never the same",
    ),
    "pct": (
        lambda seed, trials: PCT(seed),
        "random priorities that change at two places; for one task that is held up for very long",
    ),
    "random": (
        lambda seed, trials: RandomWalk(seed),
        "every choice at random, more or less restless; for faults and cancels rather than orders",
    ),
    "mutation": (
        lambda seed, trials: Mutation(seed),
        "small changes to trials that showed something new; for long programs with many phases",
    ),
}
"""Name → how it is made of a seed and a budget, and when to use it."""


def strategy_named(name: str, seed: int, trials: int) -> Strategy:
    """A new strategy with this name. ``trials``: the budget.

    Raises:
        ValueError: there is none.
    """
    if name not in NAMED:
        raise ValueError(f"there is no strategy {name!r}; there are: {', '.join(NAMED)}")
    return NAMED[name][0](seed, trials)
