"""The command ``finale``, as processes: exit status, stdout, stderr; never a traceback, always one terminal event."""

import json
import os
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import pytest

import finale
from finale.events import decode

PATIENCE_S = 120  # how long an event of a real process is waited for on a busy machine
FINALE = [sys.executable, "-m", "finale"]
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(Path(finale.__file__).parents[1])}
DEAF = "trap '' TERM; echo $$; while :; do sleep 0.05; done"
BIG = 100_000_000


def run(*arguments: str, **options: Any) -> subprocess.CompletedProcess[bytes]:
    """``finale …`` to its end, with nothing on standard input."""
    source = {} if "input" in options else {"stdin": subprocess.DEVNULL}
    done = subprocess.run(
        [*FINALE, *arguments], capture_output=True, env=ENVIRONMENT, timeout=PATIENCE_S, check=False, **source, **options
    )
    assert b"Traceback" not in done.stderr, done.stderr
    return done


def with_usual_signals() -> None:
    """A shell that starts pytest in the background has it ignore Ctrl-C, and its children would inherit that."""
    for number in (signal.SIGINT, signal.SIGHUP, signal.SIGQUIT):
        signal.signal(number, signal.SIG_DFL)


@contextmanager
def started(*arguments: str, **options: Any) -> Iterator[subprocess.Popen[bytes]]:
    """``finale …`` while it runs."""
    options = {"stdout": subprocess.PIPE, "preexec_fn": with_usual_signals, **options}
    options = {"stdin": subprocess.DEVNULL, "stderr": subprocess.PIPE, "env": ENVIRONMENT, **options}
    with subprocess.Popen([*FINALE, *arguments], **options) as process:
        try:
            yield process
        finally:
            process.kill()


def line_of(stream: IO[bytes] | None) -> bytes:
    """The next line, as soon as it is there."""
    assert stream is not None
    line = b""
    while not line.endswith(b"\n"):
        assert select.select([stream], [], [], PATIENCE_S)[0], f"nothing came within {PATIENCE_S} s after {line!r}"
        byte = os.read(stream.fileno(), 1)
        assert byte, f"ended after {line!r}"
        line += byte
    return line


def flags(form: str) -> list[str]:
    return ["--json"] if form == "json" else []


def rest_of(process: subprocess.Popen[bytes]) -> tuple[bytes, str]:
    stdout, stderr = process.communicate(timeout=PATIENCE_S)
    assert b"Traceback" not in stderr, stderr
    return stdout or b"", stderr.decode()


def is_alive(pid: int) -> bool:
    """Whether there is such a process, and it is more than a zombie that process 1 has not reaped yet."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except FileNotFoundError:
        return False


def endings(stderr: str) -> list[str]:
    """The terminal events that text mode has told."""
    return [line for line in stderr.splitlines() if line.startswith(("finale: completed", "finale: failed", "finale: cancelled"))]


def history(stdout: bytes) -> list[finale.Event]:
    """The events of ``--json``, which all decode, and of which the last is the only terminal one."""
    events = [decode(json.loads(line)) for line in stdout.splitlines()]
    assert [isinstance(event, finale.RunComplete) for event in events] == [False] * (len(events) - 1) + [True]
    return events


# ──────────── how it ends


@pytest.mark.parametrize(
    ("script", "status", "ending"),
    [
        ("true", 0, "finale: completed after"),
        ("exit 3", 1, "'sh' ended with exit status 3"),
        ("kill -SEGV $$", 1, "'sh' was killed by SIGSEGV"),
    ],
)
@pytest.mark.parametrize("form", ["text", "json"])
def test_the_exit_status_tells_the_status(script: str, status: int, ending: str, form: str) -> None:
    """0 completed, 1 failed; in both forms, with one terminal event."""
    done = run("run", *flags(form), "--", "sh", "-c", script)
    assert done.returncode == status
    if form == "text":
        (line,) = endings(done.stderr.decode())
        assert ending in line
    else:
        assert done.stderr == b""
        assert isinstance(complete := history(done.stdout)[-1], finale.RunComplete)
        assert complete.status == ("failed" if status else "completed")


def test_a_missing_program_is_one_line() -> None:
    """It names the program and says what to do."""
    done = run("run", "--", "no-such-program")
    assert (done.returncode, done.stdout) == (1, b"")
    (line,) = done.stderr.decode().splitlines()
    assert "'no-such-program'" in line
    assert "check the spelling" in line
    failed = history(run("run", "--json", "--", "no-such-program").stdout)[-1]
    assert isinstance(failed, finale.RunComplete)
    assert failed.status is finale.Status.FAILED


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "usage"),
        (["walk"], "walk"),
        (["run"], "no COMMAND"),
        (["run", "--"], "no COMMAND"),
        (["run", "--", ""], "no COMMAND"),
        (["run", "--nonsense", "--", "true"], "--nonsense"),
        (["run", "--kill-after", "-1", "--", "true"], "'-1'"),
        (["run", "--kill-after", "soon", "--", "true"], "'soon'"),
        (["run", "--session", " ", "--", "true"], "--session is ' '"),
        (["run", "--prompt", "", "--", "true"], "prompt is empty"),
        (["run", "--prompt", "x", "--prompt", " ", "--", "true"], "prompt is empty"),
        (["run", "--stdin", "--", "cat"], "prompt is empty"),
    ],
)
def test_wrong_usage_runs_nothing(arguments: list[str], said: str) -> None:
    """Exit status 2, the mistake on standard error, nothing on standard output."""
    done = run(*arguments)
    assert (done.returncode, done.stdout) == (2, b"")
    assert said in done.stderr.decode()


def test_help_teaches_by_example() -> None:
    """And tells the exit statuses."""
    done = run("run", "--help")
    assert done.returncode == 0
    for part in (b"finale run -- make test", b"{prompt}", b"--json", b"130", b"141"):
        assert part in done.stdout
    assert run("--version").stdout.startswith(b"finale ")


# ──────────── what goes in


def test_the_command_is_taken_as_it_is() -> None:
    """No shell; its own options and dashes are its own; the request's prompt is the command line."""
    for arguments in (["--", "printf", "%s|", "-x", "--", "$HOME"], ["printf", "%s|", "-x", "--", "$HOME"]):
        assert run("run", *arguments).stdout == b"-x|--|$HOME|"
    accepted = history(run("run", "--json", "--session", "s", "--", "echo", "a b").stdout)[0]
    assert isinstance(accepted, finale.RunAccepted)
    assert (accepted.request.prompt, accepted.session) == ("echo 'a b'", "s")


def test_prompts_are_runs_one_after_the_other() -> None:
    """In one session, each with its terminal event; one that fails makes the exit status 1 and does not stop the next."""
    done = run("run", "--prompt", "3", "--prompt", "0", "--", "sh", "-c", 'echo "$1"; exit "$1"', "sh")
    assert (done.returncode, done.stdout) == (1, b"3\n0\n")
    first, second = done.stderr.decode().splitlines()
    assert first.startswith("finale: run 1 of 2 failed")
    assert second.startswith("finale: run 2 of 2 completed")


@pytest.mark.parametrize("program", ["cat", "true"])
def test_standard_input_is_passed_on(program: str) -> None:
    """Whatever its size and bytes, and whether or not the program reads it."""
    data = bytes(range(1, 256)) * 4096
    done = run("run", "--stdin", "--", program, input=data)
    assert (done.returncode, done.stdout) == (0, data if program == "cat" else b"")
    assert run("run", "--stdin", "--prompt", "given", "--", program).stdout == (b"given" if program == "cat" else b"")


def test_without_being_asked_it_gives_no_input() -> None:
    """Standard input stays ours."""
    assert run("run", "--", "cat", input=b"ours").stdout == b""


# ──────────── what comes out


def test_output_is_streamed_while_the_program_runs(tmp_path: Path) -> None:
    """Both streams, unfinished lines too; the program goes on only after they were seen."""
    go = tmp_path / "go"
    with started("run", "--", "sh", "-c", 'echo out; echo err >&2; until [ -e "$0" ]; do sleep 0.01; done', str(go)) as process:
        assert line_of(process.stdout) == b"out\n"
        assert line_of(process.stderr) == b"err\n"
        assert process.poll() is None
        go.touch()
        _, stderr = rest_of(process)
    assert (process.returncode, len(endings(stderr))) == (0, 1)


def test_output_is_byte_for_byte() -> None:
    """Also what is no text, and a last line that does not end."""
    done = run("run", "--", "sh", "-c", r"printf '\377\000\r\n\033[1mx'; printf '\376' >&2")
    assert done.stdout == b"\xff\0\r\n\x1b[1mx"
    assert done.stderr.startswith(b"\xfe")


@pytest.mark.parametrize("source", ["yes 'an ordinary line of output' | head -c 100000000", "head -c 100000000 /dev/zero"])
@pytest.mark.parametrize("form", ["text", "json"])
def test_memory_does_not_grow_with_the_output(source: str, form: str, tmp_path: Path) -> None:
    """100 MB with lines and without any: all of it comes through, in a few tens of MB more than nothing takes."""
    out = tmp_path / "out"

    def most_kib(command: str) -> int:
        with out.open("wb") as file, started("run", *flags(form), "--", "sh", "-c", command, stdout=file) as process:
            assert process.stderr is not None
            stderr = process.stderr.read().decode()
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
        assert process.returncode == 0, stderr
        return usage.ru_maxrss

    nothing = most_kib("true")  # at least as much as the tests themselves, of which the process is a fork
    assert most_kib(source) < nothing + 50_000
    if form == "text":
        assert out.stat().st_size == BIG
        return
    with out.open("rb") as file:
        sizes = [len(event["payload"]["text"]) for event in map(json.loads, file) if event["type"] == "Progress"]
    if source.startswith("yes"):
        assert sum(sizes) == BIG
    else:
        assert sizes == [(1 << 20) + len(f"… [{BIG - (1 << 20)} bytes cut]")]


def test_json_is_pure_and_complete() -> None:
    """Nothing but events on standard output, nothing at all on standard error, and no event is dropped."""
    done = run("run", "--json", "--prompt", "Grüße", "--", "sh", "-c", 'seq 200000; echo "$0" >&2')
    events = history(done.stdout)
    assert (done.returncode, done.stderr) == (0, b"")
    assert [event.index for event in events] == list(range(len(events)))
    payloads = [event.payload for event in events if isinstance(event, finale.Progress)]
    assert "".join(p["text"] for p in payloads if p["stream"] == "stdout") == "".join(f"{n}\n" for n in range(1, 200_001))
    assert "".join(p["text"] for p in payloads if p["stream"] == "stderr") == "Grüße\n"
    assert isinstance(events[-1], finale.RunComplete)
    assert events[-1].text == "200000"


# ──────────── signals


@pytest.mark.parametrize(
    ("number", "status", "by"), [(signal.SIGINT, 130, "Ctrl-C"), (signal.SIGTERM, 143, "SIGTERM"), (signal.SIGHUP, 129, "SIGHUP")]
)
def test_a_signal_cancels(number: int, status: int, by: str) -> None:
    """The program may clean up, what it says then comes through, and one ending is told."""
    script = "trap 'sleep 0.5; echo saved; exit' TERM; echo $$; while :; do sleep 0.01; done"
    with started("run", "--", "sh", "-c", script) as process:
        pid = int(line_of(process.stdout))
        process.send_signal(number)
        stdout, stderr = rest_of(process)
    assert (process.returncode, stdout) == (status, b"saved\n")
    assert f"finale: {by}: cancelling" in stderr
    (line,) = endings(stderr)
    assert line.startswith("finale: cancelled")
    assert not is_alive(pid)


def test_a_signal_cancels_what_waits_as_well() -> None:
    """Each run is told by its place in the command line, whichever ends first."""
    with started("run", "--prompt", "a", "--prompt", "b", "--", "sh", "-c", 'echo "$1"; exec sleep 1000', "sh") as process:
        assert line_of(process.stdout) == b"a\n"
        process.send_signal(signal.SIGINT)
        stdout, stderr = rest_of(process)
    assert (process.returncode, stdout) == (130, b"")
    second, first = (line for line in stderr.splitlines() if "cancelling" not in line)  # which may come behind that of what waits
    assert first.startswith("finale: run 1 of 2 cancelled")
    assert second.startswith("finale: run 2 of 2 cancelled")


def test_a_cancelled_run_ends_the_events() -> None:
    """With --json, too."""
    with started("run", "--json", "--", "sh", "-c", "echo ready; exec sleep 1000") as process:
        lines = b""
        while b"ready" not in lines:
            lines += line_of(process.stdout)
        process.send_signal(signal.SIGINT)
        stdout, _ = rest_of(process)
    complete = history(lines + stdout)[-1]
    assert isinstance(complete, finale.RunComplete)
    assert (process.returncode, complete.status, complete.cancelled_by) == (130, "cancelled", "Ctrl-C")


def test_a_program_that_ignores_sigterm_is_killed_in_the_end() -> None:
    """After --kill-after."""
    with started("run", "--kill-after", "0.2", "--", "sh", "-c", DEAF) as process:
        pid = int(line_of(process.stdout))
        process.send_signal(signal.SIGINT)
        _, stderr = rest_of(process)
    assert (process.returncode, len(endings(stderr)), is_alive(pid)) == (130, 1, False)


def test_the_second_ctrl_c_kills_at_once() -> None:
    """Although --kill-after would allow an hour."""
    with started("run", "--kill-after", "3600", "--", "sh", "-c", DEAF) as process:
        pid = int(line_of(process.stdout))
        process.send_signal(signal.SIGINT)
        assert b"cancelling" in line_of(process.stderr)
        process.send_signal(signal.SIGINT)
        _, stderr = rest_of(process)
    assert "finale: Ctrl-C: killing" in stderr
    assert (process.returncode, len(endings(stderr)), is_alive(pid)) == (130, 1, False)


def test_a_signal_that_was_ignored_stays_ignored() -> None:
    """As nohup and background jobs want it; others cancel."""

    def ignore_hangup() -> None:
        with_usual_signals()
        signal.signal(signal.SIGHUP, signal.SIG_IGN)

    with started("run", "--", "sh", "-c", "echo ready; exec sleep 1000", preexec_fn=ignore_hangup) as process:
        assert line_of(process.stdout) == b"ready\n"
        process.send_signal(signal.SIGHUP)
        process.send_signal(signal.SIGTERM)
        _, stderr = rest_of(process)
    assert process.returncode == 143
    assert "SIGHUP" not in stderr


@pytest.mark.parametrize("form", ["text", "json"])
def test_a_reader_that_takes_nothing_does_not_stop_a_signal(form: str) -> None:
    """Writing is stuck, and still the first SIGTERM ends everything in bounded time."""
    script = "echo $$ >&2; exec yes" if form == "text" else "exec yes"
    with started("run", "--kill-after", "0", *flags(form), "--", "sh", "-c", script) as process:
        assert process.stdout is not None
        if form == "text":
            pid = int(line_of(process.stderr))
        os.read(process.stdout.fileno(), 1)
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE_S) == 143
    assert form == "json" or not is_alive(pid)


# ──────────── nobody reads


@pytest.mark.parametrize("form", ["text", "json"])
def test_a_closed_pipe_ends_quietly_and_stops_the_program(form: str) -> None:
    """As with ``| head -1``: exit status 141, nothing on standard error."""
    script = "echo $$; exec yes"
    with started("run", *flags(form), "--", "sh", "-c", script) as process:
        line = b""
        while not line.strip().isdigit():
            line = line_of(process.stdout)
            if form == "json":
                line = json.loads(line).get("payload", {}).get("text", "").partition("\n")[0].encode()
        assert process.stdout is not None
        process.stdout.close()
        assert process.wait(PATIENCE_S) == 141
        assert process.stderr is not None
        assert process.stderr.read() == b""
    assert not is_alive(int(line))


@pytest.mark.parametrize("form", ["text", "json"])
def test_a_full_disk_is_told(form: str) -> None:
    """Exit status 1, the reason on standard error; the program is stopped."""
    with Path("/dev/full").open("wb") as full, started("run", *flags(form), "--", "yes", stdout=full) as process:
        _, stderr = rest_of(process)
    assert process.returncode == 1
    (line,) = endings(stderr)
    assert "No space left on device" in line


def test_closed_descriptors_do_no_harm() -> None:
    """Output that has no place to go goes nowhere, not into a file that happens to get the number."""
    check = "import os, finale.cli; finale.cli._open_missing_streams(); os._exit(os.open('/', os.O_RDONLY) < 3)"
    script = '"$1" -c "$2" <&- >&- 2>&-'
    subprocess.run(["/bin/sh", "-c", script, "sh", sys.executable, check], env=ENVIRONMENT, timeout=PATIENCE_S, check=True)
    script = '"$@" run -- sh -c "echo out; echo err >&2" <&- >&- 2>&-'
    done = subprocess.run(["/bin/sh", "-c", script, "sh", *FINALE], env=ENVIRONMENT, timeout=PATIENCE_S, check=False)
    assert done.returncode == 0
