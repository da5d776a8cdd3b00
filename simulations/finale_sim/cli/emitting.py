"""``--emit-test`` and ``--picture``: a failure as a pytest file, and as a drawing."""

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from finale.drawing import Picture
from finale.drawing.picture import see_that_it_is_svg
from finale_sim.failure.regression import Case, write_test
from finale_sim.targets import BadTarget

__all__ = ["draw", "emit", "emitting", "refuse_overwriting", "see_that_it_can_be_written"]


def emitting(sub: argparse.ArgumentParser) -> None:
    """The arguments of commands that may find a failure."""
    sub.add_argument(
        "--emit-test", type=Path, metavar="FILE", help="write a pytest file that fails as long as what was found is there"
    )
    sub.add_argument("--picture", type=Path, metavar="FILE.svg", help="draw the trial that failed: a lane for each task")
    sub.add_argument("--force", action="store_true", help="let --emit-test and --picture write over a file")


def refuse_overwriting(arguments: argparse.Namespace) -> None:
    """See, before anything is searched, that what is found can be written.

    Raises:
        FileExistsError: the file is there already.
        BadTarget: no test can be made of it, or the picture is to be something else than SVG.
    """
    if arguments.emit_test and getattr(arguments, "canary", None):
        raise BadTarget("--emit-test makes no test of a canary: finale is not broken where the test would run")
    if arguments.picture:
        try:
            see_that_it_is_svg(arguments.picture)
        except ValueError as error:
            raise BadTarget(str(error)) from error
    for file in (arguments.emit_test, arguments.picture):
        see_that_it_can_be_written(file, force=arguments.force)


def see_that_it_can_be_written(file: Path | None, *, force: bool) -> None:
    """See it before the work, not after it.

    Raises:
        FileExistsError: it is there already.
        BadTarget: its folder is not there, or nobody may write to it.
    """
    if file is None:
        return
    if not file.parent.is_dir():
        raise BadTarget(f"there is no folder {str(file.parent)!r} to write {file.name} to")
    if not os.access(file.parent, os.W_OK):
        raise BadTarget(f"the folder {str(file.parent)!r}, to write {file.name} to, cannot be written to")
    if file.exists() and not force:
        raise FileExistsError(f"{file} exists already; --force writes over it")


def draw(arguments: argparse.Namespace, picture: Picture | None) -> None:
    """Save the picture, if one is wanted and there is something to see."""
    file: Path | None = arguments.picture
    if file is None:
        return
    if picture is not None:
        _write(file, lambda: picture.save(file), f"drew {file}: {picture.title}")
    else:
        print(f"no failure, so {file} was not drawn", file=sys.stderr)


def emit(arguments: argparse.Namespace, cases: Sequence[Case], target: str | None) -> None:
    """Write the test, if one is wanted and something failed. What was done is said on stderr, where JSON does not mind it."""
    file: Path | None = arguments.emit_test
    if file is None:
        return
    if cases:
        crash = getattr(arguments, "crash", None)
        _write(
            file,
            lambda: write_test(file, cases, target, crash=crash, force=arguments.force),
            f"wrote {file}: fails until it is put right",
        )
    else:
        print(f"no failure, so {file} was not written", file=sys.stderr)


def _write(file: Path, write: Callable[[], object], done: str) -> None:
    """A disk that is full must not swallow what was found: it is still to be printed. No half of a file is left."""
    try:
        write()
    except FileExistsError:
        raise
    except OSError as error:
        if file.is_file():
            file.unlink()
        print(f"finale-sim: {file} could not be written: {error.strerror}; the token makes it anew", file=sys.stderr)
    else:
        print(done, file=sys.stderr)
