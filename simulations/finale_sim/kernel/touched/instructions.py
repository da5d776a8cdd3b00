"""The instructions of a function that touch something which tasks may share, by Python's names for them in 3.11 to 3.14."""

import dis
from functools import cache
from types import CodeType
from typing import Any, NamedTuple

__all__ = ["Instruction", "instructions"]


class Instruction(NamedTuple):
    """One that loads or stores something. ``kind`` is what that is, ``name`` its name, or a pair of names."""

    kind: str
    name: Any
    behind: int  #: offset of the next instruction
    then: str  #: kind of the next instruction


_KINDS = {
    "LOAD_FAST": "local",
    "LOAD_FAST_CHECK": "local",
    "LOAD_FAST_AND_CLEAR": "local",
    "LOAD_FAST_BORROW": "local",
    "LOAD_FAST_LOAD_FAST": "locals",
    "LOAD_FAST_BORROW_LOAD_FAST_BORROW": "locals",
    "STORE_FAST_LOAD_FAST": "stored",
    "LOAD_DEREF": "cell",
    "LOAD_CLASSDEREF": "cell",
    "LOAD_FROM_DICT_OR_DEREF": "cell",
    "STORE_DEREF": "set cell",
    "DELETE_DEREF": "set cell",
    "LOAD_GLOBAL": "global",
    "LOAD_NAME": "global",
    "LOAD_FROM_DICT_OR_GLOBALS": "global",
    "STORE_GLOBAL": "set global",
    "DELETE_GLOBAL": "set global",
    "LOAD_ATTR": "attribute",
    "LOAD_METHOD": "attribute",
    "STORE_ATTR": "set attribute",
    "DELETE_ATTR": "set attribute",
    "LOAD_SUPER_ATTR": "opaque",
    "IMPORT_NAME": "opaque",
}
_NOTHING = frozenset({"CACHE", "NOP", "EXTENDED_ARG"})


@cache
def instructions(code: CodeType) -> dict[int, Instruction]:
    """Offset → instruction, for those that touch something."""
    every = [instruction for instruction in dis.get_instructions(code) if instruction.opname not in _NOTHING]
    table = {}
    for at, instruction in enumerate(every):
        kind = _KINDS.get(instruction.opname)
        if kind is not None:
            behind = every[at + 1] if at + 1 < len(every) else None
            then = _KINDS.get(behind.opname, "") if behind is not None else ""
            table[instruction.offset] = Instruction(kind, instruction.argval, behind.offset if behind is not None else -1, then)
    return table
