"""``force``: what a trial showed, once more on stock trio, with tasks held back as the report says."""

import argparse

from finale_sim.cli.parsing import TARGET, Commands, print_json
from finale_sim.failure.forcing import Delay, NotReached, Stuck, force
from finale_sim.targets import BadTarget, as_program_function, load

__all__ = ["add"]

_FORCE_HELP = """\
No simulator: this is trio.run, with a clock that jumps when nothing can go on (trio.testing.MockClock), and tasks that are
held back for a moment. A report prints the delays that its failure needs.

  finale-sim force bank.py:transfer /main/withdraw:0#2+0.001

holds the first task called withdraw that the program starts, before its second step, for a millisecond."""


def add(commands: Commands) -> None:
    """Put the command on the command line."""
    sub = commands.add("force", _force, "Run an async function on stock trio, with tasks held back.", _FORCE_HELP)
    sub.add_argument("target", metavar="TARGET", help=f"{TARGET}: what was explored")
    sub.add_argument("delays", metavar="TASK#STEP+SECONDS", nargs="*", type=_delay, help="which task to hold, where, how long")


def _delay(text: str) -> Delay:
    try:
        return Delay.parse(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _force(arguments: argparse.Namespace) -> int:
    label, target = load(arguments.target)
    failed = _failure(arguments, label, target)
    if arguments.json:
        print_json({"verdict": "violated" if failed else "holds", "message": failed}, arguments.stdout)
    else:
        print(f"trio.run failed: {failed}" if failed else "trio.run returned, and nothing failed.")
    return 1 if failed else 0


def _failure(arguments: argparse.Namespace, label: str, target: object) -> str | None:
    try:
        force(as_program_function(label, target), *arguments.delays)
    except Stuck as stuck:
        return str(stuck)
    except NotReached as error:
        raise BadTarget(f"trio.run returned, but a delay was {error}") from error
    except Exception as error:  # noqa: BLE001  # whatever the program may raise
        while isinstance(error, ExceptionGroup):
            error = error.exceptions[0]
        return f"{type(error).__name__}: {error}".rstrip(": ")
    return None
