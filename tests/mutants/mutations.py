"""The mutants of a module: each is its text with one thing changed, told as the lines that differ."""

import ast
import difflib
import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from cosmic_ray.ast import ast_nodes, get_ast
from cosmic_ray.mutating import mutate_code
from cosmic_ray.operators.provider import OperatorProvider

from tests.mutants import operators

__all__ = ["Mutant", "mutants_of"]

_PAIRS = [(ast.Eq, ast.NotEq), (ast.Is, ast.IsNot), (ast.In, ast.NotIn), (ast.Lt, ast.GtE), (ast.Gt, ast.LtE)]
_OPPOSITES: dict[type[ast.cmpop], type[ast.cmpop]] = {**dict(_PAIRS), **{after: before for before, after in _PAIRS}}

OURS = (operators.DeleteStatement, operators.DropEntry, operators.ReplaceMember)


@dataclass(frozen=True, slots=True)
class Mutant:
    """One change. ``key`` names it as long as its lines stay as they are, wherever in the file they move."""

    file: str
    line: int
    was: str
    now: str
    operator: str
    source: str
    repeat: int  #: which one, if the same lines are changed in the same way at several places

    @property
    def key(self) -> tuple[str, str, str, int]:
        """What the list of verdicts knows it by."""
        return self.file, self.was, self.now, self.repeat


def mutants_of(path: Path, file: str, wanted: str) -> list[Mutant]:
    """Every mutant of the module that can be compiled. ``wanted``: a pattern for the names of cosmic-ray's operators."""
    text = path.read_text()
    theirs = [OperatorProvider()[name] for name in OperatorProvider() if re.fullmatch(wanted, name)]
    found: list[Mutant] = []
    seen = {_meaning(text)}
    repeats: Counter[tuple[str, str]] = Counter()
    for kind in (*OURS, *theirs):
        count = sum(len(list(kind().mutation_positions(node))) for node in ast_nodes(get_ast(text)))
        for occurrence in range(count):
            source = mutate_code(text, kind(), occurrence)
            if source is None or (meaning := _meaning(source)) is None or meaning in seen:
                continue
            seen.add(meaning)
            line, was, now = _difference(text, source)
            repeat = repeats[was, now]
            repeats[was, now] += 1
            found.append(Mutant(file, line, was, now, kind.__name__, source, repeat))
    return sorted(found, key=lambda mutant: mutant.line)


def _meaning(source: str) -> str | None:
    """The program without its annotations, which do nothing here; None if it is not one."""
    try:
        tree = ast.parse(source)
        compile(source, "mutant", "exec", dont_inherit=True)
    except (SyntaxError, ValueError):
        return None
    for node in ast.walk(_Plain().visit(tree)):
        if isinstance(node, ast.arg):
            node.annotation = None
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            node.returns = None
        elif isinstance(node, ast.AnnAssign):
            node.annotation = ast.Name("object")
    return ast.dump(tree)


class _Plain(ast.NodeTransformer):
    """``not a < b`` is ``a >= b``: one mutant, not two."""

    def visit_UnaryOp(self, node: ast.UnaryOp) -> ast.AST:
        inner = self.visit(node.operand)
        if isinstance(node.op, ast.Not) and isinstance(inner, ast.Compare) and len(inner.ops) == 1:
            opposite = _OPPOSITES[type(inner.ops[0])]
            inner.ops = [opposite()]
            return inner
        node.operand = inner
        return node


def _difference(text: str, source: str) -> tuple[int, str, str]:
    """The first line that differs, from 1 on, and the lines that do, before and after."""
    before, after = text.splitlines(), source.splitlines()
    changes = [code for code in difflib.SequenceMatcher(None, before, after, autojunk=False).get_opcodes() if code[0] != "equal"]
    start, stop = changes[0][1], changes[-1][2]
    new_start, new_stop = changes[0][3], changes[-1][4]
    return start + 1, _one_line(before[start:stop]), _one_line(after[new_start:new_stop])


def _one_line(lines: list[str]) -> str:
    return " ".join(part for line in lines if (part := line.strip()))
