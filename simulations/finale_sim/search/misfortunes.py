"""What befalls a random trial besides its schedule: faults, cancels, delays, data. All samplers share it.

A trial first draws how restless it is. The most restless one takes any option at each choice; calmer ones keep to index 0 most
of the time. Faults strike rarely within a trial and often over all, because a trial in which everything breaks tells little.
"""

import random
from collections.abc import Sequence

from finale_sim.choices import Candidate, Kind, Site

__all__ = ["Misfortunes"]

_RESTLESSNESS = (1.0, 1.0, 0.5, 0.25, 0.1)  # the chance to look beyond index 0, drawn once per trial
_FAULTS = (0.0, 0.05, 0.25, 0.5)
_KINDS = tuple(Kind)  # to go through an enum costs more than all the rest
_ACTIVE = 0.7  # the chance of each fault to be one that strikes in this trial
_CANCELS = (0.0, 0.01, 0.05)  # asked at every step: more than a few in a trial, and nothing is left to happen


class Misfortunes:
    """The answers of trial ``n``, drawn from ``rng``. The schedule is one of them, for those who do not pick tasks."""

    def __init__(self, rng: random.Random, n: int) -> None:
        self._rng = rng
        restless, faulty = rng.choice(_RESTLESSNESS), rng.choice(_FAULTS)
        self._chances = dict.fromkeys(_KINDS, restless) | {Kind.FAULT: faulty}
        self._chances[Kind.CANCEL] = self._chances[Kind.CRASH] = _CANCELS[n % len(_CANCELS)]
        self._active: dict[str, bool] = {}  # a fault strikes in some trials only, and then again and again

    def __call__(self, site: Site, options: int) -> int:
        draw = self._rng.random
        if site.kind is Kind.FAULT and not self._active.setdefault(site.label, draw() < _ACTIVE):
            return 0
        return self._rng.randrange(options) if draw() < self._chances[site.kind] else 0

    def pick(self, site: Site, tasks: Sequence[Candidate]) -> int:
        """A task is one option among others."""
        return self(site, len(tasks))
