"""Source files read as syntax trees, never imported, and who imports whom among them."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

SOURCE_FOLDERS = ("sdk", "simulations")


class Import(NamedTuple):
    """``name`` is the module that is really meant: in ``from finale import ledger`` it is ``finale.ledger``."""

    name: str
    line: int


@dataclass(frozen=True)
class Module:
    """One source file. ``path`` is relative to the root of the repository."""

    path: str
    name: str
    text: str
    body: ast.Module

    @property
    def is_package(self) -> bool:
        return self.path.endswith("/__init__.py")

    @cached_property
    def public(self) -> list[str]:
        """The strings of ``__all__``."""
        for node in self.body.body:
            if isinstance(node, ast.Assign) and any(isinstance(to, ast.Name) and to.id == "__all__" for to in node.targets):
                return [item.value for item in ast.walk(node.value) if isinstance(item, ast.Constant)]
        return []


class Tree:
    """All source files of a repository, and who imports whom."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.modules: dict[str, Module] = {}
        for folder in SOURCE_FOLDERS:
            for file in sorted((root / folder).rglob("*.py")):
                parts = file.relative_to(root / folder).with_suffix("").parts
                name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
                text = file.read_text(encoding="utf-8")
                self.modules[name] = Module(file.relative_to(root).as_posix(), name, text, ast.parse(text, str(file)))
        self.packages = {name.partition(".")[0] for name in self.modules}
        self.imports = {name: sorted(set(self._imports(module))) for name, module in self.modules.items()}

    def is_ours(self, name: str) -> bool:
        """Whether ``name`` belongs to this repository, existing or not."""
        return name.partition(".")[0] in self.packages | {"finale", "finale_sim"}

    def _imports(self, module: Module) -> Iterator[Import]:
        heads = set()
        for node in ast.walk(module.body):
            if isinstance(node, ast.Import):
                heads |= {alias.name for alias in node.names if alias.asname is None}
                yield from (Import(alias.name, node.lineno) for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                base = base_of(module, node)
                yield from (Import(self._meant(base, alias.name), node.lineno) for alias in node.names)
            elif isinstance(node, ast.Call) and last_name(node.func) in ("import_module", "__import__"):
                texts = [item.value for item in node.args[:1] if isinstance(item, ast.Constant)]
                yield from (Import(text, node.lineno) for text in texts if isinstance(text, str))
        for node in ast.walk(module.body):
            if isinstance(node, ast.Attribute) and (base := dotted(node.value)) in heads and self._meant(base, node.attr) != base:
                yield Import(f"{base}.{node.attr}", node.lineno)

    def _meant(self, base: str, name: str) -> str:
        """``base.name`` if that is a module and no public name of ``base`` hides it, else ``base``."""
        hidden = base in self.modules and name in self.modules[base].public
        return f"{base}.{name}" if f"{base}.{name}" in self.modules and not hidden else base


def base_of(module: Module, node: ast.ImportFrom) -> str:
    if not node.level:
        return node.module or ""
    parts = module.name.split(".")
    parts = parts[: len(parts) - node.level + module.is_package]
    return ".".join([*parts, *([node.module] if node.module else [])])


def dotted(node: ast.AST) -> str:
    if isinstance(node, ast.Name):
        return node.id
    return f"{head}.{node.attr}" if isinstance(node, ast.Attribute) and (head := dotted(node.value)) else ""


def last_name(node: ast.AST) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""
