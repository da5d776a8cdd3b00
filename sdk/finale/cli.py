"""The command ``finale``: run a program as a background run of a workspace, and see it to its terminal event.

Rules:

1. Standard output carries what the program writes there, byte for byte and complete, or with ``--json`` one event per line, and
   nothing else. What finale itself has to say goes to standard error.
2. Output is never dropped: it is written before more is read, so a slow reader slows the program down.
3. Writing happens in a thread, because it may block for ever, and a Ctrl-C must be obeyed meanwhile.
4. Whatever ends the program, its terminal event is told exactly once, unless nobody is left who reads it.
"""

import argparse
import importlib.metadata
import json
import math
import os
import select
import shlex
import signal
import sys
from collections.abc import AsyncIterator, Sequence
from dataclasses import asdict, dataclass
from typing import Literal

import trio

import finale
from finale.coordinators.subprocess import SubprocessCoordinator
from finale.events import encode

__all__ = ["main"]

_DESCRIPTION = """\
Run programs in the background with exactly one terminal event each.

  finale run -- COMMAND ...      run a program; `finale run --help` has examples
"""
_RUN_DESCRIPTION = """\
Run COMMAND as a background run: stream what it writes, end with one terminal event.

COMMAND is executed directly, never by a shell. Its standard output and standard error come
through complete and as they come; the terminal event is told on standard error. COMMAND has
no terminal, and an empty standard input unless --stdin is given.
"""
_RUN_EPILOG = """\
examples:
  finale run -- make test                          a program
  finale run -- sh -c 'make | tee log'             a pipeline: ask a shell for it
  finale run --prompt 'fix the bug' -- agent -p    the prompt is the last argument: agent -p 'fix the bug'
  finale run --prompt hello -- agent '{prompt}' -v the prompt takes the place of {prompt}
  finale run --prompt hello --stdin -- agent       the prompt is standard input
  git diff | finale run --stdin -- agent           the prompt is our standard input, passed on
  finale run --prompt one --prompt two -- agent    two runs, one after the other, in one session
  finale run --json -- make test | jq .type        events for a script

Ctrl-C cancels: SIGTERM to COMMAND and all that it started, SIGKILL to what is left after
--kill-after seconds. A second Ctrl-C kills at once. SIGTERM, SIGHUP and SIGQUIT do the same.

exit status:
  0    completed: COMMAND ended with exit status 0
  1    failed: COMMAND ended in another way, or could not be started
  2    usage: nothing was run
  130  cancelled by Ctrl-C (143 by SIGTERM, 129 by SIGHUP, 131 by SIGQUIT)
  141  the reader of our output went away, so COMMAND was stopped

With --json each line of standard output is one event, an object with "type", "run_id", "session",
"seq", "index" and "at": RunAccepted, RunStarted, Progress (payload: {"stream": "stdout", "text":
"whole lines"}, a line beyond 1 MiB is cut visibly), and at the end of each run its RunComplete, with
"status" (completed, failed or cancelled), "text" (the last line of output) and "error".
"""
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)
_LAST_WORDS_S = 5.0  # beyond --kill-after: how long a signalled finale waits for a reader of its output that takes nothing
_LAG = 32  # events that may wait for being printed before the program has to


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; ``arguments`` are without the program's name. Returns the exit status: see ``finale run --help``.

    Raises:
        SystemExit: help was asked for (0), or the usage is wrong (2); argparse has said so.
    """
    try:
        _open_missing_streams()
        options = _parse(sys.argv[1:] if arguments is None else arguments)
        status = trio.run(_Face(options).run)
    except KeyboardInterrupt:  # before a run was accepted, or after all had ended; in between a Ctrl-C is a signal like others
        status = 128 + signal.SIGINT
    if status == 128 + signal.SIGINT:  # who presses Ctrl-C once more while Python shuts down should not get a traceback
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    return status


def _open_missing_streams() -> None:
    """Descriptors 0 to 2, if closed, would be given to the next file that is opened, and our output would go there."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest free number: this one


@dataclass(frozen=True, slots=True)
class _Options:
    command: list[str]
    prompts: list[str]
    passing: Literal["argument", "stdin", "none"]
    session: str
    json: bool
    kill_after_s: float


def _parse(arguments: Sequence[str]) -> _Options:
    parser = argparse.ArgumentParser("finale", description=_DESCRIPTION, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--version", action="version", version=f"finale {_version()}")
    run = parser.add_subparsers(metavar="run", required=True).add_parser(
        "run",
        help="run a program",
        usage="finale run [options] -- COMMAND ...",
        description=_RUN_DESCRIPTION,
        epilog=_RUN_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    run.add_argument("--session", default="terminal", metavar="NAME", help="the session of the run (default: %(default)s)")
    run.add_argument("--prompt", action="append", metavar="TEXT", help="what the run is asked; repeatable (default: COMMAND)")
    run.add_argument("--stdin", action="store_true", help="give the prompt to COMMAND on standard input")
    run.add_argument("--json", action="store_true", help="print events, one JSON object per line")
    run.add_argument("--kill-after", type=_seconds, default=5.0, metavar="S", help="seconds from SIGTERM to SIGKILL (default: 5)")
    run.add_argument("command", nargs=argparse.REMAINDER, help=argparse.SUPPRESS)
    # By hand, because the versions of argparse differ in what becomes of the first "--" and of the others.
    cut = arguments.index("--") if "--" in arguments else len(arguments)
    found = parser.parse_args(arguments[:cut])
    command = [*found.command, *arguments[cut:]] if found.command else [*arguments[cut + 1 :]]
    if not command or not command[0]:
        run.error("no COMMAND: what should be run? For example: finale run -- make test")
    if not found.session.strip():
        run.error(f"--session is {found.session!r}: name the session")
    prompts = found.prompt or [_read_prompt(run) if found.stdin else shlex.join(command)]
    if not all(prompt.strip() for prompt in prompts):
        run.error("the prompt is empty: say what is to be done")
    passing: Literal["argument", "stdin", "none"] = "stdin" if found.stdin else "argument" if found.prompt else "none"
    return _Options(command, prompts, passing, found.session, found.json, found.kill_after)


def _version() -> str:
    try:
        return importlib.metadata.version("finale")
    except importlib.metadata.PackageNotFoundError:
        return "(not installed)"


def _seconds(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 <= value < math.inf:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of seconds; for example: 5")
    return value


def _read_prompt(parser: argparse.ArgumentParser) -> str:
    if os.isatty(0):
        print("finale: type the prompt, and end it with Ctrl-D", file=sys.stderr)
    try:
        with open(0, "rb", closefd=False) as stdin:
            return os.fsdecode(stdin.read())
    except OSError as error:
        parser.error(f"standard input cannot be read: {error.strerror}")


class _Face:
    """Shows the runs that ``options`` ask for, from their acceptance to their endings."""

    def __init__(self, options: _Options) -> None:
        self._options = options
        self._signal: int | None = None
        self._lost: set[int] = set()  # descriptors that cannot be written any more
        self._reader_gone = False
        self._in_line = False  # whether the cursor of the terminal stands behind something, and not at the start of a line
        self._printed = trio.lowlevel.ParkingLot()
        self._patience = trio.CancelScope()
        self._coordinator = SubprocessCoordinator(
            options.command,
            prompt=options.passing,
            output=self._keep_pace if options.json else self._pass_on,
            kill_after_s=options.kill_after_s,
            line_limit=1 << 20 if options.json else 1 << 16,
        )

    async def run(self) -> int:
        """Returns the exit status."""
        options = self._options
        obeyed = [number for number in _SIGNALS if signal.getsignal(number) != signal.SIG_IGN]  # see nohup, and `… &` in scripts
        with trio.open_signal_receiver(*obeyed) as signals:
            async with (
                finale.open_workspace(
                    self._coordinator, grace_s=options.kill_after_s + 10, progress_limit=4 * _LAG, on_exit="cancel"
                ) as self._workspace,
                trio.open_nursery() as nursery,
            ):
                self._events = self._workspace.subscribe(session=options.session)
                runs = [self._workspace.submit(prompt, options.session) for prompt in options.prompts]
                self._numbers = {run.run_id: number for number, run in enumerate(runs, 1)}
                nursery.start_soon(self._obey, signals)
                endings: list[finale.RunComplete] = []
                with self._patience:
                    await self._follow(endings)
                nursery.cancel_scope.cancel()
        return self._exit_status([ending.status for ending in endings])

    async def _follow(self, endings: list[finale.RunComplete]) -> None:
        """Tell what happens until each run has ended."""
        started: dict[str, float] = {}
        async for event in self._events:
            if self._options.json:
                data = {"type": "Gap", **asdict(event)} if isinstance(event, finale.Gap) else encode(event)
                await self._write(1, json.dumps(data).encode("ascii") + b"\n")
            elif isinstance(event, finale.RunStarted):
                started[event.run_id] = event.at
            self._printed.unpark_all()
            if isinstance(event, finale.RunComplete):
                endings.append(event)
                if not self._options.json or self._lost:
                    await self._say(self._words(event, event.at - started.get(event.run_id, event.at)))
                if len(endings) == len(self._options.prompts):
                    return

    def _words(self, ending: finale.RunComplete, seconds: float) -> str:
        which = f"run {self._numbers[ending.run_id]} of {len(self._numbers)} " if len(self._numbers) > 1 else ""
        reasons = [ending.cancelled_by or "", ending.error.message.partition("\n")[0] if ending.error else ""]
        why = "; ".join(filter(None, reasons))
        return f"{which}{ending.status} after {seconds:.2f} s{': ' if why else ''}{why}"

    def _exit_status(self, statuses: Sequence[finale.Status]) -> int:
        if self._reader_gone:
            return 128 + signal.SIGPIPE
        untold = len(statuses) < len(self._options.prompts)
        if self._signal is not None and (untold or finale.Status.CANCELLED in statuses):
            return 128 + self._signal
        return 0 if all(status is finale.Status.COMPLETED for status in statuses) else 1

    async def _obey(self, signals: AsyncIterator[int]) -> None:
        """The first signal cancels, the next ones kill."""
        async for number in signals:
            name = "Ctrl-C" if number == signal.SIGINT else signal.Signals(number).name
            self._in_line = self._in_line or number == signal.SIGINT  # the terminal has shown ^C
            if self._signal is None:
                self._signal = number
                self._patience.deadline = trio.current_time() + self._options.kill_after_s + _LAST_WORDS_S
                if not self._workspace.cancel(self._options.session, by=name):
                    continue
                words = f"{name}: cancelling; SIGKILL in {self._options.kill_after_s:g} s, or at once with another Ctrl-C"
            else:
                self._patience.deadline = min(self._patience.deadline, trio.current_time() + _LAST_WORDS_S)
                words = f"{name}: killing" if self._coordinator.kill() else f"{name}: nothing is left to kill"
            with trio.move_on_after(1.0):  # a stuck terminal must not keep the next signal waiting
                await self._say(words)

    # Output -----------------------------------------------------------------------------------------------------------

    async def _pass_on(self, _request: finale.Request, stream: Literal["stdout", "stderr"], data: bytes) -> None:
        await self._write(1 if stream == "stdout" else 2, data)

    async def _keep_pace(self, *_piece: object) -> None:
        """Hold the program up while many events wait for being printed: what falls too far behind would be dropped."""
        while self._events.statistics().lag > _LAG:
            await self._printed.park()

    async def _say(self, words: str) -> None:
        if self._reader_gone:  # as after `| head -1`: that is how the user wanted it to end
            return
        start = "\n" if self._in_line and os.isatty(2) else ""
        await self._write(2, f"{start}finale: {words}\n".encode(errors="backslashreplace"))

    async def _write(self, number: int, data: bytes) -> None:
        """Write to a descriptor. When that fails, nothing more is written there, and the runs are cancelled."""
        if number in self._lost:
            return
        try:
            await trio.to_thread.run_sync(_write_all, number, data, abandon_on_cancel=True)
        except OSError as error:
            self._lost.add(number)
            self._reader_gone |= isinstance(error, BrokenPipeError)
            self._workspace.cancel(self._options.session, by=f"the output cannot be written ({error.strerror})")
        else:
            if os.isatty(number):
                self._in_line = not data.endswith(b"\n")


def _write_all(number: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        try:
            rest = rest[os.write(number, rest) :]
        except BlockingIOError:  # whoever shares the descriptor with us has made it non-blocking
            select.select([], [number], [])
