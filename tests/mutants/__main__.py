"""The mutation check of the SDK: ``make mutants``. What is mutated and who judges is in pyproject.toml, under ``tool.mutants``.

Survivors are compared with ``verdicts.toml``. A survivor without a verdict, or a verdict without its survivor, is exit code 1.
"""

import argparse
import json
import os
import random
import sys
import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from tests.mutants.judge import Judge, Stage
from tests.mutants.mutations import Mutant, mutants_of
from tests.mutants.page import Key, Result, key_of, problems, table, untried

ROOT = Path(__file__).resolve().parents[2]
RESULTS = ROOT / "build" / "mutants"


def main() -> int:
    """Try the mutants of the modules that are named, or of all; say what survived, and what no verdict explains."""
    with (ROOT / "pyproject.toml").open("rb") as file:
        config = tomllib.load(file)["tool"]["mutants"]
    names = list(config["modules"])
    parser = argparse.ArgumentParser(prog="make mutants", description=__doc__)
    parser.add_argument("modules", nargs="*", metavar="MODULE", help=f"of {' '.join(names)} (default: all)")
    parser.add_argument(
        "--survivors", action="store_true", help="only those that survived last time, and those that were not tried"
    )
    parser.add_argument("--list", action="store_true", help="show the mutants, and try none")
    parser.add_argument("--report", action="store_true", help="try none, and write the page from what is known")
    parser.add_argument("--jobs", type=int, default=1, metavar="N", help="processes side by side (default: 1)")
    parser.add_argument("--doubt", action="store_true", help="what has a verdict meets all judges, not only the first")
    parser.add_argument("--quick", action="store_true", help="only the tests that are about the module")
    parser.add_argument("--alone", type=int, metavar="N", help="show N mutants that were noticed to the campaign alone; no page")
    parser.add_argument("--trials", type=int, metavar="N", help="of each scenario (default: as in pyproject.toml)")
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="which N they are (default: 1)")
    arguments = parser.parse_args()
    if unknown := set(arguments.modules) - set(names):
        parser.error(f"{', '.join(sorted(unknown))}: no such module in tool.mutants; it has {' '.join(names)}")
    config["trials"] = arguments.trials or config["trials"]
    RESULTS.mkdir(parents=True, exist_ok=True)
    with (ROOT / "tests/mutants/verdicts.toml").open("rb") as file:
        verdicts = tomllib.load(file).get("survivor", [])
    if arguments.alone is not None:
        return _try_alone(arguments.modules or names, frozenset(map(key_of, verdicts)), config, arguments)
    judged = frozenset() if arguments.doubt else frozenset(map(key_of, verdicts))
    for name in () if arguments.report else arguments.modules or names:
        mutants = mutants_of(_path(name), name, config["operators"])
        if arguments.list:
            for mutant in mutants:
                print(f"{name}.py:{mutant.line}: {mutant.operator}: {mutant.was}  →  {mutant.now}")
            print(f"{name}: {len(mutants)} mutants")
        else:
            _try_all(name, mutants, judged, config, arguments)
    if arguments.list:
        return 0
    results = [result for name in names for result in _kept(name)]
    tried = arguments.modules or names
    for name in tried if arguments.report else ():
        _see_that_all_were_tried(name, results, config["operators"])
    wrong = [problem for problem in problems(results, verdicts) if problem.module in tried]
    for problem in wrong:
        print(problem.text)
    if not arguments.modules:
        page = ROOT / "docs/mutants.md"
        head, _, _ = page.read_text().partition("<!-- made by make mutants -->")
        page.write_text(f"{head}<!-- made by make mutants -->\n\n{table(results, verdicts)}")
    return 1 if wrong else 0


def _see_that_all_were_tried(name: str, results: Sequence[Result], operators: str) -> None:
    """A page about some of the mutants would read like one about all."""
    mutants = [mutant.key for mutant in mutants_of(_path(name), name, operators)]
    if left := untried(mutants, results):
        which = f"{len(left)} of {len(mutants)} mutants of {name}.py were not tried in this checkout, and perhaps others"
        sys.exit(f"no report: {which}; first: make mutants ARGS=--survivors, which tries all that nothing is known of")


def _try_all(
    name: str, mutants: list[Mutant], judged: frozenset[Key], config: dict[str, Any], arguments: argparse.Namespace
) -> None:
    """Leave in the file of results what became of each mutant."""
    path = _path(name)
    stages = list(_stages(name, config, arguments.quick))
    places = {mutant.key: mutant.line for mutant in mutants}
    known = {result.key: result._replace(line=places[result.key]) for result in _kept(name) if result.key in places}
    if arguments.survivors:
        mutants = [mutant for mutant in mutants if mutant.key not in known or known[mutant.key].killer is None]
    judge = Judge(config["seconds"], [test for stage in stages for test in stage.tests])
    if (noticed := judge.killer(f"finale.{name}", path.read_text(), path, stages, RESULTS / f"{name}.log")) is not None:
        sys.exit(f"{noticed} fails without any mutant, see {RESULTS / f'{name}.log'}")
    before = _changed_at()
    work = [(mutant, stages[:1] if mutant.key in judged else stages) for mutant in mutants]
    tried = {result.key: result for result in _side_by_side(judge, work, arguments.jobs, RESULTS / f"{name}.new")}
    if edited := {file.name for file, _ in before ^ _changed_at()}:
        sys.exit(f"{', '.join(sorted(edited))} changed while mutants of {name}.py were tried; use a worktree of its own for that")
    kept = sorted(({**known, **tried} if arguments.survivors else tried).values(), key=lambda result: (result.line, result.now))
    (RESULTS / f"{name}.jsonl").write_text("".join(json.dumps(list(result), ensure_ascii=False) + "\n" for result in kept))
    survived = sum(result.killer is None for result in kept)
    print(f"{name}: {len(kept)} mutants, {survived} survived", flush=True)


def _try_alone(names: Sequence[str], judged: frozenset[Key], config: dict[str, Any], arguments: argparse.Namespace) -> int:
    """What the campaign is worth without any test: how many it notices of mutants that somebody notices."""
    mutants = [mutant for name in names for mutant in mutants_of(_path(name), name, config["operators"])]
    noticed = [mutant for mutant in mutants if mutant.key not in judged]
    random.Random(arguments.seed).shuffle(noticed)
    work = [(mutant, [Stage("the campaign", trials=config["trials"])]) for mutant in noticed[: arguments.alone]]
    results = _side_by_side(Judge(config["seconds"], ["tests/finale/test_runs.py"]), work, arguments.jobs, RESULTS / "alone.new")
    for result in sorted(results, key=lambda result: (names.index(result.module), result.line)):
        if result.killer is None:
            print(f"{result.module}.py:{result.line}: not for the campaign: {result.was}  →  {result.now}")
    seen = sum(result.killer is not None for result in results)
    drawn = f"{len(results)}, drawn with seed {arguments.seed} from {len(noticed)}"
    print(f"the campaign alone, with {config['trials']} trials of each scenario, notices {seen} of {drawn}")
    return 0


def _side_by_side(judge: Judge, work: Sequence[tuple[Mutant, Sequence[Stage]]], jobs: int, fresh: Path) -> list[Result]:
    """What becomes of each mutant before its stages. What is known so far is in the file ``fresh``."""
    fresh.write_text("")
    children = []
    for job in range(jobs):
        if (child := os.fork()) == 0:
            for mutant, stages in work[job::jobs]:
                name, log = mutant.file, RESULTS / f"{mutant.file}-{job}.log"
                killer = judge.killer(f"finale.{name}", mutant.source, _path(name), stages, log)
                line = json.dumps([name, mutant.line, mutant.was, mutant.now, mutant.repeat, killer], ensure_ascii=False)
                with fresh.open("a") as file:
                    file.write(line + "\n")
            os._exit(0)
        children.append(child)
    for child in children:
        os.waitpid(child, 0)
    results = _read(fresh)
    fresh.unlink()
    return results


def _changed_at() -> set[tuple[Path, int]]:
    """When each file was written that a judge reads: a test that is broken for a moment notices every mutant."""
    return {(file, file.stat().st_mtime_ns) for folder in ("sdk", "tests") for file in (ROOT / folder).rglob("*.py")}


def _path(name: str) -> Path:
    return ROOT / f"sdk/finale/{name}.py"


def _stages(name: str, config: dict[str, Any], quick: bool) -> Iterator[Stage]:
    first = [f"tests/finale/test_{test}.py" for test in config["modules"][name]]
    rest = [f"tests/finale/test_{test}.py" for test in config["tests"]]
    yield Stage("its own tests", tuple(first))
    if not quick:
        yield Stage("the other tests", tuple(test for test in rest if test not in first))
        yield Stage("the slow tests", tuple(f"tests/finale/test_{test}.py" for test in config["slow"]))
        yield Stage("the campaign", trials=config["trials"])


def _kept(name: str) -> list[Result]:
    path = RESULTS / f"{name}.jsonl"
    return _read(path) if path.exists() else []


def _read(path: Path) -> list[Result]:
    return [Result(*json.loads(line)) for line in path.read_text().splitlines()]


if __name__ == "__main__":
    sys.exit(main())
