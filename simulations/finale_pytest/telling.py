"""What a person reads: the user's own lines where a trial failed, and the report of the simulator, with the line to paste."""

import shlex
from collections.abc import Sequence
from dataclasses import replace
from types import CodeType
from typing import Any

import pytest

from finale_sim.display import replay_text as replay_heading
from finale_sim.display import verdict_text
from finale_sim.investigate import Replayed
from finale_sim.kernel.places import is_user
from finale_sim.render import in_words, timeline
from finale_sim.report import Counterexample, Report, failure_told
from finale_sim.verdict import NotReproducible, Truncated

__all__ = ["interruption", "numbers_text", "regret", "replay_heading", "replay_text", "report_text", "shown"]

_MACHINERY = frozenset({"_pytest", "pluggy", "finale_sim", "finale_pytest"})


def shown(excinfo: pytest.ExceptionInfo[BaseException], text: str, config: pytest.Config) -> Any:
    """The failure as pytest prints it: lines of trio, pytest and the simulator left out, the report as a section."""
    style = config.getoption("tbstyle", "auto")
    lines = excinfo.traceback.filter(_is_the_users)
    if lines:
        excinfo.traceback = lines
    else:  # stuck: nobody raised it, and the report has the stacks
        style = "value"
    told = excinfo.getrepr(
        style="short" if style == "auto" else style,
        showlocals=config.getoption("showlocals", False),
        tbfilter=False,
        chain=False,
    )
    told.addsection("simulated", text)
    return told


def _is_the_users(entry: Any) -> bool:
    code: CodeType = entry.frame.code.raw
    return is_user(code) and entry.frame.f_globals.get("__name__", "").partition(".")[0] not in _MACHINERY


def report_text(found: Counterexample, again: str, forced: Sequence[str]) -> str:
    """The report of a failure that was found. The line to paste runs it in a fresh process, so there is no other word of that."""
    here = tuple(where for where in found.reruns if not where.startswith("not re-run"))
    lines = [failure_told(replace(found, reruns=here)), f"Again   {again}"]
    if forced and found.feasibility is not None and found.feasibility.holds:
        lines.append(f"On trio {shlex.join([*forced, *(str(hold.delay) for hold in found.feasibility.holds)])}")
    return "\n".join(lines)


def replay_text(replayed: Replayed, token: str, again: str, why: str) -> str:
    """The report of a recorded trial that fails. ``why``: why it was run, if nobody asked for it."""
    words = [f"  {number}. {sentence}" for number, sentence in enumerate(in_words(replayed.story), 1)]
    return "\n".join(
        [
            replay_heading(replayed),
            "",
            "What happened" + (f" ({why})" if why else ""),
            *(words or ["  the happy path, without any deviation"]),
            "",
            "Timeline (» a deviation, · an observation)",
            timeline(replayed.story, most_lines=48 if why else 200),
            "",
            f"Token   {token}",
            f"Again   {again}",
        ]
    )


def numbers_text(report: Report) -> str:
    """What the verdict rests on: numbers, and each fault and each situation that the test names."""
    told = verdict_text(report).removeprefix(f"{report.program.partition('/')[2]}: {report.verdict} ")
    return told.removeprefix("(").replace(")", "", 1)


def regret(report: Report, fixtures: Sequence[str]) -> str:
    """Why a test without a failure does not pass."""
    match report.verdict:
        case NotReproducible(why):
            if fixtures:
                why += f"\n\nAll trials share {', '.join(fixtures)}: what one trial changes there, the next one finds changed."
            return f"NOT REPRODUCIBLE  {why}\n\nWhat comes out differently when it is run again has not passed."
        case verdict:
            why = verdict.why if isinstance(verdict, Truncated) else str(verdict)
            return f"UNDECIDED  {why}\n\nNo violation was seen, but what cannot be judged has not passed."


def interruption(report: Report, text: str) -> str:
    """What was known when Ctrl-C came."""
    return f"{report.verdict}\n\n{text}" if text else str(report.verdict)
