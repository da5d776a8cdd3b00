"""What a person sees while a long search goes on."""

import fcntl
import io
import os
import pty
import struct
import sys
import termios

import pytest
import trio

from finale_sim.campaign import campaign_programs
from finale_sim.display import Progress, print_table
from finale_sim.program import PlainProgram
from finale_sim.report import Report
from finale_sim.search import Search, search


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def lines_of(stream: io.StringIO, seconds: list[float], before: int = 0) -> str:
    """What is written if a trial ends at each of the instants, and so many were run by an earlier process."""
    instants = iter([0.0, *seconds])
    (program,) = campaign_programs(["crowd"])
    progress = Progress(2, stream, lambda: next(instants))
    for trials, _ in enumerate(seconds, 1 + before):
        progress.on_trial(program, Search(100, "sweep", trials))
    progress.clear()
    return stream.getvalue()


def test_a_pipe_gets_a_sign_of_life_every_half_minute() -> None:
    """Nothing for what is over soon, whole lines without control characters for what takes long."""
    assert lines_of(io.StringIO(), [0.5, 29.0]) == ""
    written = lines_of(io.StringIO(), [1.0, 31.0, 40.0, 62.0])
    assert [line.split()[2:4] for line in written.splitlines()] == [["2", "trials"], ["4", "trials"]]
    assert not {"\r", "\x1b"} & set(written)
    assert "crowd: sweep 4" in written


def test_a_terminal_has_one_line_that_goes_away() -> None:
    """It is redrawn at most ten times a second."""
    written = lines_of(Terminal(), [1.0, 1.05, 1.2])
    assert [told for told in ("  1 trial  ", "  3 trials  ") if told in written] == ["  1 trial  ", "  3 trials  "]
    assert written.count("trial") == 2
    assert "\n" not in written
    assert written.endswith("\r\x1b[2K")


@pytest.mark.parametrize("columns", [40, 200])
def test_the_line_fits_into_the_terminal(columns: int) -> None:
    """One that is too long wraps, and leaves its beginning behind whenever it is redrawn."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    with os.fdopen(theirs, "w", encoding="utf-8") as terminal:
        (program,) = campaign_programs(["crowd"])
        progress = Progress(1, terminal)
        progress.on_trial(program, Search(100, "a strategy of a very long name", 50))
        written = os.read(ours, 1000).decode()
    os.close(ours)
    line = written.removeprefix("\r\x1b[2K")
    assert len(line) <= columns - 1
    assert line.endswith("name 50") == (columns == 200)


def test_what_was_run_before_does_not_make_it_faster() -> None:
    """A resumed search shows where it is, and how fast this process goes."""
    assert " 1,003 trials  2/s " in lines_of(Terminal(), [0.5, 1.0, 1.5], before=1000)


def test_searches_that_go_on_side_by_side_are_added_up() -> None:
    """What is told of one does not hide the others, and nothing is counted twice when it is over."""
    instants = iter([0.0, 1.0, 2.0, 4.0, 5.0])
    one, two = campaign_programs(["crowd", "one prompt"])
    stream = Terminal()
    progress = Progress(2, stream, lambda: next(instants))
    for program, trials in ((one, 0), (two, 0), (one, 80)):
        progress.on_trial(program, Search(100, "sweep", trials))
    assert " 40%  80 trials  20/s  crowd: sweep 80" in stream.getvalue()
    progress.on_report(one, Report(one.name, Search(100, "sweep", 100), 0.0))
    progress.on_trial(two, Search(100, "sweep", 10))
    assert " 55%  110 trials  22/s  one prompt: sweep 10" in stream.getvalue()


@pytest.mark.parametrize("has_rich", [True, False])
def test_a_terminal_without_rich_gets_the_plain_table(has_rich: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the extra "sim" nothing breaks; the table is aligned columns."""
    screen = Terminal()
    monkeypatch.setattr(sys, "stdout", screen)
    if not has_rich:
        monkeypatch.setattr("finale_sim.display.find_spec", lambda name: None)
    print_table("Title", ("name", "trials"), [["one", "1"], ["another", "22"]])
    assert ("name     trials\none      1\nanother  22\n" in screen.getvalue()) == (not has_rich)
    assert "another" in screen.getvalue()


def test_a_sweep_that_nobody_knows_the_end_of_is_no_progress() -> None:
    """With ``--deviations`` it goes on far beyond the budget, which is for what comes behind it."""
    shares: dict[int, list[float]] = {1: [], 2: []}
    state = search(
        PlainProgram("explore/many", _many).attempt,
        trials=20,
        deviations=2,
        on_trial=lambda state: shares[state.stages].append(state.share),
    )
    assert len(shares[1]) > 100
    assert set(shares[1]) == {0.0}
    assert all(0 < share <= 1 for share in shares[2])
    assert shares[2][-1] == state.share == 1.0


async def _many() -> None:
    async def steps() -> None:
        for _ in range(5):
            await trio.lowlevel.checkpoint()

    async with trio.open_nursery() as nursery:
        for _ in range(3):
            nursery.start_soon(steps)
