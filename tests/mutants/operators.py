"""Mutations that this code needs beside cosmic-ray's own, in its terms: whole statements, entries of tables, members of enums.

What a ledger does is statements that record something, and what may follow what is a table at module level; operators that
turn ``<`` into ``<=`` touch neither.
"""

from collections.abc import Iterable, Iterator
from typing import Any

import parso
from cosmic_ray.operators.operator import Example, Operator

_STATEMENTS = {"expr_stmt", "atom_expr", "await_expr", "power", "return_stmt", "raise_stmt", "del_stmt", "keyword"}
_DISPLAYS = {"dictorsetmaker", "testlist_comp"}


def _span(node: Any) -> tuple[Any, Any]:
    return node.start_pos, node.end_pos


class DeleteStatement(Operator):
    """A statement of a function is left out; of ``return x`` only the value, of ``return`` all."""

    def mutation_positions(self, node: Any) -> Iterator[tuple[Any, Any]]:
        if node.type == "simple_stmt" and node.children[0].type in _STATEMENTS and _in_function(node):
            statement = node.children[0]
            if statement.get_code().strip() not in ("pass", "return None"):
                yield _span(statement)

    def mutate(self, node: Any, index: int) -> Any:
        statement = node.children[0]
        instead = "return None" if statement.type == "return_stmt" else "pass"
        spread = "\n" * statement.get_code(include_prefix=False).count("\n")  # so that all lines keep their numbers
        node.children[0] = parso.parse(statement.get_first_leaf().prefix + instead + spread)
        return node

    @classmethod
    def examples(cls) -> Iterable[Example]:
        return (Example("def f(): x = 1\n", "def f(): pass\n"), Example("def f(): return 1\n", "def f(): return None\n"))


class DropEntry(Operator):
    """A list, set, tuple or dict is written with one entry less."""

    def mutation_positions(self, node: Any) -> Iterator[tuple[Any, Any]]:
        for entry in _entries(node):
            yield entry[0].start_pos, entry[-1].end_pos

    def mutate(self, node: Any, index: int) -> Any:
        texts = ["".join(part.get_code() for part in entry) + "," for entry in _entries(node)]
        texts[index] = "\n" * texts[index].count("\n")
        return parso.parse("".join(texts))

    @classmethod
    def examples(cls) -> Iterable[Example]:
        return (Example("x = [a, b]", "x = [ b,]"), Example("x = {a: 1, b: 2}", "x = {a: 1,}", occurrence=1))


class ReplaceMember(Operator):
    """``Name.MEMBER`` becomes the next member of ``Name`` that the module speaks of."""

    def mutation_positions(self, node: Any) -> Iterator[tuple[Any, Any]]:
        if _member(node) is not None and len(_spoken_of(node)) > 1:
            yield _span(node)

    def mutate(self, node: Any, index: int) -> Any:
        members = _spoken_of(node)
        following = members[(members.index(_member(node)) + 1) % len(members)]
        return parso.parse(f"{node.get_first_leaf().prefix}{node.children[0].value}.{following}")

    @classmethod
    def examples(cls) -> Iterable[Example]:
        return (Example("x = Light.RED, Light.GREEN", "x = Light.GREEN, Light.GREEN"),)


def _in_function(node: Any) -> bool:
    indented = node.start_pos[1] > 0
    while (node := node.parent) is not None:
        if node.type in ("funcdef", "classdef"):
            return bool(node.type == "funcdef")
    return bool(indented)  # in a function that parso cannot read, as it cannot ``*args: *Types``


def _entries(node: Any) -> list[list[Any]]:
    """The entries of a display, each as its nodes without the comma. A comprehension has none."""
    if node.type not in _DISPLAYS or any(child.type in ("comp_for", "sync_comp_for") for child in node.children):
        return []
    statement = node
    while statement.parent is not None and statement.type != "expr_stmt":
        statement = statement.parent
    if statement.type == "expr_stmt" and statement.children[0].get_code().strip() in ("__all__", "__slots__"):
        return []
    entries: list[list[Any]] = [[]]
    for child in node.children:
        if child.type == "operator" and child.value == ",":
            entries.append([])
        else:
            entries[-1].append(child)
    return [entry for entry in entries if entry]


def _member(node: Any) -> str | None:
    if node.type == "atom_expr" and len(node.children) == 2 and node.children[0].type == "name":
        trailer = node.children[1]
        if trailer.type == "trailer" and trailer.children[0].value == "." and node.children[0].value[0].isupper():
            name: str = trailer.children[1].value
            return name if name.isupper() else None
    return None


def _spoken_of(node: Any) -> list[str]:
    """All members of the same name that the module speaks of, in alphabetical order."""
    root, kind = node.get_root_node(), node.children[0].value

    def walk(part: Any) -> Iterator[str]:
        if (member := _member(part)) is not None and part.children[0].value == kind:
            yield member
        for child in getattr(part, "children", ()):
            yield from walk(child)

    return sorted(set(walk(root)))
