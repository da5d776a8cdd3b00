"""Search: which stream of choices to try next, and what all of them together say.

A strategy is a file in this folder with a class of the shape of ``Strategy``, listed here.
"""

from finale_sim.search.crew import Alone, Crew
from finale_sim.search.loop import OnTrial, Search, search
from finale_sim.search.random_walk import RandomWalk
from finale_sim.search.replay import Replay, following
from finale_sim.search.strategy import Attempt, EndSearch, Planned, RunTrial, Strategy
from finale_sim.search.sweep import Sweep

__all__ = [
    "STRATEGIES",
    "Alone",
    "Attempt",
    "Crew",
    "EndSearch",
    "OnTrial",
    "Planned",
    "RandomWalk",
    "Replay",
    "RunTrial",
    "Search",
    "Strategy",
    "Sweep",
    "following",
    "search",
]

STRATEGIES: tuple[type[Strategy], ...] = (Replay, Sweep, RandomWalk)
