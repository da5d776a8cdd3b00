"""``--coverage``: what the trials came by, and what they did not, in tables."""

import argparse
from typing import Any

from finale_sim.coverage.tables import Coverage

__all__ = ["covering", "squares", "tell_coverage"]


def covering(sub: argparse.ArgumentParser) -> None:
    """The argument of everything that searches programs."""
    sub.add_argument("--coverage", action="store_true", help="also tell, in tables, what was reached how often, and what never")


def tell_coverage(arguments: argparse.Namespace, coverage: Coverage) -> None:
    """Print the tables, if they are wanted."""
    if arguments.coverage and (tables := coverage.tables_text()):
        print(f"\n{tables}")


def squares(arguments: argparse.Namespace, coverage: Coverage) -> dict[str, Any]:
    """For JSON: each square with its trials, if they are wanted."""
    return {"squares": coverage.records()} if arguments.coverage else {}
