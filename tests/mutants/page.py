"""What is told of the mutants: scores, survivors with their verdicts, and what does not fit together."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

__all__ = ["Key", "Problem", "Result", "key_of", "problems", "table", "untried"]

STAGES = ("its own tests", "the other tests", "the slow tests", "the campaign")
EXCUSES = ("equivalent", "immaterial")
Key = tuple[str, str, str, int]


class Result(NamedTuple):
    """What became of one mutant. ``killer``: the stage that noticed it; None: it survived."""

    module: str
    line: int
    was: str
    now: str
    repeat: int
    killer: str | None

    @property
    def key(self) -> Key:
        """What the list of verdicts knows it by."""
        return self.module, self.was, self.now, self.repeat


class Problem(NamedTuple):
    """A survivor that nobody has judged, or a verdict about none."""

    module: str
    text: str


def problems(results: Sequence[Result], verdicts: Iterable[dict[str, Any]]) -> Iterator[Problem]:
    """Where the results and the verdicts disagree."""
    survivors = {result.key: result for result in results if result.killer is None}
    judged = {key_of(verdict) for verdict in verdicts}
    for key, result in survivors.items():
        if key not in judged:
            repeat = f" (number {result.repeat} of its kind)" if result.repeat else ""
            yield Problem(result.module, f"{result.module}.py:{result.line}: survived{repeat}: {result.was}  →  {result.now}")
    for key in judged - set(survivors):
        yield Problem(key[0], f"{key[0]}.py: a verdict without a survivor, take it out: {key[1]}  →  {key[2]}")


def untried(mutants: Iterable[Key], results: Iterable[Result]) -> list[Key]:
    """The mutants of which nothing is known."""
    known = {result.key for result in results}
    return [mutant for mutant in mutants if mutant not in known]


def table(results: Sequence[Result], verdicts: Iterable[dict[str, Any]]) -> str:
    """The scores of all modules, and each survivor with its verdict, in markdown."""
    reasons = {key_of(verdict): verdict for verdict in verdicts}
    titles = ["module", "mutants", *(f"noticed by {stage}" for stage in STAGES), *EXCUSES, "score"]
    lines = [f"| {' | '.join(titles)} |", "|---" * len(titles) + "|"]
    modules = list(dict.fromkeys(result.module for result in results))
    lines += [_row(f"`{module}.py`", [result for result in results if result.module == module], reasons) for module in modules]
    lines += [_row("all", results, reasons), ""]
    for module in modules:
        survivors = [result for result in results if result.module == module and result.killer is None]
        if survivors:
            lines += [f"## Survivors of `{module}.py`", "", "| line | before | after | verdict |", "|---|---|---|---|"]
            for result in survivors:
                verdict = reasons.get(result.key, {"verdict": "none yet", "reason": "a hole"})
                said = f"{verdict['verdict']}: {verdict['reason']}"
                lines.append(f"| {result.line} | {_code(result.was)} | {_code(result.now)} | {said} |")
            lines.append("")
    return "\n".join(lines)


def _row(name: str, results: Sequence[Result], reasons: dict[Key, dict[str, Any]]) -> str:
    killed = [result.killer for result in results if result.killer is not None]
    noticed = [sum(killer.startswith(stage) for killer in killed) for stage in STAGES]
    verdicts = [reasons[result.key]["verdict"] for result in results if result.killer is None and result.key in reasons]
    excused = [verdicts.count(word) for word in EXCUSES]
    score = 100 * len(killed) / max(1, len(results) - sum(excused))
    return f"| {name} | {len(results)} | {' | '.join(map(str, [*noticed, *excused]))} | {score:.1f} % |"


def key_of(verdict: dict[str, Any]) -> Key:
    """Which survivor a verdict is about."""
    return verdict["module"], verdict["was"], verdict["now"], verdict.get("repeat", 0)


def _code(text: str) -> str:
    return "`" + text.replace("|", "\\|") + "`"
