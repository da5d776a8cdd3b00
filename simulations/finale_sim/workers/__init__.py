"""Trials in other processes: side by side, with results that do not depend on how many there are.

``source`` says how another process makes the same program; ``chunk`` and ``errand`` what it may be sent, some trials or a whole
search; ``process`` and ``worker`` are the two ends of one worker. ``hired`` and ``mapped`` are the crews that a search may have,
``lent`` those searches of a campaign that others have; ``hiring`` chooses.
"""

from finale_sim.workers.hiring import Help, hiring
from finale_sim.workers.mapped import Map
from finale_sim.workers.pool import usable_cores
from finale_sim.workers.source import Source, source_of

__all__ = ["Help", "Map", "Source", "hiring", "source_of", "usable_cores"]
