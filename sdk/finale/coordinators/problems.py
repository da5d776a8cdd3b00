"""How a program can disappoint: it did not start, it failed, it would not go. Messages say what to do, or what is known."""

import errno
import os
import signal
from collections.abc import Sequence

from finale.errors import FinaleError

__all__ = ["ProgramFailed", "ProgramLeft", "ProgramNotStarted", "not_started"]


class ProgramNotStarted(FinaleError):
    """The program of a run could not be started, and nothing of it is running."""


class ProgramFailed(FinaleError):
    """The program ended with something else than exit status 0.

    ``returncode`` is its exit status, or minus the number of the signal that killed it; ``stderr`` is the end of what it wrote
    there. The message has both, the first line of it without ``stderr``.
    """

    def __init__(self, program: str, returncode: int, stderr: str) -> None:
        super().__init__(program, returncode, stderr)
        self.program = program
        self.returncode = returncode
        self.stderr = stderr

    def __str__(self) -> str:
        if self.returncode < 0:
            how = f"{self.program!r} was killed by {_signal_name(-self.returncode)}"
        else:
            how = f"{self.program!r} ended with exit status {self.returncode}"
        return f"{how}\nstderr ended with:\n{self.stderr}" if self.stderr else how


class ProgramLeft(FinaleError):
    """The program, or something it started, is still there after SIGKILL: it is another user's, or the kernel holds it."""


def not_started(error: OSError | ValueError, command: Sequence[str], cwd: str | None) -> ProgramNotStarted:
    """What to tell of an error that starting ``command`` in ``cwd`` raised."""
    program = command[0]
    if isinstance(error, ValueError):
        return ProgramNotStarted(f"{program!r} cannot be started: {error} in its command line, cwd or environment; remove that")
    if cwd is not None and error.filename == cwd:
        return ProgramNotStarted(f"cwd is {cwd!r}: {_reason(error)}; name a directory that exists and may be entered")
    return ProgramNotStarted(f"{program!r} cannot be started: {_reason(error)}; {_remedy(error, program)}")


def _reason(error: OSError) -> str:
    return (error.strerror or str(error)).lower()


def _remedy(error: OSError, program: str) -> str:
    match error.errno:
        case errno.ENOENT if os.sep in program and os.path.exists(program):  # noqa: PTH110  # as the system sees it
            return "the interpreter that its first line names is missing, or a library; install that"
        case errno.ENOENT:
            return "check the spelling, install it, or give its full path"
        case errno.EACCES:
            return "make it executable (chmod +x), or start it through its interpreter"
        case errno.ENOEXEC:
            return "give it a first line such as #!/bin/sh, or start it through its interpreter"
        case errno.E2BIG:
            return 'the arguments are too long for the system: pass the prompt on standard input (prompt="stdin")'
        case _:
            return "the system does not allow it right now"


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:  # most real-time signals have no name of their own
        return f"signal {number}"
