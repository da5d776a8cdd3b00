"""``finale-sim``: the simulator in a terminal. Each command is in a file of this folder, listed here."""

import argparse
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext, redirect_stdout

from finale_sim.cli import campaign, catalogue, explore, force, museum
from finale_sim.cli.parsing import EXIT_CODES, Commands, Parser
from finale_sim.cli.streams import patient_streams
from finale_sim.kernel import KernelUnsupported
from finale_sim.saved import BadSave
from finale_sim.targets import BadTarget
from finale_sim.token import BadToken

__all__ = ["main"]

_ABOUT = """\
Deterministic simulation of trio programs: every scheduling decision, fault and cancellation is a choice,
and a failure comes out as a few steps and one line that replays it.

  finale-sim campaign                         does finale itself keep its contract?
  finale-sim check myagent.py:MyCoordinator   does my coordinator, inside a finale workspace?
  finale-sim explore mymodule:my_function     is there a schedule in which this async function fails?
  finale-sim replay fin1-…                    once more, the very same trial
  finale-sim museum                           which bugs does it find, and how?
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; the exit code. ``argv`` defaults to that of the process."""
    try:
        with patient_streams():
            return _main(argv)
    except OSError as error:  # a full disk, a folder that nobody may write to
        print(
            f"finale-sim: {error if error.filename else f'what was found cannot be written: {error.strerror}'}", file=sys.stderr
        )
        return 2


def _main(argv: Sequence[str] | None) -> int:
    try:
        arguments = _parser().parse_args(argv)
        arguments.stdout = sys.stdout
        # Whatever the user's program prints must not get between a script and its JSON.
        with redirect_stdout(sys.stderr) if arguments.json else nullcontext(), _terminated_gently():
            code: int = arguments.command(arguments)
    except (BadSave, BadTarget, BadToken, KernelUnsupported, FileExistsError) as error:
        print(f"finale-sim: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("finale-sim: interrupted", file=sys.stderr)
        return 3
    return code


@contextmanager
def _terminated_gently() -> Iterator[None]:
    """Within, SIGTERM is as good as Ctrl-C: the report so far, and no process is left."""
    if threading.current_thread() is not threading.main_thread() or signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL:
        yield
        return
    signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


def _parser() -> argparse.ArgumentParser:
    parser = Parser(
        prog="finale-sim", description=_ABOUT, epilog=EXIT_CODES, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = Commands(parser.add_subparsers(required=True, metavar="COMMAND", parser_class=Parser))
    for module in (campaign, explore, force, catalogue, museum):
        module.add(commands)
    return parser
