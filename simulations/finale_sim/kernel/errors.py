"""What the kernel refuses, and why. None of these is raised by a program that stays inside its simulated world."""

__all__ = ["KernelUnsupported", "NestedTrial", "RealIO"]


class KernelUnsupported(RuntimeError):
    """The installed trio doesn't behave as the kernel needs. Names the failed check, trio's version and the remedy."""


class NestedTrial(RuntimeError):
    """``simulate`` was called inside another trial or inside ``trio.run``."""


class RealIO(RuntimeError):
    """A simulated program reached for the real world: a socket, a process, a foreign thread.

    Its answer would differ from trial to trial, so the call is refused. The message names the call, the user's line and
    what to do instead. Not an ``OSError``, so that code which survives network failures doesn't mistake it for one.
    """
