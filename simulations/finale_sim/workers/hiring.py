"""Which crew a search gets, by what its caller asked for."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import NamedTuple

from finale_sim.campaign import Lend
from finale_sim.investigate import Hire
from finale_sim.workers.hired import Hired
from finale_sim.workers.lent import Lent
from finale_sim.workers.mapped import Map, Mapped
from finale_sim.workers.pool import Pool, usable_cores
from finale_sim.workers.process import INSIDE
from finale_sim.workers.source import Source

__all__ = ["Help", "hiring"]


class Help(NamedTuple):
    """Who else there is: for the trials of one search, and for whole searches."""

    hire: Hire | None = None
    lend: Lend | None = None


@contextmanager
def hiring(
    find_source: Callable[[], Source | str], workers: int | None, mapper: Map | None, notice: Callable[[str], None]
) -> Iterator[Help]:
    """Who runs trials within: ``workers`` processes, or ``mapper``, or nobody else; then no process is left.

    ``find_source`` gives that of the programs that are searched, or says why there is none. ``notice`` is told what a person
    should know.

    Raises:
        ValueError: there can't be so many workers.
    """
    if workers is not None and workers < 1:
        raise ValueError(f"workers is {workers}, but somebody has to run the trials; 1 is this process alone")
    if (mapper is None and (workers or 1) == 1) or INSIDE in os.environ:
        yield Help()
        return
    source = find_source()
    if isinstance(source, str):
        notice(f"all trials run in this process: {source}")
        yield Help()
    elif mapper is not None:
        yield Help(partial(Mapped, mapper, workers or usable_cores(), source, notice))
    else:
        with Pool(source, workers or 1, notice=notice) as pool:
            yield Help(partial(Hired, pool), partial(Lent, pool))
