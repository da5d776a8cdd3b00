"""Write ``docs/reference.md`` from the public names of finale and finale_sim, their signatures and docstrings.

    python docs/make_reference.py

Signatures are taken from the source, as their authors wrote them: live objects are shown differently by each version of
Python, and show a default as what it evaluates to. Public is what ``__all__`` lists, and of a class what has no underscore.
"""
# ruff: noqa: INP001  # a script among pages, no package

import ast
import importlib
import inspect
import re
import sys
from collections.abc import Iterator
from functools import cache
from itertools import zip_longest
from pathlib import Path
from typing import NamedTuple, TypeAlias

MODULES = (
    "finale",
    "finale.journal",
    "finale.coordinators",
    "finale.notebook",
    "finale.drawing",
    "finale.testing",
    "finale_sim",
    "finale_sim.hypothesis",
)
TARGET = Path(__file__).with_name("reference.md")

_HEAD = """\
# Reference

Every public name, from the docstrings. This page is made by `make docs`; edit the docstrings instead. The
[user guide](index.md) tells what goes with what.
"""
_WIDE = 110  # a signature that is longer gets a line for each parameter

Function: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef


class Definition(NamedTuple):
    """Where a public name is defined: the module, the statement, and its docstring (of a constant: the string behind it)."""

    module: str
    node: ast.stmt
    doc: str


@cache
def _source(module: str) -> tuple[list[str], list[ast.stmt]]:
    """The lines of a module and its statements."""
    text = inspect.getsource(importlib.import_module(module))
    return text.splitlines(), ast.parse(text).body


def find(module: str, name: str) -> Definition:
    """The definition of ``name``, followed through re-exports.

    Raises:
        LookupError: there is none.
    """
    _, body = _source(module)
    for node, after in zip_longest(body, body[1:]):
        match node:
            case ast.ImportFrom(module=str(origin)):
                for alias in node.names:
                    if (alias.asname or alias.name) == name:
                        return find(origin, alias.name)
            case ast.ClassDef() | ast.FunctionDef() | ast.AsyncFunctionDef() if node.name == name:
                return Definition(module, node, ast.get_docstring(node) or "")
            case ast.Assign(targets=[ast.Name(id=found)]) | ast.AnnAssign(target=ast.Name(id=found)) if found == name:
                return Definition(module, node, _text(after))
    raise LookupError(f"{module}.{name} is public, but its definition was not found")


def _text(node: ast.stmt | None) -> str:
    """The docstring that ``node`` is, if it is one."""
    value = node.value if isinstance(node, ast.Expr) else None
    return inspect.cleandoc(value.value) if isinstance(value, ast.Constant) and isinstance(value.value, str) else ""


def reference() -> str:
    """The whole page."""
    contents = [f"* [{name}](#{name.replace('.', '')})" for name in MODULES]
    return "\n".join([_HEAD, *contents, *(line for name in MODULES for line in _module(name))]) + "\n"


def _module(name: str) -> Iterator[str]:
    module = importlib.import_module(name)
    yield from (f"\n## {name}\n", *_prose(inspect.getdoc(module) or ""))
    for public in sorted(module.__all__, key=str.lower):
        found = find(name, public)
        yield from (f"\n### {public}\n", "```text", *_declaration(public, found), "```")
        if found.doc:
            yield from ("", *_prose(found.doc))
        if isinstance(found.node, ast.ClassDef):
            yield from _members(found.node, found.module)


# Signatures -----------------------------------------------------------------------------------------------------------


def _declaration(name: str, found: Definition) -> Iterator[str]:
    match found.node:
        case ast.ClassDef() as node:
            bases = ", ".join(ast.unparse(base) for base in node.bases)
            yield f"class {name}({bases})" if bases else f"class {name}"
            yield from _making(node, found)
        case ast.FunctionDef() | ast.AsyncFunctionDef() as node:
            yield from _signature(node)
        case ast.AnnAssign(annotation=kind) if ast.unparse(kind) != "TypeAlias":
            yield f"{name}: {ast.unparse(kind)}"
        case ast.Assign(value=value) | ast.AnnAssign(value=ast.expr() as value):
            yield f"{name} = {ast.unparse(value)}"


def _making(node: ast.ClassDef, found: Definition) -> Iterator[str]:
    """How an object is made, if users are meant to: of a dataclass, or of a class that explains its parameters."""
    if _is_dataclass(node):
        yield from _lines(f"{node.name}(", [field for owner in _lineage(node, found.module) for field in _fields(owner)], ")")
    for item in node.body:
        if isinstance(item, ast.FunctionDef) and item.name == "__init__":
            names = [argument.arg for argument in [*item.args.args[1:], *item.args.kwonlyargs]]
            if all(name in found.doc for name in names):
                yield from _lines(f"{node.name}(", _parameters(item.args)[1:], ")")


def _is_dataclass(node: ast.ClassDef) -> bool:
    return any("dataclass" in ast.unparse(decorator) for decorator in node.decorator_list)


def _lineage(node: ast.ClassDef, module: str) -> Iterator[ast.ClassDef]:
    """The dataclasses that the class is made of, bases first, itself last."""
    for base in node.bases:
        found = find(module, ast.unparse(base))
        if isinstance(found.node, ast.ClassDef):
            yield from _lineage(found.node, found.module)
    yield node


def _fields(node: ast.ClassDef) -> Iterator[str]:
    for item in node.body:
        if isinstance(item, ast.AnnAssign) and "ClassVar" not in ast.unparse(item.annotation):
            default = ast.unparse(item.value) if item.value is not None else ""
            default = re.sub(r"^field\(default_factory=(\w+)\)$", r"\1()", default)
            yield f"{ast.unparse(item.target)}: {ast.unparse(item.annotation)}{' = ' if default else ''}{default}"


def _signature(node: Function, skip: int = 0) -> list[str]:
    """How the function is called; ``skip`` counts the parameters that Python passes itself."""
    returns = ast.unparse(node.returns) if node.returns is not None else "None"
    if any("contextmanager" in ast.unparse(decorator) for decorator in node.decorator_list):
        inner = re.sub(r"^\w+\[(.*)\]$", r"\1", returns).strip("'")
        return list(_lines(f"async with {node.name}(", _parameters(node.args)[skip:], f") as {inner}"))
    start = "async " if isinstance(node, ast.AsyncFunctionDef) else ""
    return list(_lines(f"{start}{node.name}(", _parameters(node.args)[skip:], f") -> {returns}"))


def _parameters(arguments: ast.arguments) -> list[str]:
    places = [*arguments.posonlyargs, *arguments.args]
    no_default: list[ast.expr | None] = [None]
    defaults = no_default * (len(places) - len(arguments.defaults)) + arguments.defaults
    shown = [_parameter(*pair) for pair in zip(places, defaults, strict=True)]
    if arguments.posonlyargs:
        shown.insert(len(arguments.posonlyargs), "/")
    if arguments.vararg is not None or arguments.kwonlyargs:
        shown.append("*" + (_parameter(arguments.vararg) if arguments.vararg is not None else ""))
    shown += [_parameter(*pair) for pair in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)]
    return shown + (["**" + _parameter(arguments.kwarg)] if arguments.kwarg is not None else [])


def _parameter(argument: ast.arg, default: ast.expr | None = None) -> str:
    return ast.unparse(argument) + (f" = {ast.unparse(default)}" if default is not None else "")


def _lines(start: str, parts: list[str], end: str) -> Iterator[str]:
    line = f"{start}{', '.join(parts)}{end}"
    yield from [line] if len(line) <= _WIDE else [start, *(f"    {part}," for part in parts), end]


# Members --------------------------------------------------------------------------------------------------------------


def _members(node: ast.ClassDef, module: str) -> Iterator[str]:
    if values := list(_values(node, _source(module)[0])):
        yield from ("", *values)
    shape = _shape(node)
    for item in node.body:
        if isinstance(item, Function) and not item.name.startswith("_"):
            if any(ast.unparse(decorator) == "property" for decorator in item.decorator_list):
                yield f"\n**`{item.name}: {ast.unparse(item.returns) if item.returns is not None else 'Any'}`**\n"
            elif len(lines := _signature(item, skip=1)) == 1:
                yield f"\n**`{lines[0]}`**\n"
            else:
                yield from (f"\n**`{item.name}`**\n", "```text", *lines, "```\n")
            yield from _prose(ast.get_docstring(item) or shape.get(item.name, ""))


def _shape(node: ast.ClassDef) -> dict[str, str]:
    """The docstrings of the protocol that the class has the shape of, where its own would only repeat them."""
    if not node.name.endswith("Journal"):
        return {}
    protocol = find("finale.journal", "Journal").node
    assert isinstance(protocol, ast.ClassDef)
    return {item.name: ast.get_docstring(item) or "" for item in protocol.body if isinstance(item, Function)}


def _values(node: ast.ClassDef, lines: list[str]) -> Iterator[str]:
    """The members of an enum, and fields with a ``#:`` comment, with what the comment says."""
    is_enum = any("Enum" in ast.unparse(base) for base in node.bases)
    for item in node.body:
        said = _single(lines[(item.end_lineno or 0) - 1].partition("#:")[2].strip())
        if isinstance(item, ast.Assign) and is_enum:
            yield f"* `{ast.unparse(item)}`{': ' if said else ''}{said}"
        elif isinstance(item, ast.AnnAssign) and said:
            yield f"* `{ast.unparse(item.target)}`: {said}"


# Prose ----------------------------------------------------------------------------------------------------------------


def _prose(doc: str) -> Iterator[str]:
    """A docstring as Markdown: its sections get a bold title, and their entries become lists."""
    in_section = False
    for line in _single(doc).splitlines():
        if re.fullmatch(r"(Args|Raises|Returns):", line):
            in_section = True
            yield f"**{line[:-1]}**\n"
        elif in_section and (entry := re.fullmatch(r"    ([\w, *]+): (.*)", line)):
            yield f"* `{entry[1]}`: {entry[2]}"
        elif in_section and line.startswith("    "):
            yield f"  {line.strip()}"
        else:
            in_section = in_section and not line
            yield line


def _single(text: str) -> str:
    """Docstrings put code in double backquotes, Markdown in single ones."""
    return text.replace("``", "`")


def main() -> int:
    """Write the page. Returns the exit code."""
    TARGET.write_text(reference(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
