"""``list`` and ``canaries``: what there is, and the proof that each oracle can object."""

import argparse

from finale_sim.canaries import CANARIES
from finale_sim.cli.parsing import STRATEGIES_HELP, Commands, print_json, print_rows, searching, so_far
from finale_sim.museum.catalogue import catalogue, endings_table, try_canaries
from finale_sim.wording import counted

__all__ = ["add"]

_CANARIES_HELP = f"""\
An oracle counts only once something trips it. Each canary is a deliberate bug; the oracle that it names must catch it, in
the scenario that it names. Exit code 1 if one is missed. A Ctrl-C ends it with the table so far.

{STRATEGIES_HELP}"""


def add(commands: Commands) -> None:
    """Put the two commands on the command line."""
    sub = commands.add("list", _list, "List scenarios and canaries.", "Names are used with --scenario and --canary.")
    sub.add_argument("--endings", action="store_true", help="list every way a run can end, with what shows and judges it")

    sub = commands.add("canaries", _canaries, "Break finale in each known way, and see each caught.", _CANARIES_HELP)
    searching(sub, 500, "per canary")


def _canaries(arguments: argparse.Namespace) -> int:
    rows, interrupted = so_far(try_canaries(trials=arguments.trials, seed=arguments.seed, strategy=arguments.strategy))
    missed = sum(row["caught_by"] != row["oracle"] for row in rows)
    if arguments.json:
        print_json({"canaries": rows, "missed": missed, "interrupted": interrupted}, arguments.stdout)
    else:
        print_rows("Canaries", [{name: row[name] for name in row if name != "token"} for row in rows])
        print(f"{len(rows) - missed} of {counted(len(rows), 'canary', 'canaries')} were caught by the oracle that they name.")
        if interrupted:
            print(f"Interrupted: {len(rows)} of {counted(len(CANARIES), 'canary', 'canaries')} were released.")
    return 1 if missed else 3 if interrupted else 0


def _list(arguments: argparse.Namespace) -> int:
    tables = {"endings": endings_table()} if arguments.endings else catalogue()
    if arguments.json:
        print_json(tables, arguments.stdout)
    else:
        for name, rows in tables.items():
            print_rows(name.capitalize(), rows)
    return 0
