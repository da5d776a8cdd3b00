"""The coordinator that runs programs: real processes, each of which is gone when its run has ended."""

import contextlib
import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import trio

import finale
from finale.coordinators import SubprocessCoordinator
from finale.coordinators.program import _has_living_member

PATIENCE_S = 60  # how long an event of a real process is waited for on a busy machine


def is_alive(pid: int) -> bool:
    """Whether there is such a process, and it is more than a zombie that process 1 has not reaped yet."""
    try:
        os.kill(pid, 0)
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except (ProcessLookupError, FileNotFoundError):
        return False


def descriptors() -> set[str]:
    return set(os.listdir("/proc/self/fd"))  # noqa: PTH208  # names are all there is to compare


def shell(script: str, **options: Any) -> SubprocessCoordinator:
    return SubprocessCoordinator(["sh", "-c", script], **{"prompt": "none", **options})


def python(script: str, **options: Any) -> SubprocessCoordinator:
    return SubprocessCoordinator([sys.executable, "-c", script], **{"prompt": "none", **options})


async def history(
    coordinator: Any, prompt: str = "hello", on_text: Callable[[finale.RunHandle, str], None] = lambda run, text: None
) -> tuple[finale.RunComplete, dict[str, str]]:
    """The one ending of a run, and its progress joined by stream."""
    said = {"stdout": "", "stderr": ""}
    endings = []
    with trio.fail_after(PATIENCE_S):
        async with finale.open_workspace(coordinator) as workspace:
            run = workspace.submit(prompt, "s")
            async for event in run.events():
                assert not endings, "nothing comes after the terminal event"
                if isinstance(event, finale.Progress):
                    said[event.payload["stream"]] += event.payload["text"]
                    on_text(run, event.payload["text"])
                elif isinstance(event, finale.RunComplete):
                    endings.append(event)
    (ending,) = endings
    return ending, said


def message(ending: finale.RunComplete) -> str:
    assert ending.status is finale.Status.FAILED
    assert ending.error is not None
    return ending.error.message


# ──────────── the prompt, the answer


@pytest.mark.parametrize(
    ("words", "prompt", "said"),
    [
        (["printf", "%s,"], "argument", "a b;$HOME,"),
        (["printf", "%s,", "{prompt}", "end"], "argument", "a b;$HOME,end,"),
        (["printf", "%s,", "x{prompt}"], "argument", "x{prompt},a b;$HOME,"),
        (["cat"], "stdin", "a b;$HOME"),
        (["printf", "%s,", "{prompt}"], "none", "{prompt},"),
        (["cat"], "none", ""),
    ],
)
async def test_the_prompt_reaches_the_program_as_it_is(words: list[str], prompt: Any, said: str) -> None:
    """As an argument, in the place of the placeholder, on standard input, or not at all; no shell ever reads it."""
    ending, progress = await history(SubprocessCoordinator(words, prompt=prompt), "a b;$HOME")
    assert (ending.status, progress) == (finale.Status.COMPLETED, {"stdout": said, "stderr": ""})


@pytest.mark.parametrize(
    ("answer", "script", "text"),
    [
        ("last_line", r"printf 'one\n two \n\n'", "two"),
        ("all", r"printf 'one\n two \n\n'", "one\n two"),
        ("last_line", "echo to stderr >&2", None),
        ("all", "true", None),
    ],
)
async def test_the_text_is_the_last_line_or_all_of_stdout(answer: Any, script: str, text: str | None) -> None:
    """Stripped; None if there is nothing."""
    ending, _ = await history(shell(script, answer=answer))
    assert (ending.status, ending.text) == (finale.Status.COMPLETED, text)


async def test_output_is_reported_while_the_program_runs(tmp_path: Path) -> None:
    """The program goes on only after its first line was seen."""
    go = tmp_path / "go"
    script = f"echo first; while [ ! -e {shlex.quote(str(go))} ]; do sleep 0.01; done; echo second; echo error >&2"
    ending, said = await history(shell(script), on_text=lambda _, text: go.touch() if text == "first\n" else None)
    assert (ending.text, said) == ("second", {"stdout": "first\nsecond\n", "stderr": "error\n"})


async def test_cwd_and_env_are_those_that_were_given(tmp_path: Path) -> None:
    """The environment is replaced, not extended."""
    ending, _ = await history(shell('echo "$PWD $NAME ${HOME-none}"', cwd=tmp_path, env={"NAME": "value", "PATH": os.defpath}))
    assert ending.text == f"{tmp_path} value none"


async def test_bytes_that_are_no_text_are_replaced_and_long_lines_are_cut_visibly() -> None:
    """And the lines around them come through whole."""
    ending, said = await history(shell(r"printf 'a\377b\n'; printf %05000d 7; printf '\nend'", line_limit=100))
    assert said["stdout"] == f"a\ufffdb\n{'0' * 100}… [4900 bytes cut]\nend"
    assert ending.text == "end"


# ──────────── failures


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("echo why >&2; exit 3", "'sh' ended with exit status 3\nstderr ended with:\nwhy"),
        ("exit 4", "'sh' ended with exit status 4"),
        ("kill -KILL $$", "'sh' was killed by SIGKILL"),
        ("kill -40 $$", "'sh' was killed by signal 40"),
    ],
)
async def test_a_failure_tells_the_status_and_the_end_of_stderr(script: str, said: str) -> None:
    """Exit status or the name of the signal, then what stderr ended with, if anything."""
    ending, _ = await history(shell(script))
    assert message(ending) == said
    assert ending.error is not None
    assert ending.error.type.endswith("ProgramFailed")


async def test_a_failure_keeps_only_the_end_of_stderr() -> None:
    """What was cut is counted."""
    ending, _ = await history(shell("seq 100000 >&2; exit 1", stderr_limit=12))
    assert message(ending).endswith("stderr ended with:\n[588883 bytes cut] …9999\n100000")


def make_files(folder: Path) -> None:
    for name, content, mode in [("plain", "", 0o644), ("headless", "\0\1\2", 0o755), ("orphan", "#!/nowhere/sh\n", 0o755)]:
        (folder / name).write_text(content)
        (folder / name).chmod(mode)


@pytest.mark.parametrize(
    ("words", "options", "prompt", "parts"),
    [
        (["no-such-program"], {}, "x", ["'no-such-program'", "check the spelling"]),
        (["/nowhere/tool"], {}, "x", ["'/nowhere/tool'", "check the spelling"]),
        (["./plain"], {}, "x", ["'./plain'", "permission denied", "chmod +x"]),
        (["./headless"], {}, "x", ["'./headless'", "exec format error", "#!/bin/sh"]),
        (["./orphan"], {}, "x", ["'./orphan'", "interpreter"]),
        (["true"], {"cwd": "nowhere"}, "x", ["cwd is 'nowhere'", "no such file"]),
        (["true"], {"cwd": "plain"}, "x", ["cwd is 'plain'", "not a directory"]),
        (["true"], {}, "a\0b", ["NUL", 'prompt="stdin"']),
        (["true"], {}, "\ud800", ["cannot be encoded"]),
        (["true", "a\0b"], {}, "x", ["'true'", "null byte"]),
        (["true"], {}, "x" * 5_000_000, ["too long", 'prompt="stdin"']),
    ],
)
async def test_what_cannot_be_started_is_named_with_the_remedy(
    words: list[str], options: dict[str, Any], prompt: str, parts: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The run fails with one line."""
    monkeypatch.chdir(tmp_path)
    make_files(tmp_path)
    ending, _ = await history(SubprocessCoordinator(words, **options), prompt)
    assert "\n" not in message(ending)
    for part in parts:
        assert part in message(ending)


@pytest.mark.parametrize(
    ("words", "options", "error", "part"),
    [
        ("ls -l", {}, TypeError, "'ls -l'"),
        ([1], {}, TypeError, "path"),
        ([b"ls"], {}, TypeError, "str"),
        ([], {}, ValueError, r"\[\]"),
        ([""], {}, ValueError, "program"),
        (["{prompt}"], {}, ValueError, "program"),
        (["ls"], {"prompt": "file"}, ValueError, "'file'"),
        (["ls"], {"answer": "first"}, ValueError, "'first'"),
        (["ls"], {"kill_after_s": -1}, ValueError, "-1"),
        (["ls"], {"drain_s": float("nan")}, ValueError, "nan"),
        (["ls"], {"line_limit": 0}, ValueError, "line_limit"),
    ],
)
def test_wrong_arguments_are_refused(words: Any, options: dict[str, Any], error: type[Exception], part: str) -> None:
    """The message shows the value."""
    with pytest.raises(error, match=part):
        SubprocessCoordinator(words, **options)


# ──────────── stopping


def cancel_when(wanted: str) -> Callable[[finale.RunHandle, str], None]:
    return lambda run, text: run.cancel() and None if wanted in text else None


async def test_a_cancel_lets_the_whole_group_clean_up() -> None:
    """SIGTERM reaches the child of a shell that dies at once; the child gets its time, and what it says is reported."""
    child = "trap 'sleep 0.2; echo saved; exit' TERM; echo $$; echo ready; while :; do sleep 0.01; done"
    ending, said = await history(shell(f"sh -c {shlex.quote(child)}; true"), on_text=cancel_when("ready"))
    assert ending.status is finale.Status.CANCELLED
    assert not ending.abandoned
    assert "saved" in said["stdout"]
    assert not is_alive(int(said["stdout"].split()[0]))


async def test_a_program_that_ignores_sigterm_is_killed() -> None:
    """After kill_after_s, and so is a child that ignores it, too."""
    deaf = "trap '' TERM; (echo $$; sh -c 'echo $PPID; echo $$; echo ready; while :; do sleep 1; done') ; wait"
    ending, said = await history(shell(deaf, kill_after_s=0.1), on_text=cancel_when("ready"))
    assert ending.status is finale.Status.CANCELLED
    assert not any(is_alive(int(word)) for word in said["stdout"].split() if word.isdigit())


async def test_a_child_that_ignores_sigterm_is_killed_although_the_program_itself_has_gone() -> None:
    """The group is what must be empty."""
    child = "trap '' TERM; echo $$; echo ready; exec >&- 2>&-; while :; do sleep 1; done"
    ending, said = await history(shell(f"sh -c {shlex.quote(child)}; true", kill_after_s=0.1), on_text=cancel_when("ready"))
    assert ending.status is finale.Status.CANCELLED
    assert not is_alive(int(said["stdout"].split()[0]))


def test_a_zombie_is_nobody() -> None:
    """A group in which all have ended is empty, also where nobody reaps them."""
    with subprocess.Popen(["/bin/cat"], stdin=subprocess.PIPE, start_new_session=True) as process:
        assert _has_living_member(process.pid)
        process.stdin.close()
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        assert not _has_living_member(process.pid)


async def test_kill_does_not_wait() -> None:
    """SIGKILL at once to what is running; a run that nobody cancelled has failed then."""
    coordinator = shell("trap '' TERM; echo ready; while :; do sleep 1; done", kill_after_s=PATIENCE_S)
    assert coordinator.kill() == 0
    killed = []
    ending, _ = await history(coordinator, on_text=lambda *_: killed.append(coordinator.kill()))
    assert killed == [1]
    assert message(ending) == "'sh' was killed by SIGKILL"


async def test_what_a_program_leaves_behind_is_stopped() -> None:
    """A grandchild that holds the pipes delays the run by drain_s, and is gone when it has ended."""
    ending, said = await history(shell("sleep 1000 & echo $!; exit 0", drain_s=0.1))
    assert ending.status is finale.Status.COMPLETED
    assert not is_alive(int(said["stdout"]))


async def test_a_grandchild_that_writes_for_ever_does_not_keep_the_run() -> None:
    """Its output is read for drain_s."""
    ending, said = await history(shell("yes & echo $! >&2; exit 0", drain_s=0.1))
    assert (ending.status, ending.text) == (finale.Status.COMPLETED, "y")
    assert not is_alive(int(said["stderr"]))


@pytest.mark.parametrize("program", ["sleep 1000", "yes", "sh -c 'while echo tick; do sleep 0.01; done'"])
async def test_a_daemon_that_holds_the_pipe_does_not_keep_the_run(program: str) -> None:
    """It has left for a session of its own, out of reach; it may find the pipe closed."""
    daemon = f"import os; os.setsid(); print(os.getpid(), flush=True); os.execvp('sh', ['sh', '-c', {'exec ' + program!r}])"
    launcher = f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', {daemon!r}], stderr=2); sys.stdin.read()"
    ending, said = await history(python(launcher + "; print('x' * 50000, file=sys.stderr)", drain_s=1.0))
    pid = int(said["stdout"].split()[0])
    assert is_alive(pid) or program != "sleep 1000"
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
    assert ending.status is finale.Status.COMPLETED
    assert "x" in said["stderr"]


@pytest.mark.parametrize("script", ["exit 0", "exec <&-; echo done", "head -c 10 >&2"])
async def test_a_prompt_that_nobody_reads_is_no_error(script: str) -> None:
    """Also when it is larger than any pipe."""
    ending, _ = await history(shell(script, prompt="stdin"), "x" * 5_000_000)
    assert ending.status is finale.Status.COMPLETED


async def test_a_cancel_at_any_step_leaves_nothing() -> None:
    """No process, no descriptor; one ending each, cancelled unless the program was quicker."""
    pids: set[int] = set()
    statuses = set()

    async def sink(_request: finale.Request, _stream: str, data: bytes) -> None:
        pids.update(map(int, data.split()))
        await trio.lowlevel.checkpoint()

    before = descriptors()
    for steps in range(60):
        with trio.fail_after(PATIENCE_S):
            async with finale.open_workspace(shell("echo $$; sleep 0.05", prompt="stdin", output=sink)) as workspace:
                run = workspace.submit("x" * 100_000, "s")
                for step in range(steps):
                    await trio.sleep(0.0 if step < 30 else 0.003)
                run.cancel()
                statuses.add((await run.wait()).status)
    assert finale.Status.CANCELLED in statuses
    assert finale.Status.FAILED not in statuses
    assert pids
    assert not any(map(is_alive, pids))
    assert descriptors() == before


async def test_leaving_the_workspace_by_a_cancellation_stops_the_program() -> None:
    """A cancellation from outside is as good as a cancel."""
    seen: list[int] = []
    with trio.fail_after(PATIENCE_S), trio.CancelScope() as scope:
        async with finale.open_workspace(shell("echo $$; sleep 1000")) as workspace:
            async for event in workspace.submit("x", "s").events():
                if isinstance(event, finale.Progress):
                    seen.append(int(event.payload["text"]))
                    scope.cancel()
    assert not is_alive(seen[0])


# ──────────── the sink


async def test_the_sink_gets_each_byte_while_progress_may_be_dropped() -> None:
    """A slow sink slows the program down; the subscriber that sleeps meanwhile sees a gap."""
    size, got = 0, 0

    async def sink(request: finale.Request, stream: str, data: bytes) -> None:
        nonlocal got
        assert (request.prompt, stream) == ("hello", "stdout")
        got += len(data)
        await trio.lowlevel.checkpoint()

    with trio.fail_after(PATIENCE_S):
        async with finale.open_workspace(shell("seq 300000", output=sink, line_limit=64), progress_limit=10) as workspace:
            run = workspace.submit("hello", "s")
            ending = await run.wait()
            async for event in run.events():
                size += isinstance(event, finale.Gap)
    assert (ending.text, got, size) == ("300000", 1_988_895, 1)


async def test_an_error_of_the_sink_fails_the_run_and_stops_the_program() -> None:
    """As itself, not in a group."""
    pids = []

    async def sink(_request: finale.Request, _stream: str, data: bytes) -> None:
        pids.append(int(data))
        raise OSError("the disk is full")

    ending, _ = await history(shell("echo $$; sleep 1000", output=sink))
    assert message(ending) == "the disk is full"
    assert not is_alive(pids[0])


async def test_a_sink_that_takes_nothing_does_not_stop_a_cancel() -> None:
    """It is cancelled drain_s after the program is gone."""
    entered = trio.Event()

    async def sink(*_piece: object) -> None:
        entered.set()
        await trio.sleep_forever()

    with trio.fail_after(PATIENCE_S):
        async with finale.open_workspace(shell("yes", output=sink, drain_s=0.05)) as workspace:
            run = workspace.submit("x", "s")
            await entered.wait()
            run.cancel()
            ending = await run.wait()
    assert (ending.status, ending.error) == (finale.Status.CANCELLED, None)


async def test_a_slow_sink_gets_all_of_what_an_ended_program_wrote() -> None:
    """The drain is measured on the pipe, not on the sink."""
    got = bytearray()

    async def sink(_request: finale.Request, _stream: str, data: bytes) -> None:
        await trio.sleep(0.1)
        got.extend(data)

    ending, _ = await history(shell("seq 20000", output=sink, drain_s=0.01))
    assert bytes(got) == b"".join(b"%d\n" % number for number in range(1, 20001))
    assert ending.text == "20000"


# ──────────── side by side


async def test_many_programs_run_side_by_side() -> None:
    """One coordinator serves the runs of all sessions, and keeps their outputs apart."""
    with trio.fail_after(PATIENCE_S):
        async with finale.open_workspace(SubprocessCoordinator(["echo"])) as workspace:
            runs = [workspace.submit(f"prompt {n}", f"session {n % 8}") for n in range(40)]
            assert [await run.result() for run in runs] == [f"prompt {n}" for n in range(40)]
