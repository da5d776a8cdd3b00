"""A coordinator that runs a command-line program for each prompt.

    async with finale.open_workspace(SubprocessCoordinator(["my-agent", "--", "{prompt}"])) as ws:
        text = await ws.submit("fix the bug", session="s1").result()

It never goes through a shell, keeps a bounded part of the output, and leaves no process behind, whatever ends the run.
"""

import os
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Literal, TypeAlias

import trio

from finale.coordinator import RunContext
from finale.coordinators.output import Lines, Reader, Tail
from finale.coordinators.problems import ProgramFailed, ProgramLeft, ProgramNotStarted
from finale.coordinators.program import Program
from finale.events import Request

__all__ = ["OutputSink", "ProgramFailed", "ProgramLeft", "ProgramNotStarted", "SubprocessCoordinator"]

OutputSink: TypeAlias = Callable[[Request, Literal["stdout", "stderr"], bytes], Awaitable[None]]
"""Is awaited with each piece of what the program of a request writes: the bytes themselves, all of them, as they come."""

_PLACEHOLDER = "{prompt}"


class SubprocessCoordinator:
    r"""Runs ``command`` for each prompt. One object serves any number of runs at once.

    **The program** has no terminal, and leads a process group of its own, in a session of its own. Its standard input is empty
    unless the prompt goes there.

    **Progress** is ``{"stream": "stdout", "text": "one\ntwo\n"}``: one or more whole lines as they come, at most ``line_limit``
    bytes, decoded as UTF-8 with U+FFFD for what is none; ``text.splitlines()`` are the lines. A longer line is cut, and says
    by how much. Between "stdout" and "stderr" the order is approximate. Progress is lossy, as everywhere: a subscriber that
    falls behind sees a ``Gap``. Who wants each byte gives an ``output`` sink, which slows the program down instead.

    **The ending**: exit status 0 completes the run with ``answer`` as its text (None if there is none). Any other status, or
    death by a signal, fails it with ``ProgramFailed``, which has the end of stderr; a program that cannot be started, with
    ``ProgramNotStarted``. A cancelled run, or one whose ``output`` raised, has its program stopped: SIGTERM to the whole
    group, SIGKILL to what is left of it after ``kill_after_s``. What the program says meanwhile is still reported.

    **What the program leaves behind** when it exits by itself gets ``drain_s`` to finish its output, then the same SIGTERM
    and SIGKILL, before the run ends. Out of reach is only what has opened another session (a daemon), and all of it if this
    process itself is killed by SIGKILL.

    Args:
        command: the program and its arguments; a word each.
        prompt: how the program gets it. "argument": in place of each argument that is exactly ``{prompt}``, or else as the last
            one (a prompt may begin with a dash: put ``--`` before it if the program knows that). "stdin": on standard input,
            exactly the prompt, then the end. "none": not at all.
        answer: what becomes the text of a completed run. "last_line": the last line of stdout that is not blank, stripped.
            "all": the whole of stdout, stripped. Both are taken from the last ``text_limit`` bytes, and say so if that cut them.
        cwd: where the program runs (default: where this process does).
        env: its whole environment (default: a copy of ours).
        output: is awaited with each piece of output before more is read.
        kill_after_s: seconds between SIGTERM and SIGKILL. Keep it below the workspace's ``grace_s``, or a cancelled run is
            settled as abandoned while its program is still allowed to clean up.
        drain_s: seconds that output may still come when the program has exited, and be taken by ``output`` when the run is
            cancelled.
        line_limit: bytes of one progress text. A workspace keeps up to ``progress_limit`` of them, and half as much again.
        text_limit: bytes of stdout that are kept for the text.
        stderr_limit: bytes of stderr that are kept for the message of a failure.

    Raises:
        TypeError: ``command`` is a string, or has something in it that is neither that nor a path.
        ValueError: an argument is out of its range.
        NotImplementedError: the system is not POSIX, so that there are no process groups.
    """

    def __init__(
        self,
        command: Sequence[str | os.PathLike[str]],
        *,
        prompt: Literal["argument", "stdin", "none"] = "argument",
        answer: Literal["last_line", "all"] = "last_line",
        cwd: str | os.PathLike[str] | None = None,
        env: Mapping[str, str] | None = None,
        output: OutputSink | None = None,
        kill_after_s: float = 3.0,
        drain_s: float = 1.0,
        line_limit: int = 8192,
        text_limit: int = 1 << 20,
        stderr_limit: int = 4096,
    ) -> None:
        if os.name != "posix":
            raise NotImplementedError("SubprocessCoordinator needs process groups, which this system lacks; use a POSIX system")
        self._command = _words(command)
        _check_choice("prompt", prompt, "argument", "stdin", "none")
        _check_choice("answer", answer, "last_line", "all")
        for name, value in (("kill_after_s", kill_after_s), ("drain_s", drain_s)):
            _check_least(name, value, 0)
        for name, value in (("line_limit", line_limit), ("text_limit", text_limit), ("stderr_limit", stderr_limit)):
            _check_least(name, value, 1)
        self._prompt = prompt
        self._answer = answer
        self._cwd = None if cwd is None else os.fspath(cwd)
        self._env = None if env is None else dict(env)
        self._output = output
        self._kill_after_s = kill_after_s
        self._drain_s = drain_s
        self._line_limit = line_limit
        self._text_limit = text_limit
        self._stderr_limit = stderr_limit
        self._running: set[Program] = set()

    def kill(self) -> int:
        """SIGKILL to every program that is running now, without the courtesy of SIGTERM. Their runs end as they would otherwise.

        Returns how many there were.
        """
        for program in self._running:
            program.kill()
        return len(self._running)

    @trio.lowlevel.enable_ki_protection  # a KeyboardInterrupt between a start and the ``try`` after it would leave an orphan
    async def run(self, request: Request, ctx: RunContext) -> str | None:
        """Run the program for this request, as the class describes."""
        command, fed = self._invocation(request.prompt)
        program = await Program.start(command, stdin=fed is not None, cwd=self._cwd, env=self._env)
        self._running.add(program)
        stdout, stderr = Tail(self._text_limit), Tail(self._stderr_limit)
        readers = (
            Reader(program.stdout, self._reports("stdout", stdout, request, ctx)),
            Reader(program.stderr, self._reports("stderr", stderr, request, ctx)),
        )
        try:
            await self._attend(program, fed or b"", readers)
        finally:
            self._running.discard(program)
        status = await program.wait()
        if status != 0:
            raise ProgramFailed(command[0], status, stderr.text())
        return (stdout.text() if self._answer == "all" else stdout.last_line()) or None

    def _invocation(self, prompt: str) -> tuple[list[str], bytes | None]:
        """The words of the command line for this prompt, and what goes to standard input, if anything does."""
        if self._prompt == "none":
            return self._command, None
        try:
            encoded = os.fsencode(prompt)
        except UnicodeEncodeError as error:
            raise ProgramNotStarted(f"the prompt cannot be encoded: {error}; remove that character") from None
        if self._prompt == "stdin":
            return self._command, encoded
        if "\0" in prompt:
            raise ProgramNotStarted(f'the prompt {prompt!r:.60} has a NUL in it; remove that, or pass it with prompt="stdin"')
        if _PLACEHOLDER in self._command:
            return [prompt if word == _PLACEHOLDER else word for word in self._command], None
        return [*self._command, prompt], None

    async def _attend(self, program: Program, fed: bytes, readers: Sequence[Reader]) -> None:
        """Until nothing of the program is left, and its output is reported."""
        alone: BaseException | None = None
        try:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(program.feed, fed)
                for reader in readers:
                    nursery.start_soon(reader.run)
                try:
                    await self._let_end(program, readers)
                finally:
                    with trio.CancelScope(shield=True):
                        await self._make_end(program, readers)
                    nursery.cancel_scope.cancel()
        except BaseExceptionGroup as group:
            if len(group.exceptions) > 1:
                raise
            alone = group.exceptions[0]
        if alone is not None:  # out here, where raising it does not change its context
            raise alone

    async def _let_end(self, program: Program, readers: Sequence[Reader]) -> None:
        """The program ends by itself. What is in the pipes then is waited for as long as ``output`` takes."""
        await program.wait()
        with trio.move_on_after(self._drain_s):
            await _all_ended(readers)
        await program.stop(self._kill_after_s)
        for reader in readers:
            reader.finish()
        await _all_ended(readers)

    async def _make_end(self, program: Program, readers: Sequence[Reader]) -> None:
        """Whatever has happened: afterwards nothing runs, and nobody reads. Without effect if all has ended."""
        try:
            await program.stop(self._kill_after_s)
        finally:
            for reader in readers:
                reader.finish()
            with trio.move_on_after(self._drain_s):
                await _all_ended(readers)
            for reader in readers:
                reader.give_up()

    def _reports(
        self, stream: Literal["stdout", "stderr"], tail: Tail, request: Request, ctx: RunContext
    ) -> Callable[[bytes], Awaitable[None]]:
        """What is done with each chunk of a stream; an empty one says that there are no more."""
        lines = Lines(self._line_limit)

        async def report(chunk: bytes) -> None:
            tail.add(chunk)
            for text in lines.feed(chunk) if chunk else lines.rest():
                await ctx.progress({"stream": stream, "text": text})
            if chunk and self._output is not None:
                await self._output(request, stream, chunk)

        return report


async def _all_ended(readers: Sequence[Reader]) -> None:
    for reader in readers:
        await reader.ended.wait()


def _words(command: Sequence[str | os.PathLike[str]]) -> list[str]:
    if isinstance(command, str | bytes):
        raise TypeError(f"command is {command!r}, one string; give a list with a word for each argument, as shlex.split makes it")
    try:
        words = [os.fspath(word) for word in command]
        "".join(words)  # a path may be bytes; the prompt, which joins them, is text
    except TypeError as error:
        raise TypeError(f"command is {command!r}; each word must be a str or a path ({error})") from None
    if not words or words[0] in ("", _PLACEHOLDER):
        raise ValueError(f"command is {command!r}; its first word must be a program")
    return words


def _check_choice(name: str, value: str, *choices: str) -> None:
    if value not in choices:
        raise ValueError(f"{name} is {value!r}; it is one of {', '.join(map(repr, choices))}")


def _check_least(name: str, value: float, least: float) -> None:
    if not value >= least:
        raise ValueError(f"{name} is {value!r}; it must be at least {least}")
