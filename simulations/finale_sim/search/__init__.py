"""Search: which stream of choices to try next, and what all of them together say.

A strategy is a file in this folder with a class of the shape of ``Strategy``, listed in ``named``.
"""

from finale_sim.search.crew import Alone, Crew
from finale_sim.search.exhaustive import Exhaustive
from finale_sim.search.loop import OnTrial, Search, Terms, search
from finale_sim.search.mutation import Mutation
from finale_sim.search.named import DEFAULT, EXHAUSTIVE, NAMED
from finale_sim.search.pct import PCT
from finale_sim.search.portfolio import Portfolio
from finale_sim.search.pos import POS
from finale_sim.search.random_walk import RandomWalk
from finale_sim.search.replay import Replay, following
from finale_sim.search.strategy import Attempt, Completed, EndSearch, Planned, RunTrial, Strategy
from finale_sim.search.surw import SURW
from finale_sim.search.sweep import Sweep
from finale_sim.search.urw import URW

__all__ = [
    "DEFAULT",
    "EXHAUSTIVE",
    "NAMED",
    "PCT",
    "POS",
    "SURW",
    "URW",
    "Alone",
    "Attempt",
    "Completed",
    "Crew",
    "EndSearch",
    "Exhaustive",
    "Mutation",
    "OnTrial",
    "Planned",
    "Portfolio",
    "RandomWalk",
    "Replay",
    "RunTrial",
    "Search",
    "Strategy",
    "Sweep",
    "Terms",
    "following",
    "search",
]
