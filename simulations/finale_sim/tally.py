"""What the reports of a campaign come to, scenario by scenario, and what all of them together never saw."""

from collections.abc import Sequence
from typing import Any

from finale_sim.coverage import Coverage
from finale_sim.endings import ENDINGS
from finale_sim.report import Report
from finale_sim.scenarios import SCENARIOS
from finale_sim.verdict import NotReproducible, Truncated, Verdict, Violated

__all__ = ["COLUMNS", "STANDARD_TRIALS", "record", "shown", "unseen"]

COLUMNS = ("scenario", "trials", "choices", "swept", "endings", "not seen", "verdict")

STANDARD_TRIALS = 260
"""Of each scenario; so many show all that there is to show, and go through all single deviations of all but the largest."""


def unseen(reports: Sequence[Report], coverage: Coverage) -> list[str]:
    """What a standard campaign over finale shows and this one did not; nothing, if it is less than a standard campaign."""
    names = {report.program for report in reports}
    enough = all(r.search.trials >= STANDARD_TRIALS or r.search.exhausted for r in reports)
    if not enough or not names >= {f"campaign/{name}" for name in SCENARIOS}:
        return []
    rows = [record(report) for report in reports]
    promised = [f"{row['not seen']} in scenario {row['scenario']!r}" for row in rows if row["not seen"]]
    return promised + [f"{table}: {row}, {column}" for table, row, column in coverage.unreached()]


def record(report: Report) -> dict[str, Any]:
    """A row of the table: what was tried, which endings were seen and which promised ones were not, and the verdict."""
    search, verdict = report.search, report.verdict
    name = report.program.rpartition("/")[2]
    wanted = SCENARIOS[name].endings if name in SCENARIOS else ()
    return {
        "scenario": name,
        "trials": search.trials,
        "choices": search.choices,
        "steps": search.steps,
        "behaviours": search.novelty.distinct,
        "swept": max(search.swept, 0),
        "endings": " ".join(ending for ending in ENDINGS if ending in search.seen),
        "not seen": " ".join(ending for ending in wanted if ending not in search.seen),
        "verdict": _short(verdict),
        "claim": verdict.breach.claim if isinstance(verdict, Violated) else None,
        "deviations": report.counterexample.deviations if report.counterexample else None,
        "token": report.token,
    }


def shown(value: int | str) -> str:
    """A cell of it, for reading."""
    return f"{value:,}" if isinstance(value, int) else value


def _short(verdict: Verdict) -> str:
    if isinstance(verdict, Truncated | NotReproducible):
        return "undecided" if isinstance(verdict, Truncated) else verdict.word
    return str(verdict).partition(",")[0].partition(";")[0]
