"""What the kernel refuses, and why. None of these is raised by a program that stays inside its simulated world."""

import trio

__all__ = ["SUPPORTED", "KernelUnsupported", "NestedTrial", "RealIO", "StepBlocked", "unsupported"]

SUPPORTED = "0.22.1 to 0.35.0"
"""The versions of trio that the kernel was tested with. Others are tried, and judged by the self-test."""


class KernelUnsupported(RuntimeError):
    """The installed trio doesn't behave as the kernel needs. Names the failed check, trio's version and the remedy."""


class NestedTrial(RuntimeError):
    """``simulate`` was called inside another trial or inside ``trio.run``."""


class RealIO(RuntimeError):
    """A simulated program reached for the real world: a socket, a process, a foreign thread, or a thread that has to wait.

    Its answer would differ from trial to trial, so the call is refused. The message names the call, the user's line and
    what to do instead. Not an ``OSError``, so that code which survives network failures doesn't mistake it for one.
    """


class StepBlocked(BaseException):
    """A step of a program took so long in real time that it was interrupted. The message has its stack.

    Not an ``Exception``, so that it passes through a program that survives its own errors.
    """


def unsupported(what: str) -> KernelUnsupported:
    """The error for a trio that fails at ``what``."""
    return KernelUnsupported(
        f"finale_sim can't control trio {trio.__version__}: {what}. It is tested with trio {SUPPORTED}; "
        "install one of these (pip install 'trio>=0.22.1,<=0.35.0'), or a finale that knows this trio"
    )
