"""One running program, with everything that it starts: a process group of its own, which is stopped as a whole.

Rules:

1. The program leads a session, and so a process group, of its own: a Ctrl-C in the terminal does not reach it behind our back,
   and one signal reaches its children and theirs. Only what opens a session of its own (a daemon) is out of reach.
2. No event tells that a group is empty, so ``stop`` looks from time to time; by then the program itself has been reaped.
3. The number of a group is not given to another while the group has a member. Once it was seen empty, it is never used again.
"""

import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Self

import trio

from finale.coordinators.problems import ProgramLeft, not_started

__all__ = ["Program"]

_FIRST_LOOK_S, _SLOWEST_LOOK_S = 0.005, 0.1
_AFTER_KILL_S = 5.0  # a process that is still there then will not go: SIGKILL cannot be ignored, only be forbidden or delayed


class Program:
    """Made by ``start``. Whoever made it must call ``stop`` in the end."""

    def __init__(self, process: trio.Process) -> None:
        self._process = process
        self._empty = False
        assert process.stdout is not None
        assert process.stderr is not None
        self.stdin = process.stdin
        self.stdout = process.stdout
        self.stderr = process.stderr

    @classmethod
    async def start(cls, command: Sequence[str], *, stdin: bool, cwd: str | None, env: Mapping[str, str] | None) -> Self:
        """Start ``command``, with a pipe as its standard input or with an empty one. Cancelled, it has started nothing.

        Raises:
            ProgramNotStarted: the system would not; the message says why, and what to do.
        """
        try:
            process = await trio.lowlevel.open_process(
                command,
                stdin=subprocess.PIPE if stdin else subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                cwd=cwd,
                env=env,
                start_new_session=True,
            )
        except (OSError, ValueError) as error:
            raise not_started(error, command, cwd) from error
        return cls(process)

    async def wait(self) -> int:
        """The exit status of the program itself, or minus the signal that killed it. What it started may go on."""
        return await self._process.wait()

    async def feed(self, data: bytes) -> None:
        """Write ``data`` to the program's standard input, and close it. A program that does not read all of it is no error."""
        if self.stdin is not None:
            async with self.stdin:
                try:
                    await self.stdin.send_all(data)
                except trio.BrokenResourceError:
                    return

    async def stop(self, within_s: float) -> None:
        """Leave nothing of the group: SIGTERM to all of it, and SIGKILL to what is still there after ``within_s`` seconds.

        Raises:
            ProgramLeft: something survived that.
        """
        if not await self._gone(signal.SIGTERM, within_s) and not await self._gone(signal.SIGKILL, _AFTER_KILL_S):
            group = self._process.pid
            raise ProgramLeft(f"process group {group} is still there after SIGKILL; to see what is in it: pgrep -a -g {group}")

    def kill(self) -> None:
        """SIGKILL to the group. The one who runs the program finds it dead."""
        self._signal(signal.SIGKILL)

    async def _gone(self, number: signal.Signals, within_s: float) -> bool:
        """Whether the group has ended within ``within_s`` seconds after it was sent this signal."""
        self._signal(number)
        with trio.move_on_after(within_s):
            await self._process.wait()
            look_s = _FIRST_LOOK_S
            while self._has_members():
                await trio.sleep(look_s)
                look_s = min(2 * look_s, _SLOWEST_LOOK_S)
            self._empty = True
        return self._empty

    def _signal(self, number: int) -> bool:
        """Whether there is somebody in the group, who has been sent the signal if we may do that."""
        if not self._empty:
            try:
                os.killpg(self._process.pid, number)
            except ProcessLookupError:
                self._empty = True
            except PermissionError:  # there is somebody, but of another user
                pass
        return not self._empty

    def _has_members(self) -> bool:
        return self._signal(0) and _has_living_member(self._process.pid)


def _has_living_member(group: int) -> bool:
    """Whether the group has more in it than zombies, which stay for ever where process 1 reaps nobody, as in many containers."""
    stats = list(Path("/proc").glob("[0-9]*/stat"))
    if not stats:  # a system without such files: believe the signal
        return True
    for stat in stats:
        try:
            state, _parent, its_group = stat.read_bytes().rpartition(b")")[2].split()[:3]
        except (OSError, ValueError):  # it ended while we looked
            continue
        if int(its_group) == group and state not in (b"Z", b"X"):
            return True
    return False
