"""What is told of the mutants: scores, survivors with their verdicts, and what does not fit together."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

__all__ = ["Problem", "Result", "problems", "table"]

STAGES = ("its own tests", "the other tests", "the slow tests", "the campaign")
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
    judged = {_key(verdict) for verdict in verdicts}
    for key, result in survivors.items():
        if key not in judged:
            repeat = f" (number {result.repeat} of its kind)" if result.repeat else ""
            yield Problem(result.module, f"{result.module}.py:{result.line}: survived{repeat}: {result.was}  →  {result.now}")
    for key in judged - set(survivors):
        yield Problem(key[0], f"{key[0]}.py: a verdict without a survivor, take it out: {key[1]}  →  {key[2]}")


def table(results: Sequence[Result], verdicts: Iterable[dict[str, Any]]) -> str:
    """The scores of all modules, and each survivor with its verdict, in markdown."""
    reasons = {_key(verdict): verdict for verdict in verdicts}
    lines = [f"| module | mutants | {' | '.join(f'noticed by {stage}' for stage in STAGES)} | equivalent | score |"]
    lines += ["|---" * (len(STAGES) + 4) + "|"]
    modules = list(dict.fromkeys(result.module for result in results))
    for module in modules:
        lines.append(_row(f"`{module}.py`", [result for result in results if result.module == module], reasons))
    lines += [_row("all", results, reasons), ""]
    for module in modules:
        survivors = [result for result in results if result.module == module and result.killer is None]
        if survivors:
            lines += [f"## Survivors of `{module}.py`", "", "| line | before | after | why |", "|---|---|---|---|"]
            for result in survivors:
                verdict = reasons.get(result.key, {"reason": "not judged yet"})
                lines.append(f"| {result.line} | {_code(result.was)} | {_code(result.now)} | {verdict['reason']} |")
            lines.append("")
    return "\n".join(lines)


def _row(name: str, results: Sequence[Result], reasons: dict[Key, dict[str, Any]]) -> str:
    killed = [result.killer for result in results if result.killer is not None]
    equivalent = sum(
        result.killer is None and result.key in reasons and reasons[result.key].get("equivalent", True) for result in results
    )
    counts = [
        sum(killer.startswith(stage) for killer in killed) for stage in ("its own tests", "the other tests", "the campaign")
    ]
    score = 100 * len(killed) / max(1, len(results) - equivalent)
    return f"| {name} | {len(results)} | {' | '.join(map(str, counts))} | {equivalent} | {score:.1f} % |"


def _key(verdict: dict[str, Any]) -> Key:
    return verdict["module"], verdict["was"], verdict["now"], verdict.get("repeat", 0)


def _code(text: str) -> str:
    return "`" + text.replace("|", "\\|") + "`"
