"""Checks over a tree of source files.

Each yields breaches, one line each: where, what is wrong, why it matters. The checks know nothing of this repository's
rules; those are a table in ``test_architecture.py``, where each check is also shown to fail.
"""

import ast
import re
import sys
import tomllib
from collections.abc import Iterable, Iterator
from fnmatch import fnmatch
from graphlib import CycleError, TopologicalSorter
from itertools import zip_longest
from pathlib import Path
from typing import NamedTuple

from tests.architecture.tree import Module, Tree, base_of, dotted, last_name

IMPURE = frozenset({"trio", "time", "random", "uuid", "logging", "threading", "asyncio"})
PRIVATE_TRIO = re.compile(r"\btrio(\.\w+)*\._[a-z]\w*")
FUNCTION_LINES, MODULE_LINES, PUBLIC_NAMES = 70, 300, 40
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_DEFINITIONS = (ast.ClassDef, *_FUNCTIONS)


class Rule(NamedTuple):
    """Who may import whom. Lists are strings of words; ``finale.journal.*`` means that package and what is in it."""

    files: str  #: paths or globs from the root of the repository
    ours: str  #: modules of this repository that the files may import
    others: str  #: distributions they may import; the standard library is always allowed, except to the pure ones
    reason: str
    pure: bool = False  #: neither trio nor any module that brings time, chance, threads or output
    door: bool = False  #: opened from outside (console script, plugin, a user's import), so nobody inside imports it

    def covers(self, path: str) -> bool:
        """Whether this rule is about ``path``."""
        return any(fnmatch(path, pattern) for pattern in self.files.split())

    def allows(self, name: str) -> bool:
        """Whether the module ``name`` of this repository may be imported."""
        return any(name == word or (word.endswith(".*") and f"{name}.".startswith(word[:-1])) for word in self.ours.split())


def _rule_of(module: Module, rules: Iterable[Rule]) -> Rule | None:
    return next((rule for rule in rules if rule.covers(module.path)), None)


def uncovered_files(tree: Tree, rules: list[Rule]) -> Iterator[str]:
    """Each file has exactly one rule."""
    for module in tree.modules.values():
        count = sum(rule.covers(module.path) for rule in rules)
        if count != 1:
            yield f"{module.path}: {count or 'no'} rules are about this file, not one; edit RULES in tests/test_architecture.py"


def forbidden_imports(tree: Tree, rules: list[Rule]) -> Iterator[str]:
    """Imports that the file's rule does not allow, wherever in the file they stand, ``TYPE_CHECKING`` included."""
    for module in tree.modules.values():
        rule = _rule_of(module, rules)
        for name, line in tree.imports[module.name] if rule else ():
            top = name.partition(".")[0]
            if tree.is_ours(name):
                allowed = rule.allows(name) or name == module.name
            else:
                allowed = (top in sys.stdlib_module_names or top in rule.others.split()) and not (rule.pure and top in IMPURE)
            if not allowed:
                yield f"{module.path}:{line}: must not import {name}: {rule.reason}"


def opened_doors(tree: Tree, rules: list[Rule]) -> Iterator[str]:
    """Doors that somebody inside imports. One door may use another, and ``__main__`` uses what it stands for."""
    for module in tree.modules.values():
        rule = _rule_of(module, rules)
        if rule and not rule.door and not module.path.endswith("/__main__.py"):
            for name, line in tree.imports[module.name]:
                behind = tree.modules.get(name)
                if behind and (door := _rule_of(behind, rules)) and door.door:
                    yield f"{module.path}:{line}: imports {name}, which only outsiders open: {door.reason}"


def private_trio_names(tree: Tree, allowed: str) -> Iterator[str]:
    """Names of trio that begin with an underscore: imported, reached by attribute or ``getattr``, or spelt in a string."""
    for module in tree.modules.values():
        if module.path != allowed:
            for name, line in sorted(set(_private_trio(module.body)), key=lambda found: found[1]):
                yield f"{module.path}:{line}: names {name}; private names of trio change without notice, so only {allowed} may"


def _private_trio(body: ast.Module) -> Iterator[tuple[str, int]]:
    bound = {"trio"}
    docstrings = {id(node.value) for node in ast.walk(body) if isinstance(node, ast.Expr)}
    for node in ast.walk(body):
        if isinstance(node, ast.Import):
            bound |= {alias.asname for alias in node.names if alias.asname and alias.name.split(".")[0] == "trio"}
            yield from ((alias.name, node.lineno) for alias in node.names if PRIVATE_TRIO.match(alias.name))
        elif isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "trio":
            bound |= {alias.asname or alias.name for alias in node.names}
            full = [f"{node.module}.{alias.name}" for alias in node.names]
            yield from ((name, node.lineno) for name in full if PRIVATE_TRIO.match(name))
    for node in ast.walk(body):
        if isinstance(node, ast.Attribute) and _is_private(node.attr) and dotted(node.value).split(".")[0] in bound:
            yield dotted(node), node.lineno
        elif isinstance(node, ast.Call) and any(dotted(argument).split(".")[0] in bound for argument in node.args):
            texts = [item.value for item in node.args if isinstance(item, ast.Constant) and isinstance(item.value, str)]
            yield from ((text, node.lineno) for text in texts if _is_private(text))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings:
            yield from ((found[0], node.lineno) for found in PRIVATE_TRIO.finditer(node.value))


def _is_private(name: str) -> bool:
    return name.startswith("_") and not name.endswith("__")


def mentions(tree: Tree, folder: str, word: str, reason: str) -> Iterator[str]:
    """Lines of ``folder`` that contain ``word``, prose included."""
    for module in tree.modules.values():
        for number, line in enumerate(module.text.splitlines(), 1):
            if module.path.startswith(f"{folder}/") and word in line.lower():
                yield f"{module.path}:{number}: says {word!r}: {reason}"


def import_cycles(tree: Tree) -> Iterator[str]:
    """One cycle for each package that has any. That a submodule makes Python run its parents first does not count."""
    for package in sorted(tree.packages):
        inside = {name for name in tree.modules if name.partition(".")[0] == package}
        graph = {name: {found.name for found in tree.imports[name]} & inside - {name} for name in inside}
        try:
            TopologicalSorter(graph).prepare()
        except CycleError as error:
            way = " → ".join(reversed(error.args[1]))
            yield f"{package}: import cycle {way}: no file of a cycle can be understood, tested or moved alone"


def dead_files(tree: Tree, rules: list[Rule]) -> Iterator[str]:
    """Files that nothing leads to: no import, no entry point, no door, no place in the list of their folder's ``__init__``."""
    targets = _entry_points(tree.root)
    for module in tree.modules.values():
        rule = _rule_of(module, rules)
        if "." not in module.name or module.path.endswith("/__main__.py") or module.name in targets or (rule and rule.door):
            continue
        parent = tree.modules.get(module.name.rpartition(".")[0])
        if not _imported_from_outside(tree, module) and not (parent and _is_listed(parent, module)):
            yield f"{module.path}: nothing leads to this file; list it at the top of its folder's __init__.py, or delete it"


def _entry_points(root: Path) -> set[str]:
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    tables = [project.get("scripts", {}), *project.get("entry-points", {}).values()]
    return {target.partition(":")[0] for table in tables for target in table.values()}


def _imported_from_outside(tree: Tree, module: Module) -> bool:
    """Whether another file imports it; a package must be wanted, itself or a part of it, by a file outside its folder."""
    for name in tree.modules:
        if name == module.name or (module.is_package and name.startswith(f"{module.name}.")):
            continue
        for found in tree.imports[name]:
            if found.name == module.name or (module.is_package and found.name.startswith(f"{module.name}.")):
                return True
    return False


def _is_listed(parent: Module, module: Module) -> bool:
    """Whether a string in the parent's ``__init__`` is the module's own name. Docstrings are no list."""
    listed = {node.value for node in ast.walk(parent.body) if isinstance(node, ast.Constant)}
    return not module.is_package and module.name.rpartition(".")[2] in listed


def undocumented_names(tree: Tree, package: str) -> Iterator[str]:
    """Public names without a docstring, and public methods of public classes without one."""
    face = tree.modules.get(package)
    for name in face.public if face else ():
        if name.startswith("__"):
            continue
        found = _definition(tree, face, name)
        if found is None:
            yield f"{face.path}: {name} is in __all__, but no definition of it was found"
            continue
        module, node, text = found
        if not text:
            yield f"{module.path}:{node.lineno}: {name} is public and has no docstring: users read it in help()"
        for method in node.body if isinstance(node, ast.ClassDef) else ():
            if isinstance(method, _FUNCTIONS) and not method.name.startswith("_") and not _explained(method):
                yield f"{module.path}:{method.lineno}: {name}.{method.name} is public and has no docstring"
    if face and len(face.public) > PUBLIC_NAMES:
        yield f"{face.path}: {len(face.public)} public names, at most {PUBLIC_NAMES}: what few need has a module of its own"


def _explained(method: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    known = {last_name(decorator) for decorator in method.decorator_list} & {"overload", "override", "setter"}
    return bool(known or ast.get_docstring(method))


def _definition(tree: Tree, module: Module, name: str) -> tuple[Module, ast.stmt, str] | None:
    """Where ``name`` is defined, followed through re-exports, and its docstring (of a constant: the string that follows it)."""
    body = module.body.body
    for node, after in zip_longest(body, body[1:]):
        if isinstance(node, _DEFINITIONS) and node.name == name:
            return module, node, ast.get_docstring(node) or ""
        if isinstance(node, ast.ImportFrom) and (origin := tree.modules.get(base_of(module, node))):
            for alias in node.names:
                if (alias.asname or alias.name) == name:
                    return _definition(tree, origin, alias.name)
        if isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            if any(isinstance(target, ast.Name) and target.id == name for target in targets):
                value = after.value if isinstance(after, ast.Expr) else None
                text = value.value if isinstance(value, ast.Constant) and isinstance(value.value, str) else ""
                return module, node, text
    return None


def oversized(tree: Tree) -> Iterator[str]:
    """Functions and modules that are too long to be read at once."""
    for module in tree.modules.values():
        lines = len(module.text.splitlines())
        if lines > MODULE_LINES:
            yield f"{module.path}: {lines} lines, at most {MODULE_LINES}: look for the two nouns in it and give each a file"
        for node in ast.walk(module.body):
            if isinstance(node, _FUNCTIONS) and (length := (node.end_lineno or 0) - node.lineno + 1) > FUNCTION_LINES:
                yield f"{module.path}:{node.lineno}: {node.name} has {length} lines, at most {FUNCTION_LINES}: name its parts"
