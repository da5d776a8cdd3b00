"""The catalogue: which ending is shown by which scenario and judged by which oracle, and which canary proves the oracle."""

from collections.abc import Iterator
from typing import Any

from finale_sim.campaign import campaign_programs, prove
from finale_sim.canaries import CANARIES, Canary
from finale_sim.coverage.endings import ENDINGS
from finale_sim.oracles import JUDGED_BY
from finale_sim.scenarios import SCENARIOS
from finale_sim.search import DEFAULT, NAMED

__all__ = ["catalogue", "endings_table", "try_canaries"]


def catalogue() -> dict[str, list[dict[str, Any]]]:
    """What can be named on the command line, and what it does."""
    return {
        "scenarios": [
            {"name": s.name, "coordinator": s.stub, "endings": list(s.endings), "about": s.about} for s in SCENARIOS.values()
        ],
        "canaries": [{"name": c.name, "oracle": c.oracle, "about": c.about} for c in CANARIES.values()],
        "strategies": [{"name": name, "about": use} for name, (_, use) in NAMED.items()],
    }


def endings_table() -> list[dict[str, Any]]:
    """One row per ending: its meaning, and the names of its scenarios, oracles and canaries."""
    return [_ending(ending, meaning) for ending, meaning in ENDINGS.items()]


def _ending(ending: str, meaning: str) -> dict[str, Any]:
    oracles = [name for name, endings in JUDGED_BY.items() if ending in endings]
    return {
        "ending": ending,
        "meaning": meaning,
        "scenarios": [scenario.name for scenario in SCENARIOS.values() if ending in scenario.endings],
        "oracles": oracles,
        "canaries": [canary.name for canary in CANARIES.values() if canary.oracle in oracles],
    }


def try_canaries(*, trials: int, seed: int = 0, strategy: str = DEFAULT) -> Iterator[dict[str, Any]]:
    """Release each canary in the scenario that it names, and see which oracle catches it, after how many trials, how small."""
    return (_tried(canary, trials, seed, strategy) for canary in CANARIES.values())


def _tried(canary: Canary, trials: int, seed: int, strategy: str) -> dict[str, Any]:
    with canary.released() as opens:
        (program,) = campaign_programs([canary.scenario], opens)
        report = prove(program, canary.oracle, trials=trials, seed=seed, strategy=strategy)
    found = report.counterexample
    breach = found.story.attempt.breach if found is not None else None
    return {
        "canary": canary.name,
        "oracle": canary.oracle,
        "caught_by": breach.claim if breach is not None else "nothing",
        "scenario": canary.scenario,
        "trials": report.search.trials,
        "deviations": found.deviations if found is not None else None,
        "token": report.token,
    }
