"""``--workers`` and ``--resume``: who runs the trials of a search, and where it is kept."""

import argparse
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from finale_sim.cli.parsing import positive
from finale_sim.display import Progress
from finale_sim.saved import Saved
from finale_sim.workers import Help, Source, hiring, usable_cores

__all__ = ["means", "saved", "workers_for"]


def means(sub: argparse.ArgumentParser) -> None:
    """The arguments of everything that searches for long."""
    cores = usable_cores()
    sub.add_argument(
        "--workers",
        type=positive,
        default=cores,
        metavar="N",
        help=f"processes that run trials, if the search takes long; the result is the same (default: {cores}, the cores)",
    )
    sub.add_argument("--resume", metavar="FILE", help="keep the search in FILE, and go on from there; it need not exist")


@contextmanager
def workers_for(arguments: argparse.Namespace, label: str, progress: Progress) -> Iterator[Help]:
    """Within, there are workers if they are wanted."""
    target, canary, crash = (getattr(arguments, name, None) for name in ("target", "canary", "crash"))
    source = Source(target, label, canary, crash)
    with hiring(lambda: source, arguments.workers, None, _notice(progress)) as others:
        yield others


def _notice(progress: Progress) -> Callable[[str], None]:
    def notice(what: str) -> None:
        progress.clear()
        print(f"finale-sim: {what}", file=sys.stderr)

    return notice


def saved(arguments: argparse.Namespace, progress: Progress, **more: Any) -> Saved | None:
    """The file of ``--resume``, if there is one. ``more``: what else decides which trials are run.

    Raises:
        BadSave: it is not one of this search.
    """
    if arguments.resume is None:
        return None
    names = ("target", "scenario", "trials", "seed", "deviations", "strategy", "canary", "crash")
    return Saved(arguments.resume, {name: getattr(arguments, name, None) for name in names} | more, notice=_notice(progress))
