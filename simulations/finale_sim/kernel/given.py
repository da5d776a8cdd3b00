"""Which functions in C know and change nothing but what they are given: their arguments, and the object whose methods they are.

Two ask. A witness of states (``states/witness.py``) must not miss what a snapshot does not hold, so an address or a hash is too
much for it; a tracker (``touched/follow.py``) must not miss what is touched by name, so ``getattr`` and its kin are. Each adds
its own exceptions to what is told here.
"""

from contextvars import Context
from types import ModuleType
from typing import Any

from finale_sim.kernel.states.contents import known

__all__ = ["only_given"]

_BUILTINS = frozenset(
    {
        *("__build_class__", "abs", "aiter", "all", "anext", "any", "ascii", "bin", "callable", "chr", "delattr", "divmod"),
        *("format", "getattr", "hasattr", "hex", "isinstance", "issubclass", "iter", "len", "max", "min", "next", "oct", "ord"),
        *("pow", "print", "repr", "round", "setattr", "sorted", "sum"),
    }
)
_MODULES = frozenset(
    {
        *("_abc", "_bisect", "_collections", "_contextvars", "_functools", "_heapq", "_json", "_operator", "_sre", "_statistics"),
        *("_string", "_struct", "_weakref", "binascii", "cmath", "itertools", "math", "operator", "zlib"),
    }
)
_FUNCTIONS = frozenset({"sys.exc_info", "sys.exception", "sys.intern", "posix.fspath", "nt.fspath", "_thread.get_ident"})
_OF_ANYTHING = frozenset({"__init_subclass__", "__subclasshook__", "__format__", "__new__", "__class_getitem__"})


def only_given(function: Any) -> bool:
    """Whether all that comes of a call, and all that it changes, lies in what it is called with."""
    owner: Any = getattr(function, "__self__", None)
    name: str = function.__name__
    kind = type(owner)
    if kind is ModuleType:
        module = owner.__name__
        return name in _BUILTINS if module == "builtins" else module in _MODULES or f"{module}.{name}" in _FUNCTIONS
    if issubclass(kind, type):
        return name in _OF_ANYTHING or known(owner)
    if kind is Context:
        return name in ("run", "copy")
    return name in _OF_ANYTHING or any(known(base) for base in kind.__mro__)
