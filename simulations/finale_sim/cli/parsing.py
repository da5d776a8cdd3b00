"""What the commands share: the parser, types of arguments, and how results are printed."""

import argparse
import json
from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any, NoReturn, TextIO, TypeVar

from finale import open_workspace
from finale_sim.canaries import CANARIES
from finale_sim.display import print_table
from finale_sim.search import DEFAULT, NAMED
from finale_sim.targets import BadTarget
from finale_sim.world import Opens

__all__ = [
    "EXIT_CODES",
    "STRATEGIES_HELP",
    "TARGET",
    "Commands",
    "Parser",
    "again",
    "canary",
    "positive",
    "print_json",
    "print_rows",
    "require",
    "searching",
    "so_far",
]

_T = TypeVar("_T")

STRATEGIES_HELP = "\n".join(["Each strategy is good for something:", *(f"  {name:<9} {use}" for name, (_, use) in NAMED.items())])
"""For the help of everything that searches."""

EXIT_CODES = (
    "exit codes: 0 no violation, 1 violation, 2 wrong usage or target, 3 undecided (interrupted, not reproducible, drifted);\n"
    "130 interrupted while it was still loading; a reader who leaves, such as head, changes none of them"
)

TARGET = "module:attr or path/to/file.py:attr"


class Parser(argparse.ArgumentParser):
    """Says what is wrong on one line."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"finale-sim: {message} (see {self.prog} --help)\n")


@dataclass(frozen=True, slots=True)
class Commands:
    """Where a command puts itself on the command line."""

    parsers: Any

    def add(self, name: str, run: Callable[[argparse.Namespace], int], about: str, more: str) -> argparse.ArgumentParser:
        """A command that is carried out by ``run``; the parser for its arguments."""
        sub: argparse.ArgumentParser = self.parsers.add_parser(
            name,
            help=about,
            description=f"{about}\n\n{more}",
            epilog=EXIT_CODES,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        sub.set_defaults(command=run)
        sub.add_argument("--json", action="store_true", help="print one JSON object on stdout, and nothing else there")
        return sub


def searching(sub: argparse.ArgumentParser, trials: int, each: str) -> None:
    """The arguments of everything that searches."""
    sub.add_argument("--trials", type=positive, default=trials, metavar="N", help=f"trials {each} (default: {trials})")
    sub.add_argument("--seed", type=_seed, default=0, metavar="S", help="seed of what is drawn at random (default: 0)")
    sub.add_argument(
        "--strategy", choices=NAMED, default=DEFAULT, metavar="NAME", help=f"what is tried, see above (default: {DEFAULT})"
    )


def positive(text: str) -> int:
    """A whole number from 1 on."""
    try:
        number = int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number") from None
    if number < 1:
        raise argparse.ArgumentTypeError(f"{number} is too small; it must be at least 1")
    return number


def _seed(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is no seed; a seed is a whole number from 0 on")
    return int(text)


def print_rows(title: str, rows: list[dict[str, Any]]) -> None:
    """A table of rows that are alike."""
    print_table(title, tuple(rows[0]), [[", ".join(c) if isinstance(c, list) else str(c) for c in row.values()] for row in rows])


def canary(name: str | None) -> AbstractContextManager[Opens]:
    """The context in which finale is broken in the named way, or in none, and what opens a workspace in it."""
    if name is None:
        return nullcontext(open_workspace)
    require([name], CANARIES, "canary")
    return CANARIES[name].released()


def again(arguments: argparse.Namespace, target: str | None) -> list[str]:
    """What follows the token on the command line that replays a failure."""
    broken = ["--canary", arguments.canary] if getattr(arguments, "canary", None) else []
    crash = ["--crash", arguments.crash] if getattr(arguments, "crash", None) else []
    return [*([target] if target else []), *crash, *broken]


def require(names: Sequence[str], known: Collection[str], kind: str) -> None:
    """See that all names are known.

    Raises:
        BadTarget: one is not.
    """
    for name in names:
        if name not in known:
            raise BadTarget(f"there is no {kind} {name!r}; there are: {', '.join(known)}")


def so_far(results: Iterable[_T]) -> tuple[list[_T], bool]:
    """The results as they come, until a Ctrl-C; and whether there was one.

    Raises:
        KeyboardInterrupt: it came before the first result.
    """
    known: list[_T] = []
    try:
        known.extend(results)
    except KeyboardInterrupt:
        if not known:
            raise
        return known, True
    return known, False


def print_json(data: dict[str, Any], stdout: TextIO) -> None:
    """One JSON object, on the stream that is kept free for it."""
    print(json.dumps(data), file=stdout)
