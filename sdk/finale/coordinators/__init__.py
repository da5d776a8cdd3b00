"""Ready-made coordinators. Each is a file in this folder, uses public names only, and could have been written by any user."""

from finale.coordinators.retrying import RetriesExhausted, Retrying
from finale.coordinators.subprocess import OutputSink, ProgramFailed, ProgramLeft, ProgramNotStarted, SubprocessCoordinator

__all__ = [
    "OutputSink",
    "ProgramFailed",
    "ProgramLeft",
    "ProgramNotStarted",
    "RetriesExhausted",
    "Retrying",
    "SubprocessCoordinator",
]
