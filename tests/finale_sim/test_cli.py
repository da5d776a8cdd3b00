"""``python -m finale_sim`` as a process: exit codes, what stands on which stream, and what a wrong input gets."""

import errno
import json
import os
import pty
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import IO, Any, TypeAlias

import pytest

from finale_sim.campaign import prove
from finale_sim.canaries import CANARIES
from finale_sim.cli import main
from finale_sim.museum.exhibit import names_of_exhibits
from finale_sim.program import ScenarioProgram
from finale_sim.report import Report

PROGRAMS = '''
import os, signal, sys
import trio
from finale_sim import disk

async def fine():
    print("a program may print")
    async with trio.open_nursery() as nursery:
        nursery.start_soon(trio.sleep, 1)
        nursery.start_soon(trio.sleep, 1)

async def lost_update():
    balance = 0

    async def deposit():
        nonlocal balance
        before = balance
        await trio.lowlevel.checkpoint()
        balance = before + 1

    async with trio.open_nursery() as nursery:
        nursery.start_soon(deposit)
        nursery.start_soon(deposit)
    assert balance == 2, f"one deposit is lost: {balance}"

async def stuck():
    await trio.Event().wait()

async def online():
    await trio.open_tcp_stream("example.com", 80)

count = 0
destructive = False

async def forgetful():
    global count
    count += 1
    raise ValueError(f"number {count}")

async def hostile():
    raise ValueError("\\ud800 \\x1b[31m\\nsecond line")

class Unreadable(Exception):
    def __str__(self):
        raise RuntimeError("no message")

async def unreadable():
    raise Unreadable

async def many_stuck():
    async with trio.open_nursery() as nursery:
        for _ in range(300):
            nursery.start_soon(trio.sleep_forever)

class LastWord:
    def __del__(self):
        os.kill(os.getpid(), signal.SIGINT)
        sum(range(10))

async def ends_with_a_destructor():
    global destructive
    destructive = True
    await long()
    return LastWord() if count == 5 else None

async def spins():
    print("spinning", file=sys.stderr, flush=True)
    while True:
        pass

async def long():
    global count
    count += 1
    if count == 5 and not destructive:
        os.kill(os.getpid(), signal.SIGINT)
    async with trio.open_nursery() as nursery:
        for _ in range(30):
            nursery.start_soon(trio.sleep, 1)

async def saves():
    disk()["old"] = disk().pop("new", "a letter")
    await trio.sleep(1)
    disk()["new"] = disk().pop("old")

async def opens():
    assert "old" not in disk()

seen = 0

async def is_interrupted():
    """Fails in orders that take many deviations; the trial behind the second failure, one of the shrinker's, is interrupted."""
    global seen
    if seen == 2:
        seen = 3
        os.kill(os.getpid(), signal.SIGINT)
    order = []

    async def child(number):
        await trio.lowlevel.checkpoint()
        order.append(number)

    async with trio.open_nursery() as nursery:
        for number in range(8):
            nursery.start_soon(child, number)
    if sum(a > b for at, a in enumerate(order) for b in order[at:]) >= 16:
        seen += 1
        raise ValueError("much disorder")

class Agent:
    async def run(self, request, ctx):
        print("an agent may print")
        return "answer"

class Never:
    async def run(self, request, ctx):
        await trio.sleep_forever()

class Needs:
    def __init__(self, key): ...
    async def run(self, request, ctx): ...

def sync(): ...
def sync_coordinator(request, ctx): ...
number = 5
'''


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A user's folder."""
    folder = tmp_path_factory.mktemp("user")
    (folder / "mine.py").write_text(PROGRAMS, encoding="utf-8")
    (folder / "raises.py").write_text("raise ValueError('first line\\nsecond line')", encoding="utf-8")
    (folder / "leaves.py").write_text("import sys; sys.exit(0)", encoding="utf-8")
    (folder / "broken.py").write_text("def broken(:\n", encoding="utf-8")
    return folder


def environment(hash_seed: str = "0", **more: str) -> dict[str, str]:
    return os.environ | {"PYTHONPATH": os.pathsep.join(map(os.path.abspath, sys.path)), "PYTHONHASHSEED": hash_seed, **more}


def sim(*arguments: str, folder: Path, hash_seed: str = "0", **more: str) -> subprocess.CompletedProcess[str]:
    """As a user would: a process of its own."""
    command = [sys.executable, "-m", "finale_sim", *arguments]
    return subprocess.run(
        command, cwd=folder, env=environment(hash_seed, **more), capture_output=True, encoding="utf-8", timeout=120, check=False
    )


Result: TypeAlias = tuple[int, str, str]
Command: TypeAlias = Callable[..., Result]


@pytest.fixture
def here(folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Command]:
    """The same in this process, which takes a tenth of the time: exit code, stdout, stderr."""
    before = set(sys.modules)
    monkeypatch.chdir(folder)
    monkeypatch.setattr(sys, "path", list(sys.path))

    def run(*arguments: str) -> Result:
        try:
            code: Any = main(arguments)
        except SystemExit as leaving:
            code = leaving.code
        return code, *capsys.readouterr()

    yield run
    for name in set(sys.modules) - before:
        del sys.modules[name]


def refusal(result: Result) -> str:
    """The line with which a wrong input is refused: alone on stderr, with exit code 2."""
    code, stdout, stderr = result
    assert stdout == ""
    (line,) = stderr.splitlines()
    assert code == 2, line
    assert line.startswith("finale-sim: ")
    return line.removeprefix("finale-sim: ")


KEYS = {"verdict", "claim", "trials", "choices", "token", "deviations", "seconds"}


def report(*arguments: str, folder: Path, code: int) -> dict[str, Any]:
    """The one JSON object on stdout."""
    done = sim(*arguments, "--json", folder=folder)
    assert done.returncode == code, done.stdout + done.stderr
    assert done.stdout.count("\n") == 1
    data: dict[str, Any] = json.loads(done.stdout)
    assert set(data) >= KEYS
    return data


# Exit codes, text, JSON ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "code", "verdict"),
    [
        (("explore", "mine.py:fine"), 0, "exhausted"),
        (("explore", "mine:fine"), 0, "exhausted"),
        (("explore", "mine.py:lost_update"), 1, "violated"),
        (("explore", "mine.py:stuck"), 1, "violated"),
        (("explore", "mine.py:online"), 3, "truncated"),
        (("explore", "mine.py:forgetful"), 3, "not reproducible"),
        (("explore", "mine.py:hostile"), 1, "violated"),
        (("explore", "mine.py:unreadable"), 1, "violated"),
        (("explore", "mine.py:many_stuck"), 1, "violated"),
        (("check", "mine.py:Agent", "--trials", "3"), 0, "sampled"),
        (("check", "mine.py:Never", "--trials", "3", "--scenario", "one prompt"), 1, "violated"),
        (("check", "--workspace", "finale:open_workspace", "--trials", "3", "--scenario", "one prompt"), 0, "sampled"),
        (("campaign", "--trials", "3", "--scenario", "one prompt", "rejected"), 0, "sampled"),
        (("campaign", "--trials", "3", "--scenario", "publishes twice", "--canary", "second terminal"), 1, "violated"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_text_and_json_agree(arguments: tuple[str, ...], code: int, verdict: str, folder: Path, here: Command) -> None:
    """The exit code tells the verdict; JSON is one object, whatever the program prints; text is plain and names the command."""
    data = report(*arguments, folder=folder, code=code)
    assert data["verdict"] == verdict
    assert (data["claim"] is not None) == (data["token"] is not None) == (code == 1)
    assert data["trials"] > 0
    returned, stdout, stderr = here(*arguments)
    assert returned == code
    assert stderr == ""
    assert ("VIOLATED" in stdout) == (code == 1)
    assert (f"Token   {data['token']}" in stdout) == (code == 1)
    assert "Traceback" not in stdout
    if arguments[1] != "mine.py:hostile":  # whose own message has one
        assert "\x1b" not in stdout


def test_a_failure_tells_claim_words_timeline_token_and_command(folder: Path) -> None:
    """All parts, and the command works when it is pasted."""
    done = sim("explore", "mine.py:lost_update", folder=folder)
    text = done.stdout
    assert "VIOLATED  'assertions hold'\n  mine.py:" in text
    assert "AssertionError: one deposit is lost: 1" in text
    assert re.search(r"What happened \(.*happy path", text)
    assert "Timeline (» a deviation, · an observation)" in text
    (again,) = re.findall(r"^Again   finale-sim (.*)$", text, re.MULTILINE)
    replayed = sim(*shlex.split(again), folder=folder)
    assert replayed.returncode == 1
    assert "VIOLATED  'assertions hold'" in replayed.stdout
    assert "DRIFT" not in replayed.stdout


def test_a_failure_that_does_not_come_out_twice_is_not_shown_as_one(here: Command) -> None:
    """The verdict says why, with what was seen; nothing claims a violation."""
    code, stdout, _ = here("explore", "mine.py:forgetful")
    assert code == 3
    assert len(set(re.findall(r"number \d", stdout))) == 2
    assert "VIOLATED" not in stdout


def test_a_deadlock_of_many_tasks_is_cut(here: Command) -> None:
    """The first tasks are named, the rest is counted."""
    _, text, _ = here("explore", "mine.py:many_stuck")
    assert len(text.splitlines()) < 150
    assert re.search(r"… \d+ more lines", text)


def test_list_knows_every_name(here: Command) -> None:
    """Scenarios and canaries, as text and as JSON."""
    code, stdout, _ = here("list")
    data = json.loads(here("list", "--json")[1])
    assert code == 0
    for item in [*data["scenarios"], *data["canaries"]]:
        assert item["name"] in stdout
        assert item["about"] in stdout


@pytest.mark.parametrize("command", ["campaign", "check", "explore", "replay", "list", ""])
def test_help_teaches(command: str, here: Command) -> None:
    """What it does, the exit codes; for those that take a target, an example."""
    code, stdout, stderr = here(*([command] if command else []), "--help")
    assert code == 0
    assert stderr == ""
    assert "exit codes: 0 no violation, 1 violation, 2 wrong usage or target, 3 undecided" in " ".join(stdout.split())
    if command in ("check", "explore", ""):
        assert "finale-sim check my" in stdout or "finale-sim explore bank.py:transfer" in stdout


# Wrong input -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ("", "the following arguments are required: COMMAND (see"),
        ("dance", "invalid choice: 'dance'"),
        ("explore", "the following arguments are required: TARGET"),
        ("explore mine.py:fine extra", "unrecognized arguments: extra"),
        ("explore fine", "'fine' is no target; write module:attr or path/to/file.py:attr"),
        ("explore nope.py:fine", "there is no file 'nope.py'"),
        ("explore nope:fine", "there is no module 'nope' here or on sys.path"),
        ("explore mine.py:fien", "mine.py has no 'fien'; did you mean 'fine'?"),
        ("explore mine.py:sync", "sync is a plain function, no async function"),
        ("explore mine.py:number", "number is the int 5; explore takes an async function"),
        ("explore mine.py:Agent", "Agent is the class Agent, no async function"),
        ("explore raises.py:x", "importing raises.py failed: ValueError: first line"),
        ("explore leaves.py:x", "importing leaves.py failed: SystemExit: 0"),
        ("explore broken.py:x", "importing broken.py failed: SyntaxError: invalid syntax (broken.py, line 1)"),
        ("explore mine.py:fine --trials 0", "argument --trials: 0 is too small; it must be at least 1"),
        ("explore mine.py:fine --trials -5", "-5 is too small"),
        ("explore mine.py:fine --trials many", "'many' is no whole number"),
        ("explore mine.py:fine --seed -1", "'-1' is no seed; a seed is a whole number from 0 on"),
        ("explore mine.py:fine --seed x", "'x' is no seed"),
        ("explore mine.py:stuck --picture x.png", "pictures are SVG, and 'x.png' ends in '.png': name it 'x.svg'"),
        ("check mine.py:sync_coordinator", "sync_coordinator wants request, ctx and is a plain function, no async function"),
        ("check mine.py:fine", "fine() is no coordinator; write 'async def fine(request, ctx)'"),
        ("check mine.py:number", "number is the int 5, no coordinator"),
        ("check mine.py:Needs", "Needs wants key; check makes one for each trial"),
        ("check mine.py:Agent --scenario nonsense", "there is no scenario for any coordinator 'nonsense'; there are: "),
        ("check mine.py:Agent --scenario 'one prompt' nonsense", "there is no scenario for any coordinator 'nonsense'"),
        ("check mine.py:Agent --scenario 'journal fails'", "there is no scenario for any coordinator 'journal fails'"),
        ("campaign --scenario nonsense", "there is no scenario 'nonsense'; there are: rejected, "),
        ("campaign --canary nonsense", "there is no canary 'nonsense'; there are: no finally, "),
        ("replay", "the following arguments are required: TOKEN"),
        ("replay hello", "'hello' is no token; a token looks like fin1-…"),
        ("replay fin1-é", "has characters that no token has"),
        ("replay fin1-AAAA", "is damaged: its checksum does not fit"),
        ("replay fin9-AAAA", "is a token of version 9; this finale-sim reads version 1"),
        ("replay fin1-VO_yXEqcvooAPQY", "the token belongs to no standard scenario; name the target that it was found with"),
        ("replay fin1-VO_yXEqcvooAPQY mine.py:fine", "the token belongs to another program than fine"),
        ("replay fin1-VO_yXEqcvooAPQY nope.py:fine", "there is no file 'nope.py'"),
        ("replay hello --canary nonsense", "there is no canary 'nonsense'"),
    ],
)
def test_wrong_input_gets_one_line(arguments: str, says: str, here: Command) -> None:
    """On stderr, with exit code 2 and without a traceback; the line says what to do."""
    assert says in refusal(here(*shlex.split(arguments)))


@pytest.mark.parametrize("arguments", ["explore mine.py:sync", "check leaves.py:x", "replay hello", "campaign --seed -1"])
def test_a_process_says_the_same_also_with_json(arguments: str, folder: Path, here: Command) -> None:
    """Nothing but the line on stderr, whatever was asked to be on stdout."""
    done = sim(*shlex.split(arguments), "--json", folder=folder)
    line = refusal((done.returncode, done.stdout, done.stderr))
    assert line.split(" (see")[0] == refusal(here(*shlex.split(arguments))).split(" (see")[0]


# Tokens in other processes ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("canary", "scenario"), [("no finally", "outer cancellation"), ("lost wake-up", "cancel race")])
def test_a_token_replays_in_a_fresh_process_with_another_hash_seed(canary: str, scenario: str, folder: Path) -> None:
    """With the canary: exit code 1 and the same claim. Without it: the program is not what it was, or holds."""
    options = ("--canary", canary)
    found = report("campaign", "--scenario", scenario, "--trials", "150", *options, folder=folder, code=1)
    assert found["deviations"] <= 6
    again = sim("replay", found["token"], *options, "--json", folder=folder, hash_seed="4242")
    data = json.loads(again.stdout)
    assert again.returncode == 1
    assert set(data) >= KEYS
    assert (data["claim"], data["drift"], data["token"]) == (found["claim"], None, found["token"])
    sound = sim("replay", found["token"], folder=folder, hash_seed="7")
    assert sound.returncode in (0, 3)
    assert "DRIFT" in sound.stdout or "holds" in sound.stdout
    assert "VIOLATED" not in sound.stdout


def test_a_token_of_a_check_replays_with_its_target(folder: Path) -> None:
    """The command that is printed carries the target."""
    text = sim("check", "mine.py:Never", "--trials", "3", "--scenario", "one prompt", folder=folder).stdout
    (again,) = re.findall(r"^Again   finale-sim (.*)$", text, re.MULTILINE)
    done = sim(*shlex.split(again), folder=folder, hash_seed="99")
    assert done.returncode == 1
    assert "VIOLATED  'I1 one terminal'" in done.stdout
    assert "await trio.sleep_forever()" in done.stdout


def test_a_replay_tells_more_when_asked(here: Command, folder: Path) -> None:
    """The curve as text and as numbers, every step with its stack, and a test file."""
    token = json.loads(here("explore", "mine.py:lost_update", "--json")[1])["token"]
    code, text, _ = here("replay", token, "mine.py:lost_update", "--curve", "5")
    assert code == 1
    assert "When it was decided: of 5 random futures behind each choice, so many fail so\n0  " in text
    asked = ("--json", "--curve", "--steps", "--emit-test", "test_lost.py")
    code, text, said = here("replay", token, "mine.py:lost_update", *asked)
    data = json.loads(text)
    assert code == 1
    assert data["curve"][-1] == 1
    assert len(data["curve"]) == data["choices"] + 1
    assert any("in deposit: await trio.lowlevel.checkpoint()" in line for step in data["steps"] for line in step)
    assert said == "wrote test_lost.py: fails until it is put right\n"
    assert token in (folder / "test_lost.py").read_text(encoding="utf-8")


def test_a_replay_of_the_happy_path_lists_no_deviations(here: Command) -> None:
    """It says that there are none, and has no empty list."""
    token = json.loads(here("explore", "mine.py:stuck", "--json")[1])["token"]
    text = here("replay", token, "mine.py:stuck")[1]
    assert "\n\nNothing deviates from the happy path\n\nTimeline" in text


def test_a_test_is_written_of_what_failed_only(here: Command, folder: Path) -> None:
    """Of a search that found nothing none; of a check one for each claim; of a canary none, because finale is not broken."""
    assert here("explore", "mine.py:fine", "--emit-test", "test_fine.py")[2] == "no failure, so test_fine.py was not written\n"
    assert not (folder / "test_fine.py").exists()
    here("check", "mine.py:Never", "--trials", "3", "--scenario", "one prompt", "--emit-test", "test_never.py")
    assert 'TARGET = str(Path(__file__).parent / "mine.py") + ":Never"' in (folder / "test_never.py").read_text(encoding="utf-8")
    options = ("--canary", "second terminal", "--emit-test", "test_canary.py")
    assert "makes no test of a canary" in refusal(here("campaign", *options))


def test_a_picture_is_drawn_of_what_failed_only(here: Command, folder: Path) -> None:
    """By explore, replay and check; no file is written over, and nothing is drawn of a search that found nothing."""
    code, text, said = here("explore", "mine.py:lost_update", "--json", "--picture", "lost.svg")
    assert code == 1
    assert said == "drew lost.svg: violated: 'assertions hold' (6 steps, 0 s of virtual time)\n"
    svg = (folder / "lost.svg").read_text(encoding="utf-8")
    assert svg.startswith("<svg ")
    assert "exists already; --force" in refusal(here("explore", "mine.py:lost_update", "--picture", "lost.svg"))
    again = here("replay", json.loads(text)["token"], "mine.py:lost_update", "--picture", "lost.svg", "--force")
    assert again[0] == 1
    assert (folder / "lost.svg").read_text(encoding="utf-8") == svg
    here("check", "mine.py:Never", "--trials", "3", "--scenario", "one prompt", "--picture", "never.svg")
    assert "<svg " in (folder / "never.svg").read_text(encoding="utf-8")
    assert here("explore", "mine.py:fine", "--picture", "fine.svg")[2] == "no failure, so fine.svg was not drawn\n"
    assert not (folder / "fine.svg").exists()


# Interrupts and pipes ---------------------------------------------------------------------------------------------------


def begin(*arguments: str, folder: Path, **more: Any) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "finale_sim", *arguments]
    options: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "env": environment(), **more}
    return subprocess.Popen(command, cwd=folder, encoding="utf-8", **options)


# Where the moment matters, the program presses Ctrl-C itself; the process can't tell who did.


def test_ctrl_c_during_a_search_gives_the_report_so_far(folder: Path) -> None:
    """How far it came, exit code 3, no traceback."""
    done = sim("explore", "mine.py:long", "--trials", "1000000", folder=folder)
    assert done.returncode == 3
    assert "undecided: interrupted after 4 of 1,000,000 trials" in done.stdout
    assert done.stderr == ""


def test_ctrl_c_in_a_destructor_is_not_lost(folder: Path) -> None:
    """Python drops what a destructor raises, and trials leave many objects to destroy: the search hears it all the same."""
    done = sim("explore", "mine.py:ends_with_a_destructor", "--trials", "1000000", folder=folder)
    assert done.returncode == 3
    assert re.search(r"undecided: interrupted after \d{1,2} of 1,000,000 trials", done.stdout)
    assert done.stderr == ""


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (
            ["canaries"],
            "\n2 of 2 canaries were caught by the oracle that they name.\nInterrupted: 2 of {all} canaries were released.\n",
        ),
        (["museum"], "; NAME tells one in full.\nInterrupted: 2 of {shown} exhibits were looked for.\n"),
        (["museum", "--html", "part.html"], "wrote part.html: 2 exhibits\nInterrupted: 2 of {shown} exhibits were looked for.\n"),
        (["museum", "no-fifo", "fold loss", "accept window"], "\nInterrupted: 2 of 3 exhibits were looked for.\n"),
    ],
)
def test_ctrl_c_in_what_proves_all_tells_what_is_known(
    here: Command, monkeypatch: pytest.MonkeyPatch, arguments: list[str], told: str
) -> None:
    """The part of the table that there is, how far it came, and no verdict: half a proof is none."""
    _interrupt_proof(monkeypatch, 3)
    code, stdout, stderr = here(*arguments)
    assert (code, stderr) == (3, "")
    assert stdout.endswith(told.format(all=len(CANARIES), shown=len(names_of_exhibits())))


@pytest.mark.parametrize("command", ["museum", "canaries"])
def test_ctrl_c_in_what_proves_all_is_told_to_scripts(here: Command, monkeypatch: pytest.MonkeyPatch, command: str) -> None:
    """Beside what is known. Before the first proof there is nothing to tell."""
    _interrupt_proof(monkeypatch, 2)
    code, stdout, _ = here(command, "--json")
    told = json.loads(stdout)
    assert (code, told["interrupted"], told["missed"]) == (3, True, 0)
    _interrupt_proof(monkeypatch, 1)
    assert here(command) == (3, "", "finale-sim: interrupted\n")


def test_what_was_missed_counts_although_the_rest_is_unknown(here: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    """As with a campaign, whose violation an interrupt does not unsay."""
    _interrupt_proof(monkeypatch, 3)
    code, stdout, _ = here("museum", "no-fifo", "fold loss", "accept window", "--trials", "1")
    assert (code, "Interrupted: 2 of" in stdout) == (1, True)


def _interrupt_proof(monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    """Press Ctrl-C in the middle of that one."""
    left = count(number - 1, -1)

    def interrupted(program: ScenarioProgram, claim: str, **settings: Any) -> Report:
        if next(left) == 0:
            signal.raise_signal(signal.SIGINT)
        return prove(program, claim, **settings)

    monkeypatch.setattr("finale_sim.museum.catalogue.prove", interrupted)
    monkeypatch.setattr("finale_sim.museum.exhibit.prove", interrupted)


def test_files_are_not_written_over_nor_into_nowhere(here: Command, folder: Path) -> None:
    """Before anything is searched; a disk that is full in the end is one line, too."""
    (folder / "precious.html").write_text("precious")
    code, _, stderr = here("museum", "accept window", "--html", "precious.html")
    assert (code, stderr) == (2, "finale-sim: precious.html exists already; --force writes over it\n")
    assert (folder / "precious.html").read_text() == "precious"
    code, _, stderr = here("museum", "accept window", "--html", "/proc/museum.html")
    assert code == 2
    assert stderr.count("\n") == 1


def test_a_full_disk_does_not_swallow_what_was_found(here: Command, monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """The verdict, the token and the exit code are there all the same, and no half of a file is in the way of the next try."""
    write = Path.write_text

    def full(self: Path, text: str, *args: Any, **more: Any) -> int:
        write(self, text[:10], *args, **more)
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(Path, "write_text", full)
    code, stdout, stderr = here("explore", "mine.py:stuck", "--emit-test", "test_stuck.py", "--picture", "stuck.svg")
    assert code == 1
    assert "Token   fin1-" in stdout
    said = "could not be written: No space left on device; the token makes it anew"
    assert stderr.splitlines() == [f"finale-sim: {file} {said}" for file in ("stuck.svg", "test_stuck.py")]
    assert not (folder / "stuck.svg").exists()
    assert not (folder / "test_stuck.py").exists()


def test_a_search_that_cannot_be_kept_is_told_all_the_same(here: Command, monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """The disk is full when the file of --resume is written: the report, a line that it was not, and the verdict's exit code."""

    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("os.fsync", full)
    code, stdout, stderr = here("explore", "mine.py:stuck", "--resume", "kept.search")
    assert code == 1
    assert "Token   fin1-" in stdout
    assert stderr == "finale-sim: the search could not be kept: kept.search cannot be written: No space left on device\n"
    code, stdout, stderr = here("explore", "mine.py:stuck", "--resume", "nowhere/kept.search")
    assert (code, stdout) == (2, "")
    assert stderr == "finale-sim: nowhere/kept.search cannot be written: No such file or directory\n"


def test_ctrl_c_with_json_gives_json(folder: Path) -> None:
    """One object with all keys."""
    data = report("explore", "mine.py:long", "--trials", "1000000", folder=folder, code=3)
    assert data["verdict"] == "truncated"
    assert data["trials"] == 4


def test_ctrl_c_gets_through_to_a_program_that_spins(folder: Path) -> None:
    """An endless loop without a checkpoint can be interrupted from outside."""
    process = begin("explore", "mine.py:spins", folder=folder)
    assert process.stderr is not None
    assert process.stderr.readline() == "spinning\n"
    process.send_signal(signal.SIGINT)
    stdout, stderr = process.communicate(timeout=60)
    assert process.returncode == 3
    assert "interrupted after 0 of 2,000 trials" in stdout
    assert set(stderr.splitlines()) <= {"spinning"}  # a slow machine may have given the first trial up and begun another


def test_ctrl_c_while_shrinking_keeps_the_failure(folder: Path) -> None:
    """What was found is a violation, as small as it had become; that the search was interrupted does not unsay it."""
    done = sim("explore", "mine.py:is_interrupted", "--trials", "100000", folder=folder)
    assert done.returncode == 1
    assert "VIOLATED  'no ValueError'" in done.stdout
    assert "Token   fin1-" in done.stdout
    assert done.stderr == ""


PRESSED_BETWEEN_TRIALS = """
import os, signal, sys
from finale_sim import cli, program
attempt, left = program.ScenarioProgram.attempt, iter(range(40, -1, -1))
def pressed(self, decide):
    if next(left) == 0:
        os.kill(os.getpid(), signal.SIGINT)
    return attempt(self, decide)
program.ScenarioProgram.attempt = pressed
sys.exit(cli.main(["campaign", "--trials", "1000000"]))
"""


def test_ctrl_c_during_a_campaign_in_a_terminal(folder: Path) -> None:
    """Live progress on a terminal's stderr; Ctrl-C leaves no line of it, gives the table so far and exit code 3."""
    ours, theirs = pty.openpty()
    command = [sys.executable, "-c", PRESSED_BETWEEN_TRIALS]
    process = subprocess.Popen(command, cwd=folder, env=environment(), stdout=subprocess.PIPE, stderr=theirs, encoding="utf-8")
    os.close(theirs)
    with os.fdopen(ours, encoding="utf-8", errors="replace", newline="") as terminal:
        shown = rest(terminal)
    stdout, _ = process.communicate(timeout=60)
    assert process.returncode == 3
    assert "rejected: sweep" in shown
    assert shown.endswith("\x1b[2K")
    assert "Traceback" not in shown
    assert "Interrupted: 1 of " in stdout
    assert "\x1b" not in stdout


def rest(terminal: IO[str]) -> str:
    """What is left to read, up to the error that means the other end is closed."""
    text = ""
    try:
        while part := terminal.read(1):
            text += part
    except OSError:
        pass
    return text


@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize(
    ("arguments", "code"),
    [("list", 0), ("--help", 0), ("explore mine.py:stuck", 1), ("explore mine.py:stuck --json", 1), ("explore mine.py:fine", 0)],
)
def test_a_closed_pipe_changes_nothing(arguments: str, code: int, unbuffered: str, folder: Path) -> None:
    """``| true`` leaves nothing on stderr, and the exit code is that of the verdict: also if the program itself prints."""
    ours, theirs = os.pipe()
    os.close(ours)
    process = begin(*arguments.split(), folder=folder, stdout=theirs, env=environment(PYTHONUNBUFFERED=unbuffered))
    os.close(theirs)
    _, stderr = process.communicate(timeout=60)
    assert (process.returncode, stderr) == (code, "")


def test_a_full_disk_is_told_in_a_line(folder: Path) -> None:
    """What cannot be written for another reason is an error: nobody has seen the verdict."""
    with Path("/dev/full").open("w", encoding="utf-8") as full:
        process = begin("explore", "mine.py:stuck", folder=folder, stdout=full)
        _, stderr = process.communicate(timeout=60)
    assert process.returncode == 2
    assert stderr == "finale-sim: what was found cannot be written: No space left on device\n"


def test_a_missing_stdout_is_no_trouble(folder: Path) -> None:
    """As in a service, or behind ``>&-``."""
    command = f"{shlex.quote(sys.executable)} -m finale_sim explore mine.py:stuck >&-"
    done = subprocess.run(["/bin/sh", "-c", command], cwd=folder, env=environment(), capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (1, "")


def test_an_ascii_terminal_gets_escapes_and_no_traceback(folder: Path) -> None:
    """Where the encoding has no ≤ or », what it has not is spelled out."""
    done = sim("explore", "mine.py:lost_update", folder=folder, PYTHONIOENCODING="ascii", PYTHONUTF8="0", LC_ALL="C")
    assert done.returncode == 1
    assert done.stderr == ""
    assert done.stdout.isascii()


def test_a_wide_terminal_gets_colours_and_the_same_words(folder: Path) -> None:
    """On a terminal the table is drawn by rich; the exit code is the same."""
    ours, theirs = pty.openpty()
    process = begin("campaign", "--trials", "2", "--scenario", "one prompt", folder=folder, stdout=theirs, stderr=subprocess.PIPE)
    os.close(theirs)
    with os.fdopen(ours, encoding="utf-8", errors="replace", newline="") as terminal:
        shown = rest(terminal)
    _, stderr = process.communicate(timeout=60)
    assert stderr == ""
    assert process.returncode == 0
    assert "one prompt" in shown
    assert "No violation." in shown


def test_a_kill_is_told_and_its_line_can_be_pasted(here: Command) -> None:
    """How many steps there were and before how many it was killed; what is run afterwards is named in full."""
    code, stdout, _ = here("explore", "mine.py:saves", "--crash", "opens")
    assert code == 1
    assert re.match(r"saves: violated: 'assertions hold after a restart' \(.*; killed at \d of 2 steps\)", stdout)
    assert re.search(
        r"^  1\. kill the process after step 1 of /main \(mine.py:\d+, in trio.sleep\), and start /after$", stdout, re.MULTILINE
    )
    assert "On trio" not in stdout
    line = re.search(r"^Again   finale-sim (replay \S+ mine.py:saves --crash mine.py:opens)$", stdout, re.MULTILINE)
    assert line is not None
    code, stdout, _ = here(*shlex.split(line.group(1)))
    assert code == 1
    assert "DRIFT" not in stdout
    assert "» process → is killed" in stdout
    without = refusal(here(*shlex.split(line.group(1))[:-2]))
    assert without == "in this trial saves may be killed; say what is run afterwards, too: --crash (crash=…)"
    assert refusal(here("replay", line.group(1).split()[1], "--crash", "mine.py:opens")).startswith("say what is killed before")
    assert json.loads(here("explore", "mine.py:saves", "--crash", "mine.py:opens", "--json")[1])["crashes"]["points"] == 2


def test_what_is_run_afterwards_is_looked_at_like_a_target(here: Command) -> None:
    """It has to exist and to be an async function without parameters."""
    assert refusal(here("explore", "mine.py:saves", "--crash", "nonesuch")) == "mine.py has no 'nonesuch'"
    assert refusal(here("explore", "mine.py:saves", "--crash", "sync")).startswith("sync is a plain function, no async function")


@pytest.mark.parametrize("name", ["portfolio", "sweep", "surw", "pct", "mutation"])
def test_a_strategy_can_be_asked_for(here: Command, name: str) -> None:
    """It is the one whose trials were run, and the help tells what it is good for."""
    code, stdout, _ = here("explore", "mine.py:lost_update", "--strategy", name, "--trials", "300", "--json")
    assert code == 1
    tried = json.loads(stdout)["strategies"]
    assert name == "portfolio" or len(tried) == 1
    _, told, _ = here("check", "--help")
    assert f"\n  {name} " in told


def test_a_strategy_that_nobody_knows_is_refused(here: Command) -> None:
    """On one line, with the names."""
    assert "surw" in refusal(here("explore", "mine.py:lost_update", "--strategy", "luck"))
