"""``museum``: every bug that is known to be found, found anew and explained."""

import argparse
from pathlib import Path

from finale_sim.canaries.elsewhere import NOT_YET
from finale_sim.cli.emitting import see_that_it_can_be_written
from finale_sim.cli.parsing import Commands, print_json, print_rows, require, searching, so_far
from finale_sim.museum.exhibit import Exhibit, exhibits, names_of_exhibits
from finale_sim.museum.page import page
from finale_sim.wording import counted

__all__ = ["add"]

_HELP = """\
Each exhibit is a program that breaks its promise: finale with one thing broken on purpose, most of them as it really happened
elsewhere, or the seed, a model of the dispatcher that finale grew out of. What you see is searched for while you wait.
Exit code 1 if one is not caught by the claim that it is about.

  finale-sim museum                           a table of all
  finale-sim museum "accept window"           one of them, told in full
  finale-sim museum --html museum.html        a page to leaf through"""


def add(commands: Commands) -> None:
    """Put the command on the command line."""
    sub = commands.add("museum", _museum, "Show the bugs that the simulator finds, each with its explanation.", _HELP)
    sub.add_argument("names", metavar="NAME", nargs="*", help="only these; they are told in full")
    sub.add_argument("--html", type=Path, metavar="FILE", help="write a page to this file instead")
    sub.add_argument("--force", action="store_true", help="write over FILE if it is there")
    searching(sub, 500, "per exhibit")


def _museum(arguments: argparse.Namespace) -> int:
    require(arguments.names, names_of_exhibits(), "exhibit")
    see_that_it_can_be_written(arguments.html, force=arguments.force)
    shown, interrupted = so_far(exhibits(arguments.names, trials=arguments.trials, seed=arguments.seed))
    missed = sum(not one.caught for one in shown)
    absent = [{"case": n.case, "needs": n.part, "why": n.reason} for n in NOT_YET]
    if arguments.html is not None:
        arguments.html.write_text(page(shown, NOT_YET), encoding="utf-8")
    if arguments.json:
        told = {"exhibits": [one.as_dict() for one in shown], "not_yet": absent, "missed": missed, "interrupted": interrupted}
        print_json(told, arguments.stdout)
    elif arguments.html is not None:
        print(f"wrote {arguments.html}: {counted(len(shown), 'exhibit')}")
    elif arguments.names:
        print("\n\n".join(_told(one) for one in shown))
    else:
        print_rows("Museum", [_row(one) for one in shown])
        print()
        print_rows("Not yet applicable", absent)
        print(f"\n{len(shown) - missed} of {len(shown)} were caught by the claim that they are about; NAME tells one in full.")
    if interrupted and not arguments.json:
        wanted = len(arguments.names or names_of_exhibits())
        print(f"Interrupted: {len(shown)} of {counted(wanted, 'exhibit')} were looked for.")
    return 1 if missed else 3 if interrupted else 0


def _row(one: Exhibit) -> dict[str, str]:
    search = one.found.search
    claim = one.claim if one.caught else f"{one.claim}: NOT caught"
    return {
        "exhibit": one.name,
        "real bug": one.case or "–",
        "breaks": claim,
        "strategy": search.strategy,
        "trials": str(search.trials),
        "deviations": str(len(one.deviations)),
    }


def _told(one: Exhibit) -> str:
    search = one.found.search
    rows = [
        ("Seen", one.symptom),
        ("Wrong", one.wrong),
        ("Breaks", f"{one.claim}: {one.promise}"),
        ("Evidence", one.evidence),
        ("Found", f"by {search.strategy} in scenario {one.scenario!r}, after {counted(search.trials, 'trial')}"),
        ("Immune", one.immune),
        ("Again", f"finale-sim replay {one.found.token} {one.again}"),
    ]
    if one.case:
        rows.insert(1, ("Real bug", one.case + (f", put right in {one.commit}" if one.commit else ", there when it was read")))
    steps = [f"  {n}. {step}" for n, step in enumerate(one.deviations, 1)] or ["  nothing: it breaks on the happy path"]
    head = [one.name, *(f"  {title:<9} {text}" for title, text in rows), "", "What it takes", *steps]
    return "\n".join([*head, "", "Timeline (» a deviation, · an observation)", one.timeline])
