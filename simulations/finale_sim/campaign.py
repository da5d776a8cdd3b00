"""Campaigns: many programs, one after another, and what they say together."""

import importlib
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Protocol

from finale import Coordinator, open_workspace
from finale.drawing.tables import Cell, block, table, text_table
from finale.testing import STUBS
from finale_sim.coverage import Coverage, covered_by
from finale_sim.endings import ENDINGS
from finale_sim.failure.fresh import confirmed
from finale_sim.investigate import Hire, investigate
from finale_sim.oracles import all_cases
from finale_sim.program import Program, ScenarioProgram
from finale_sim.render import coverage_picture
from finale_sim.report import Counterexample, Report, mood
from finale_sim.saved import Saved
from finale_sim.scenarios import SCENARIOS, Scenario
from finale_sim.search import DEFAULT, Search, Terms
from finale_sim.tally import COLUMNS, record, shown, unseen
from finale_sim.verdict import Violated
from finale_sim.wording import counted
from finale_sim.world import Opens

__all__ = [
    "Campaign",
    "Lend",
    "campaign_programs",
    "check_programs",
    "prove",
    "run_campaign",
    "workspace_programs",
]


@dataclass(frozen=True, slots=True, repr=False)
class Campaign:
    """The reports of a campaign, in order. ``interrupted``: some programs were not searched, or not to the end.

    ``seconds`` is real time; searches that went on side by side have more of it together.
    """

    reports: tuple[Report, ...]
    interrupted: bool = False
    seconds: float = 0.0

    @property
    def decisive(self) -> Report:
        """The report that decides: the first violation, else the first undecided one, else the first."""
        by_weight = {1: 0, 3: 1}
        return min(self.reports, key=lambda report: by_weight.get(report.verdict.exit_code, 2))

    @property
    def exit_code(self) -> int:
        """0 no violation, 1 violation, 3 undecided: so is a standard campaign that has not seen all that it is there to show."""
        if not self.reports:
            return 3
        code = self.decisive.verdict.exit_code
        return 3 if code == 0 and (self.interrupted or self.unseen()) else code

    def failures(self) -> dict[str, list[tuple[str, Counterexample]]]:
        """Broken claim → the scenarios in which it broke, each with its counterexample; fewest deviations first."""
        found: dict[str, list[tuple[str, Counterexample]]] = {}
        for report in self.reports:
            if report.counterexample is not None and isinstance(report.verdict, Violated):
                scenario = report.program.rpartition("/")[2]
                found.setdefault(report.verdict.breach.claim, []).append((scenario, report.counterexample))
        return {claim: sorted(failures, key=lambda failure: failure[1].deviations) for claim, failures in found.items()}

    def records(self) -> list[dict[str, Any]]:
        """A row for each scenario: what was tried, which endings of runs were seen and which were not, and the verdict.

        It holds no times, so equal campaigns give equal rows. ``pandas.DataFrame`` takes it as it is.
        """
        return [record(report) for report in self.reports]

    def to_pandas(self) -> Any:
        """The records as a ``pandas.DataFrame``.

        Raises:
            ImportError: pandas is not installed.
        """
        try:
            pandas = importlib.import_module("pandas")
        except ImportError as error:
            raise ImportError(
                "to_pandas() needs pandas, which is not installed; records() gives the same rows as dicts"
            ) from error
        return pandas.DataFrame(self.records())

    def summary(self, *, timed: bool = False) -> str:
        """What all reports come to, in a line; with the seconds that it took if ``timed``."""
        total = self.as_dict()
        reached = {name for report in self.reports for name in report.search.seen}
        verdict = {0: "No violation.", 1: "VIOLATED.", 3: "Undecided."}[self.exit_code]
        numbers = ", ".join(counted(total[f"{one}s"], one) for one in ("trial", "choice", "step"))
        took = f" in {total['seconds']:.1f} s" if timed else ""
        complete = sum(report.search.swept > 0 or report.search.exhausted for report in self.reports)
        swept = f"every single deviation tried in {complete} of {counted(len(self.reports), 'scenario')}"
        return f"{verdict} {numbers}{took}; {swept}; {len(reached)} of {len(ENDINGS)} endings seen."

    def __str__(self) -> str:
        rows = [[shown(row[name]) for name in COLUMNS] for row in self.records()]
        told = [f"\n{failures[0][0]}\n{failures[0][1]}" for failures in self.failures().values()]
        missed = [f"NEVER SEEN  {what}" for what in self.unseen()]
        return "\n".join([text_table(COLUMNS, rows), self.summary(), *self.coverage().lines(), *missed, *told])

    def __repr__(self) -> str:
        return f"<Campaign over {counted(len(self.reports), 'scenario')}: {self.summary()}>"

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        return {"text/plain": str(self), "text/html": self.html}

    @property
    def html(self) -> str:
        """The table of scenarios, endings and verdicts as a piece of a page; then the smallest failure of each broken claim."""
        rows: list[list[Cell]] = []
        for row, report in zip(self.records(), self.reports, strict=True):
            rows.append([*(shown(row[name]) for name in COLUMNS[:-1]), (row["verdict"], mood(report.verdict))])
        told = "".join(f"{block(failures[0][0])}{failures[0][1].html}" for failures in self.failures().values())
        return table(COLUMNS, rows, caption=self.summary()) + told

    def coverage(self) -> Coverage:
        """What met the runs of all scenarios, in which state and phase, and what did not; where it is possible at all.

        And its ``curve``: distinct behaviours over trials, scenario after scenario. Where a part is flat, more trials of it tell
        little.
        """
        names = [report.program.rpartition("/")[2] for report in self.reports]
        curve = coverage_picture([(name, r.search.novelty.curve()) for name, r in zip(names, self.reports, strict=True)])
        searches = [(report.search.covered, report.search.probes) for report in self.reports]
        return covered_by(curve, searches, whole=set(names) >= set(SCENARIOS), wanted=all_cases())

    def unseen(self) -> list[str]:
        """What a standard campaign is there to show and this one did not: endings that a scenario promises, squares of coverage.

        Each is a hole in the campaign: whatever it found right there, it did not look. Empty for less than a standard campaign.
        """
        return [] if self.interrupted else unseen(self.reports, self.coverage())

    def as_dict(self) -> dict[str, Any]:
        """For JSON: the decisive report's verdict with the sums of all, and a line for each program."""
        if not self.reports:
            nothing = dict.fromkeys(("claim", "message", "token", "deviations")) | dict.fromkeys(
                ("trials", "choices", "steps"), 0
            )
            why = {"verdict": "truncated", "detail": "interrupted before the first trial", "seconds": 0.0, "swept": 0}
            return nothing | why | {"programs": []}
        total: dict[str, Any] = self.decisive.as_dict()
        if self.exit_code == 3 and self.decisive.verdict.exit_code == 0:
            missed = self.unseen()
            total |= {"verdict": "truncated", "detail": f"never seen: {'; '.join(missed)}" if missed else "interrupted"}
        lines = [report.as_dict() for report in self.reports]
        for key in ("trials", "choices", "steps"):
            total[key] = sum(line[key] for line in lines)
        total["seconds"] = round(self.seconds, 3)
        total["swept"] = min(line["swept"] for line in lines)
        total["coverage"] = self.coverage().as_dict()
        total.pop("endings")
        return total | {"programs": lines}


def campaign_programs(names: Sequence[str] = (), opens: Opens = open_workspace) -> list[ScenarioProgram]:
    """The scenarios with these names (default: all), each with its stub. ``opens`` gives a finale that was broken on purpose."""
    return _with_stubs("campaign", names, opens)


def workspace_programs(label: str, opens: Opens, names: Sequence[str] = ()) -> list[ScenarioProgram]:
    """The same for a workspace that is not finale's."""
    return _with_stubs(f"workspace/{label}", names, opens)


def _with_stubs(prefix: str, names: Sequence[str], opens: Opens) -> list[ScenarioProgram]:
    chosen = [SCENARIOS[name] for name in names or SCENARIOS]
    return [ScenarioProgram(f"{prefix}/{played.name}", played, STUBS[played.stub], opens=opens) for played in chosen]


def check_programs(label: str, make: Callable[[], Coordinator], names: Sequence[str] = ()) -> list[ScenarioProgram]:
    """The scenarios that any coordinator can play (or those of them with these names), with coordinators from ``make``."""
    fitting: Iterable[Scenario] = (s for s in SCENARIOS.values() if s.any_coordinator and (not names or s.name in names))
    return [ScenarioProgram(f"check/{label}/{scenario.name}", scenario, make, judge_coordinator=True) for scenario in fitting]


class Lent(Protocol):
    """Searches that others do as a whole."""

    @property
    def stopped(self) -> bool:
        """Whether they were ended."""

    def take(self, program: Program) -> tuple[Search, float] | None:
        """What they have done of this one, and in how many seconds, when they give it back; None if none of them has begun it.

        Ctrl-C ends all of them.
        """

    def stop(self) -> None:
        """They give back what they have, and begin nothing."""


class Lend(Protocol):
    """Gives the searches of a campaign to others."""

    def __call__(
        self,
        programs: Sequence[Program],
        terms: Terms,
        saved: Saved | None,
        on_trial: Callable[[Program, Search], None] | None,
        /,
    ) -> Lent: ...


def prove(program: ScenarioProgram, claim: str, *, trials: int, seed: int, strategy: str = DEFAULT) -> Report:
    """Search a program that is known to break ``claim`` for that alone: the first failure ends a search, and it may break others.

    Raises:
        KeyboardInterrupt: it was interrupted, and half a proof is none.
    """
    report = investigate(replace(program, claims=(claim,)), trials=trials, seed=seed, strategy=strategy)
    if report.search.interrupted:
        raise KeyboardInterrupt
    return report


def run_campaign(
    programs: Sequence[ScenarioProgram],
    *,
    trials: int,
    seed: int = 0,
    deviations: int | None = None,
    strategy: str = DEFAULT,
    on_trial: Callable[[Program, Search], None] | None = None,
    on_report: Callable[[ScenarioProgram, Report], None] | None = None,
    again: Sequence[str] | str = "nobody said how to name the coordinator there",
    hire: Hire | None = None,
    lend: Lend | None = None,
    saved: Saved | None = None,
) -> Campaign:
    """Search each program as ``investigate`` does. A ``KeyboardInterrupt`` ends the campaign with the reports so far.

    ``again``: as for ``confirmed``. One bug shows in many scenarios: of each claim only the first failure gets a fresh process.
    ``hire``: who else runs trials. ``lend``: who else has whole searches. ``saved``: where the searches are kept, and go on from.
    """
    reports: list[Report] = []
    claims = set[str]()
    interrupted, began = False, time.perf_counter()
    terms = Terms(trials, seed, deviations, strategy)
    lent = lend(programs, terms, saved, on_trial) if lend is not None else None
    for program in programs:
        taken = lent.take(program) if lent is not None else None
        interrupted = interrupted or (lent is not None and lent.stopped)
        if interrupted and taken is None:
            continue
        listener = partial(on_trial, program) if on_trial is not None else None
        report = investigate(
            program,
            trials=trials,
            seed=seed,
            deviations=deviations,
            strategy=strategy,
            on_trial=listener,
            hire=hire,
            saved=saved,
            taken=taken,
        )
        if isinstance(report.verdict, Violated):
            claim = report.verdict.breach.claim
            report = confirmed(report, again if claim not in claims else "another failure of this claim was")
            claims.add(claim)
        if report.search.trials or report.counterexample:
            reports.append(report)
            if on_report is not None:
                on_report(program, report)
        if report.search.interrupted and not interrupted:
            interrupted = True
            if lent is not None:
                lent.stop()
    return Campaign(tuple(reports), interrupted, time.perf_counter() - began)
