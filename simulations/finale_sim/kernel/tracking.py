"""Tracks what each step touches, instruction by instruction, so that a search knows which steps may change places.

Rules:

1. A variable that functions share, a global and an attribute of a known object are told apart, reads from writes.
2. Any other use of an object that can change counts as a write of all that it leads to.
3. trio's primitives are written whenever they are used; every step reads the cancel scopes around it.
4. What is not known to be harmless (other functions in C, other parts of trio, ``setattr`` and its kin, threads) counts as
   everything. Nothing is declared, nothing is guessed.

Things are named by where they were first met: by a path from something that has a name, or by task and step. Trials that begin
alike name alike what they have met by then.
"""

import builtins
import dis
import enum
import gc
import sys
from collections import Counter, deque
from collections.abc import Callable, Iterator
from functools import cache
from types import (
    AsyncGeneratorType,
    BuiltinFunctionType,
    CellType,
    CodeType,
    CoroutineType,
    FrameType,
    FunctionType,
    GeneratorType,
    MethodType,
    ModuleType,
    TracebackType,
)
from typing import Any, NamedTuple

import trio
from trio.lowlevel import Task

from finale_sim.accesses import Accesses, Thing
from finale_sim.kernel.context import here
from finale_sim.kernel.lanes import Lane
from finale_sim.kernel.places import source_line
from finale_sim.kernel.seam import scopes_around

__all__ = ["Follow", "Tracker"]

_MOST = 5_000  # objects that one use may lead to
_PLAIN = (str, bytes, int, float, complex, bool, type(None), type(Ellipsis), type(NotImplemented), range, slice)
_LEAVES = (*_PLAIN, Task, CodeType, FunctionType, BuiltinFunctionType, ModuleType, type, CoroutineType, FrameType)
_CONTAINERS = (list, dict, set, deque, bytearray, tuple, frozenset)
_CLOSED = (trio.CancelScope, GeneratorType, AsyncGeneratorType)  # what these lead to, their own code will use
_CALLABLES = (FunctionType, BuiltinFunctionType, MethodType)
_METHODS_OF = (*_CONTAINERS, *_PLAIN, GeneratorType, AsyncGeneratorType, CoroutineType)
_HARMLESS = frozenset({"builtins", "math", "itertools", "_heapq", "_collections", "_operator", "_abc", "_functools"})
_REFLECTION = frozenset(
    "getattr setattr delattr hasattr vars dir exec eval compile __import__ globals locals "
    "__setattr__ __delattr__ __getattribute__ __reduce_ex__ __setstate__".split()
)


_FROM_THE_SECOND_CALL = sys.version_info >= (3, 13)  # from then on Python tells of each instruction only if it was told before
_looked_at: set[CodeType] = set()


class _Instruction(NamedTuple):
    kind: str
    name: Any
    behind: int  # offset of the next instruction
    then: str  # kind of the next instruction


_KINDS = {
    "LOAD_FAST": "local", "LOAD_FAST_CHECK": "local", "LOAD_FAST_AND_CLEAR": "local", "LOAD_FAST_LOAD_FAST": "locals",
    "LOAD_FAST_BORROW": "local", "LOAD_FAST_BORROW_LOAD_FAST_BORROW": "locals", "STORE_FAST_LOAD_FAST": "stored",
    "LOAD_DEREF": "cell", "LOAD_CLASSDEREF": "cell", "LOAD_FROM_DICT_OR_DEREF": "cell",
    "STORE_DEREF": "set cell", "DELETE_DEREF": "set cell",
    "LOAD_GLOBAL": "global", "LOAD_NAME": "global", "LOAD_FROM_DICT_OR_GLOBALS": "global",
    "STORE_GLOBAL": "set global", "DELETE_GLOBAL": "set global",
    "LOAD_ATTR": "attribute", "LOAD_METHOD": "attribute", "STORE_ATTR": "set attribute", "DELETE_ATTR": "set attribute",
    "LOAD_SUPER_ATTR": "reflection", "IMPORT_NAME": "reflection",
}  # fmt: skip


@cache
def _instructions(code: CodeType) -> dict[int, _Instruction]:
    """Those instructions that touch something, by their offsets."""
    every = [i for i in dis.get_instructions(code) if i.opname not in ("CACHE", "NOP", "EXTENDED_ARG")]
    table = {}
    for at, instruction in enumerate(every):
        kind = _KINDS.get(instruction.opname)
        if kind is None:
            continue
        behind = every[at + 1] if at + 1 < len(every) else None
        then = _KINDS.get(behind.opname, "") if behind is not None else ""
        table[instruction.offset] = _Instruction(kind, instruction.argval, behind.offset if behind is not None else -1, then)
    return table


def _of_trio() -> Iterator[CodeType]:
    """The functions of trio's that touch nothing but the objects that they are called with."""
    lowlevel = (trio.lowlevel.checkpoint, trio.lowlevel.checkpoint_if_cancelled, trio.lowlevel.cancel_shielded_checkpoint)
    plain = [trio.sleep, trio.sleep_until, trio.sleep_forever, trio.current_time, trio.current_effective_deadline, *lowlevel]
    plain += [trio.move_on_after, trio.move_on_at, trio.fail_after, trio.fail_at, trio.open_nursery, trio.open_memory_channel]
    shared = [trio.Event, trio.Lock, trio.StrictFIFOLock, trio.Semaphore, trio.Condition, trio.CapacityLimiter]
    shared += [trio.MemorySendChannel, trio.MemoryReceiveChannel, trio.CancelScope, trio.Nursery, trio.lowlevel.ParkingLot]
    shared += [trio.abc.SendChannel, trio.abc.ReceiveChannel, trio.abc.AsyncResource, type(trio.open_nursery())]
    members = [member for owner in shared for kind in owner.__mro__[:-1] for member in vars(kind).values()]
    for function in (*plain, *members):
        for found in (function, getattr(function, "fget", None), getattr(function, "__func__", None)):
            while found is not None:
                if isinstance(code := getattr(found, "__code__", None), CodeType):
                    yield code
                found = getattr(found, "__wrapped__", None)


_known_of_trio = cache(lambda: frozenset(_of_trio()) - {trio.Nursery.start.__code__})


class Follow(enum.Enum):
    """What is done about a function that is called."""

    ALWAYS = "its instructions are looked at"
    FROM_USERS = "they are, if somebody is looked at who calls it"
    NEVER = "it touches nothing that tasks share"
    OPAQUE = "it may touch anything, unless it is known to touch its arguments only"


class Tracker:
    """Watches one trial. ``begin`` before each step, ``end`` behind it."""

    def __init__(self, follow: Callable[[CodeType], Follow]) -> None:
        self._follow = follow
        self._labels: dict[int, tuple[Thing, object]] = {}  # holds the object, so that no address is used twice
        self._lane = Lane("~")
        self._met = 0
        self._top: tuple[FrameType, int, Any] | None = None  # what the last instruction has put on the stack of a frame
        self._late: tuple[FrameType, str] | None = None
        self._traced: Any = None
        self._profiled: Any = None
        self._clear()

    def _clear(self) -> None:
        self._reads: set[Thing] = set()
        self._writes: set[Thing] = set()
        self._adds: set[Thing] = set()
        self._untracked: str | None = None
        self._seen: set[int] = set()

    # Steps ------------------------------------------------------------------------------------------------------------------

    def opened(self, scope: trio.CancelScope) -> None:
        """A cancel scope is entered."""
        self._label(scope)

    def begin(self, task: Task, lane: Lane) -> None:
        """The next step is that of ``task``."""
        self._clear()
        self._lane, self._met = lane, 0
        self._top = self._late = None
        self._around(task)
        for carrier in _carriers(task.coro):
            self._held(carrier)
        self._traced, self._profiled = sys.gettrace(), sys.getprofile()
        sys._getframe().f_trace_opcodes = True  # noqa: SLF001  # since Python 3.12 settrace only counts with it if somebody has
        sys.setprofile(self._on_profile)
        sys.settrace(self._on_call)

    def end(self, task: Task) -> Accesses:
        """What the step has touched."""
        sys.settrace(self._traced)
        sys.setprofile(self._profiled)
        self._around(task)
        nursery = task.parent_nursery
        if nursery is not None and task not in nursery.child_tasks:  # it has ended
            failed = nursery.cancel_scope.cancel_called
            (self._writes if failed else self._adds).add(self._nursery(nursery))
            if failed:
                self._writes.add(self._label(nursery.cancel_scope))
        return Accesses(frozenset(self._reads), frozenset(self._writes), frozenset(self._adds), self._untracked)

    def _around(self, task: Task) -> None:
        self._reads.update(self._label(scope) for scope in scopes_around(task))
        self._reads.update(self._nursery(nursery) for nursery in task.child_nurseries)

    def _held(self, carrier: Any) -> None:
        """Use what a function that waits has in its hands: it was loaded in an earlier step, and will be used without a trace."""
        frame = getattr(carrier, "cr_frame", None) or getattr(carrier, "ag_frame", None) or getattr(carrier, "gi_frame", None)
        if frame is None or self._follow(frame.f_code) not in (Follow.ALWAYS, Follow.FROM_USERS):
            return
        variables, code = frame.f_locals, frame.f_code
        own = [variables[name] for name in variables if name not in code.co_freevars and name not in code.co_cellvars]
        named = Counter(map(id, (variables, *own)))
        for value in gc.get_referents(carrier):
            if named[id(value)]:
                named[id(value)] -= 1
            elif not isinstance(value, (MethodType, CellType, TracebackType)):
                self._use(value)

    def _nursery(self, nursery: trio.Nursery) -> Thing:
        return ("nursery", self._label(nursery.cancel_scope))

    # Frames and functions ----------------------------------------------------------------------------------------------------

    def _on_call(self, frame: FrameType, event: str, _: object) -> Any:
        if event != "call":
            return None
        if here.trial is None:
            return None  # the strategy, which lives outside
        code, back = frame.f_code, frame.f_back
        by_user = back is not None and back.f_trace is not None
        follow = self._follow(code)
        if follow is Follow.ALWAYS or (follow is Follow.FROM_USERS and by_user):
            frame.f_trace_opcodes, frame.f_trace_lines = True, False
            if _FROM_THE_SECOND_CALL and code not in _looked_at:
                _looked_at.add(code)
                self._give_up(f"{code.co_qualname} is called for the first time", frame)
            return self._on_instruction
        if follow is Follow.OPAQUE and back is not None and by_user:
            if code not in _known_of_trio():
                self._give_up(f"{code.co_qualname} is called", back)
            elif code.co_argcount and not isinstance(first := frame.f_locals.get(code.co_varnames[0]), trio.Nursery):
                self._use(first)  # whose method it is; a block that ends calls one, and loads nothing for that
        return None

    def _on_profile(self, frame: FrameType, event: str, function: Any) -> None:
        if event == "return" and frame.f_trace is None and frame.f_back is not None and frame.f_back.f_trace is not None:
            self._use(function)  # what trio, say a channel, gives to the program
        if event != "c_call" or frame.f_trace is None or here.trial is None:
            return
        name, owner = getattr(function, "__name__", ""), getattr(function, "__self__", None)
        if name in _REFLECTION:
            self._give_up(f"{name} is called", frame)
        elif isinstance(owner, ModuleType) or owner is None:
            module = getattr(function, "__module__", None)
            kind = getattr(function, "__objclass__", None)  # of a method that is not bound
            if module not in _HARMLESS and not (kind is not None and issubclass(kind, _METHODS_OF)):
                self._give_up(f"{module}.{name} is called", frame)
        elif not isinstance(owner, type):
            self._use(owner)

    def _give_up(self, why: str, frame: FrameType) -> None:
        if self._untracked is None:
            self._untracked = f"{why} at {source_line(frame.f_code, frame.f_lineno)}"

    # Instructions -------------------------------------------------------------------------------------------------------------

    def _on_instruction(self, frame: FrameType, event: str, _: object) -> Any:
        if event != "opcode":
            return self._on_instruction
        if self._late is not None:
            late, self._late = self._late, None
            self._use(late[0].f_locals.get(late[1]))
        at = frame.f_lasti
        instruction = _instructions(frame.f_code).get(at)
        if instruction is None:
            return self._on_instruction
        kind, name, behind, then = instruction
        if kind == "local":
            self._loaded(frame, frame.f_locals.get(name), behind, then)
        elif kind == "locals":
            self._use(frame.f_locals.get(name[0]))
            self._loaded(frame, frame.f_locals.get(name[1]), behind, then)
        elif kind == "stored":
            self._late = frame, name[1]
        elif kind == "cell":
            self._reads.add(("variable", name))
            self._loaded(frame, frame.f_locals.get(name), behind, then, ("variable", name))
        elif kind == "set cell":
            self._writes.add(("variable", name))
        elif kind == "global":
            self._global(frame, name, behind, then)
        elif kind == "set global":
            self._writes.add(("global", frame.f_globals.get("__name__"), name))
        elif kind in ("attribute", "set attribute"):
            top = self._top
            if top is not None and top[0] is frame and top[1] == at:
                self._attribute(frame, top[2], instruction)
        else:
            self._give_up(f"{name!r} is looked up", frame)
        return self._on_instruction

    def _loaded(self, frame: FrameType, value: Any, behind: int, then: str, name: Thing = None) -> None:
        """A value is put on the stack. If an attribute of it comes next, that is what is touched; else all of it is."""
        if isinstance(value, _PLAIN):
            return
        if name is not None:
            self._name(value, (name, "object"))
        if then.endswith("attribute") and not isinstance(value, _CONTAINERS):
            self._top = frame, behind, value
        else:
            self._use(value)

    def _global(self, frame: FrameType, name: str, behind: int, then: str) -> None:
        values = frame.f_globals
        if name in values:
            variable = ("global", values.get("__name__"), name)
            self._reads.add(variable)
            self._loaded(frame, values[name], behind, then, variable)
        elif name in frame.f_locals:  # of a class body
            self._loaded(frame, frame.f_locals[name], behind, then)
        elif (value := getattr(builtins, name, None)) is not None:
            self._loaded(frame, value, behind, then)

    def _attribute(self, frame: FrameType, owner: Any, instruction: _Instruction) -> None:
        kind, name, behind, then = instruction
        if isinstance(owner, trio.Nursery):
            self._writes.add(self._nursery(owner))
            if name != "start_soon":
                self._writes.add(self._label(owner.cancel_scope))
            return
        if isinstance(owner, ModuleType):
            self._member_of_module(frame, owner, instruction)
            return
        if not isinstance(owner, type) and (isinstance(owner, _CALLABLES) or _is_of_trio(owner) or _in_c(owner)):
            self._use(owner)
            return
        label = self._label(owner)
        touched = self._reads if kind == "attribute" else self._writes
        self._reads.add(label)
        touched.add((label, name))
        if kind == "attribute":
            value = self._value(owner, name)
            if value is not _UNKNOWN and not isinstance(value, _PLAIN):
                self._loaded(frame, value, behind, then, (label, name))

    def _member_of_module(self, frame: FrameType, module: ModuleType, instruction: _Instruction) -> None:
        kind, name, behind, then = instruction
        if kind != "attribute":
            self._writes.add(("global", module.__name__, name))
            return
        variable = ("global", module.__name__, name)
        self._reads.add(variable)
        self._loaded(frame, getattr(module, name, None), behind, then, variable)

    def _value(self, owner: Any, name: str) -> Any:
        """An attribute, without calling anything of the user's."""
        kind = owner if isinstance(owner, type) else type(owner)
        own = getattr(owner, "__dict__", {})
        for base in kind.__mro__:
            if name in vars(base):
                found = vars(base)[name]
                if hasattr(type(found), "__get__"):
                    slot = type(found).__name__ == "member_descriptor"
                    return found.__get__(owner, kind) if slot and hasattr(owner, name) else own.get(name, _UNKNOWN)
                if name not in own:
                    self._reads.add((self._label(base), name))  # the default that the class has
                return own.get(name, found)
        return own.get(name, _UNKNOWN)

    # Objects --------------------------------------------------------------------------------------------------------------------

    def _use(self, root: Any) -> None:
        """Anything may be done to this object, and to all that it leads to."""
        border: list[tuple[Any, Thing]] = [(root, None)]
        count = 0
        while border:
            thing, name = border.pop()
            if isinstance(thing, _LEAVES) or id(thing) in self._seen:
                continue
            self._seen.add(id(thing))
            count += 1
            if count > _MOST:
                self._untracked = self._untracked or f"a {type(root).__name__} leads to more than {_MOST} objects"
                return
            if isinstance(thing, trio.Nursery):
                self._writes.update((self._nursery(thing), self._label(thing.cancel_scope)))
                continue
            label = self._name(thing, name)
            if not isinstance(thing, (tuple, frozenset)):
                self._writes.add(label)
            if not isinstance(thing, _CLOSED) and type(thing).__name__ != "CancelStatus":
                border += [(referent, (label, place)) for place, referent in enumerate(gc.get_referents(thing))]

    def _label(self, thing: Any) -> Thing:
        return self._name(thing, None)

    def _name(self, thing: Any, name: Thing) -> Thing:
        """The name of an object; ``name`` if it is met for the first time."""
        known = self._labels.get(id(thing))
        if known is not None:
            return known[0]
        if isinstance(thing, type):
            name = ("class", thing.__module__, thing.__qualname__)
        elif name is None:
            self._met += 1
            name = (self._lane.path, self._lane.steps, self._met)
        self._labels[id(thing)] = name, thing
        return name


_UNKNOWN = object()


def _carriers(coro: Any) -> Iterator[Any]:
    """The coroutines and generators that wait for one another, outermost first."""
    while coro is not None:
        yield coro
        for link in ("cr_await", "ag_await", "gi_yieldfrom"):
            if hasattr(coro, link):
                coro = getattr(coro, link)
                break
        else:  # what an async generator is iterated by
            coro = next((thing for thing in gc.get_referents(coro) if isinstance(thing, AsyncGeneratorType)), None)


def _is_of_trio(thing: Any) -> bool:
    return type(thing).__module__.partition(".")[0] == "trio"


def _in_c(thing: Any) -> bool:
    """Whether an object's attributes are not kept in a way that can be followed."""
    kind = type(thing)
    return kind.__getattribute__ is not object.__getattribute__ or not kind.__flags__ & (1 << 9)  # Py_TPFLAGS_HEAPTYPE
