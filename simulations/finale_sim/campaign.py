"""Campaigns: many programs, one after another, and what they say together."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from finale import Coordinator, open_workspace
from finale.testing import STUBS
from finale_sim.failure.fresh import confirmed
from finale_sim.investigate import investigate
from finale_sim.program import ScenarioProgram
from finale_sim.report import Counterexample, Report
from finale_sim.scenarios import SCENARIOS, Scenario
from finale_sim.search import Search
from finale_sim.verdict import Violated
from finale_sim.world import Opens

__all__ = ["Campaign", "campaign_programs", "check_programs", "run_campaign", "workspace_programs"]


@dataclass(frozen=True, slots=True)
class Campaign:
    """The reports of a campaign, in order. ``interrupted``: some programs were not searched, or not to the end."""

    reports: tuple[Report, ...]
    interrupted: bool = False

    @property
    def decisive(self) -> Report:
        """The report that decides: the first violation, else the first undecided one, else the first."""
        by_weight = {1: 0, 3: 1}
        return min(self.reports, key=lambda report: by_weight.get(report.verdict.exit_code, 2))

    @property
    def exit_code(self) -> int:
        """0 no violation, 1 violation, 3 undecided."""
        if not self.reports:
            return 3
        code = self.decisive.verdict.exit_code
        return 3 if code == 0 and self.interrupted else code

    def failures(self) -> dict[str, list[tuple[str, Counterexample]]]:
        """Broken claim → the scenarios in which it broke, each with its counterexample; fewest deviations first."""
        found: dict[str, list[tuple[str, Counterexample]]] = {}
        for report in self.reports:
            if report.counterexample is not None and isinstance(report.verdict, Violated):
                scenario = report.program.rpartition("/")[2]
                found.setdefault(report.verdict.breach.claim, []).append((scenario, report.counterexample))
        return {claim: sorted(failures, key=lambda failure: failure[1].deviations) for claim, failures in found.items()}

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
            total |= {"verdict": "truncated", "detail": "interrupted"}
        lines = [report.as_dict() for report in self.reports]
        for key in ("trials", "choices", "steps", "seconds"):
            total[key] = round(sum(line[key] for line in lines), 3)
        total["swept"] = min(line["swept"] for line in lines)
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


def run_campaign(
    programs: Sequence[ScenarioProgram],
    *,
    trials: int,
    seed: int = 0,
    deviations: int | None = None,
    on_trial: Callable[[ScenarioProgram, Search], None] | None = None,
    on_report: Callable[[ScenarioProgram, Report], None] | None = None,
    again: Sequence[str] | str = "nobody said how to name the coordinator there",
) -> Campaign:
    """Search each program as ``investigate`` does. A ``KeyboardInterrupt`` ends the campaign with the reports so far.

    ``again``: as for ``confirmed``. One bug shows in many scenarios: of each claim only the first failure gets a fresh process.
    """
    reports: list[Report] = []
    claims = set[str]()
    for program, found in _reports(programs, trials, seed, deviations, on_trial):
        report = found
        if isinstance(report.verdict, Violated):
            claim = report.verdict.breach.claim
            report = confirmed(report, again if claim not in claims else "another failure of this claim was")
            claims.add(claim)
        if report.search.trials or report.counterexample:
            reports.append(report)
            if on_report is not None:
                on_report(program, report)
        if report.search.interrupted:
            return Campaign(tuple(reports), interrupted=True)
    return Campaign(tuple(reports))


def _reports(
    programs: Sequence[ScenarioProgram],
    trials: int,
    seed: int,
    deviations: int | None,
    on_trial: Callable[[ScenarioProgram, Search], None] | None,
) -> Iterator[tuple[ScenarioProgram, Report]]:
    for program in programs:
        listener = (lambda search, program=program: on_trial(program, search)) if on_trial is not None else None
        yield program, investigate(program, trials=trials, seed=seed, deviations=deviations, on_trial=listener)
