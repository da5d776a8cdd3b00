"""What a person sees of a campaign: live progress and tables in a terminal, plain lines in a pipe."""

import os
import shlex
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from importlib.util import find_spec
from typing import TextIO

from finale.drawing.tables import text_table
from finale_sim.campaign import Campaign
from finale_sim.investigate import Replayed
from finale_sim.program import Program, ScenarioProgram
from finale_sim.report import Counterexample, Report, failure_told
from finale_sim.search import Search
from finale_sim.verdict import NotReproducible, Truncated
from finale_sim.wording import counted

__all__ = ["Progress", "failure_text", "print_campaign", "print_table", "replay_text", "verdict_text"]

_REDRAW_S = 0.1
_SIGN_OF_LIFE_S = 30.0
_COLUMNS = 80  # if the terminal does not say
_MOST_RAISED = 5


class Progress:
    """One line on stderr that is redrawn at most ten times a second. Where stderr is no terminal, a line every half minute."""

    def __init__(self, programs: int, stream: TextIO | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._stream = stream or sys.stderr
        self._live = self._stream.isatty()
        self._programs = programs
        self._done = 0
        self._before = 0
        self._open: dict[str, tuple[int, float]] = {}  # name of a program whose search goes on → its trials, and how much that is
        self._ran = 0  # not those of an earlier process, whose search is resumed
        self._started = clock()
        self._drawn = 0.0 if self._live else self._started
        self._pause_s = _REDRAW_S if self._live else _SIGN_OF_LIFE_S

    def on_trial(self, program: Program, search: Search) -> None:
        """A trial has ended, or some have. Several searches may go on at a time."""
        now = self._clock()
        before, _ = self._open.get(program.name, (max(search.trials - 1, 0), 0.0))
        self._ran += search.trials - before
        self._open[program.name] = search.trials, search.share
        if now - self._drawn >= self._pause_s:
            self._drawn = now
            total = self._before + sum(trials for trials, _ in self._open.values())
            rate = self._ran / max(now - self._started, 1e-9)
            share = (self._done + sum(part for _, part in self._open.values())) / self._programs
            bar = ("█" * round(20 * share)).ljust(20, "░")
            name = program.name.rpartition("/")[2]
            so_far = f"{counted(total, 'trial')}  {rate:,.0f}/s"
            self._write(f"{bar} {share:4.0%}  {so_far}  {name}: {search.strategy} {search.trials}")

    def on_report(self, program: Program, report: Report) -> None:
        """A program has been searched."""
        self._done += 1
        self._before += report.search.trials
        before, _ = self._open.pop(program.name, (report.search.trials, 0.0))
        self._ran += report.search.trials - before

    def clear(self) -> None:
        """Leave no trace of the line."""
        if self._live:
            self._write("")

    def _columns(self) -> int:
        """A line that is longer than the terminal is wide would be two, of which only the second is redrawn."""
        try:
            return os.get_terminal_size(self._stream.fileno()).columns or _COLUMNS
        except OSError:
            return _COLUMNS

    def _write(self, text: str) -> None:
        self._stream.write(f"\r\x1b[2K{text[: self._columns() - 1]}" if self._live else f"{text}\n")
        self._stream.flush()


def print_table(title: str, head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """A table: drawn by rich in a terminal that has it, aligned columns elsewhere. ``rows`` are plain text, no markup."""
    if not sys.stdout.isatty() or find_spec("rich") is None:
        print(f"{title}\n{text_table(head, rows)}")
        return
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(title=title, box=SIMPLE_HEAD, title_justify="left", pad_edge=False)
    for name in head:
        table.add_column(name, justify="right" if name in ("trials", "choices", "deviations") else "left")
    for row in rows:
        table.add_row(*(Text(cell, style=_style(cell)) for cell in row))
    Console().print(table)


def _style(cell: str) -> str:
    for start, style in (
        ("violated", "bold red"),
        ("undecided", "yellow"),
        ("not reproducible", "yellow"),
        ("bounded", "green"),
        ("exhausted", "green"),
        ("sampled", "green"),
    ):
        if cell.startswith(start):
            return style
    return ""


def print_campaign(campaign: Campaign, programs: Sequence[ScenarioProgram], title: str) -> None:
    """Scenarios × endings × verdicts, then what it comes to, then each failure in full."""
    rows = [
        (
            row["scenario"],
            f"{row['trials']:,}",
            f"{row['choices']:,}",
            f"≤ {row['swept']}",
            row["endings"] + (f"  (not seen: {row['not seen']})" if row["not seen"] else ""),
            row["verdict"],
        )
        for row in campaign.records()
    ]
    print_table(title, ("scenario", "trials", "choices", "deviations", "endings seen", "verdict"), rows)
    if campaign.interrupted:
        print(f"Interrupted: {len(campaign.reports)} of {counted(len(programs), 'scenario')} looked at.")
    for why in dict.fromkeys(str(r.verdict) for r in campaign.reports if isinstance(r.verdict, Truncated | NotReproducible)):
        print(why[0].upper() + why[1:])
    if campaign.reports:
        unseen = [f"NEVER SEEN  {what}" for what in campaign.unseen()]
        print("\n".join([campaign.summary(timed=True), *campaign.coverage().lines(), *unseen]))
    print("".join(f"{line}\n" for line in _raised(campaign)), end="")


def _raised(campaign: Campaign) -> Iterator[str]:
    """What the coordinator raised, most often first. That is its right, but somebody who finds "No violation" wants to know."""
    total = sum((report.search.raised for report in campaign.reports), Counter[str]())
    if total:
        failing = {told: [r.program.rpartition("/")[2] for r in campaign.reports if told in r.search.raised] for told in total}
        yield "The coordinator raised, which ends a run as failed:"
        for told, trials in total.most_common(_MOST_RAISED):
            where = (
                f"in {len(failing[told])} of {len(campaign.reports)} scenarios" if len(failing[told]) > 1 else failing[told][0]
            )
            yield f"  {told}  ({counted(trials, 'trial')}, {where})"
    if len(total) > _MOST_RAISED:
        yield f"  … {len(total) - _MOST_RAISED} more"


def verdict_text(report: Report) -> str:
    """One program's verdict and numbers on a line; then one for each fault and each situation that it names."""
    search = report.search
    numbers = f"{counted(search.trials, 'trial')}, {counted(search.choices, 'choice')}, {report.seconds:.2f} s"
    if search.behaviours.trials:
        numbers += f"; {counted(search.behaviours.distinct, 'different order')} in {search.behaviours.trials:,} of them"
    if search.cancel_points:
        numbers += f"; cancelled at {len(search.cancelled):,} of {counted(search.cancel_points, 'point')}"
    if search.crash_points:
        numbers += f"; killed at {len(search.crashed):,} of {counted(search.crash_points, 'step')}"
    if search.late:
        numbers += f"; {counted(search.late, 'trial')} ended late, when nothing surprising happened any more"
    if search.discarded:
        numbers += f"; {counted(search.discarded, 'trial does', 'trials do')} not count"
    lines = [f"{report.program.partition('/')[2]}: {report.verdict} ({numbers})"]
    lines += [
        f"  fault {name!r} {'struck in ' + counted(trials, 'trial') if trials else 'never struck'}"
        for name, trials in search.struck.items()
    ]
    lines += [
        f"  {name!r} was {'reached in ' + counted(trials, 'trial') if trials else 'never reached'}"
        for name, trials in search.probes.items()
    ]
    lines += [f"  {line}" for line in report.coverage().lines()]
    return "\n".join(lines)


def failure_text(counterexample: Counterexample, again: Sequence[str]) -> str:
    """What is told of a failure, and the commands to paste, which end with ``again``."""
    lines = [failure_told(counterexample), f"Again   {shlex.join(['finale-sim', 'replay', counterexample.token, *again])}"]
    label = counterexample.feasibility
    if label is not None and label.holds:
        delays = [str(hold.delay) for hold in label.holds]
        lines.append(f"On trio {shlex.join(['finale-sim', 'force', again[0], *delays])}")
        if counterexample.story.trial.livelock is not None:
            lines.append("        which goes on for ever, until a Ctrl-C")
    return "\n".join(lines)


def replay_text(replayed: Replayed) -> str:
    """What came of a token."""
    return str(replayed)
