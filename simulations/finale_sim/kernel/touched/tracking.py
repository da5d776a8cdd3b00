"""Tracks what each step touches, instruction by instruction, so that a search knows which steps may change places.

Rules:

1. A variable that functions share, a global and an attribute of a known object are told apart, reads from writes.
2. Any other use of an object that can change counts as a write of all that it leads to.
3. trio's primitives are written whenever they are used; every step reads the cancel scopes around it.
4. What is not known to be harmless (other functions in C, other parts of trio, ``setattr`` and its kin, threads) counts as
   everything. Nothing is declared, nothing is guessed.
"""

import builtins
import gc
import sys
from collections import Counter
from collections.abc import Iterator
from types import AsyncGeneratorType, CellType, CodeType, FrameType, MethodType, ModuleType, TracebackType
from typing import Any

import trio
from trio.lowlevel import Task

from finale_sim.accesses import Accesses, Thing
from finale_sim.kernel.context import here
from finale_sim.kernel.lanes import Lane
from finale_sim.kernel.places import source_line
from finale_sim.kernel.seam import scopes_around
from finale_sim.kernel.touched.follow import Follow, follow, harmless, of_trio
from finale_sim.kernel.touched.instructions import Instruction, instructions
from finale_sim.kernel.touched.things import CONTAINERS, PLAIN, UNKNOWN, Things, Unseen, attribute_of, keeps_attributes

__all__ = ["Tracker"]


class Tracker:
    """Watches one trial. ``begin`` before each step, ``end`` behind it."""

    def __init__(self) -> None:
        self._things = Things()
        self._top: tuple[FrameType, int, Any] | None = None  # what the last instruction has put on the stack of a frame
        self._late: tuple[FrameType, str] | None = None  # a variable that the last instruction set and loaded
        self._begun: tuple[FrameType, int] | None = None  # a function that goes on, from there, and told of no instruction yet
        self._before: tuple[Any, Any] = (None, None)
        self._task: Any = None
        self._root: Any = None  # the frame of its function, which may be one of trio's
        self._was_cancelled = False  # the nursery of the task, before this step
        self._clear()

    def _clear(self) -> None:
        self._reads: set[Thing] = set()
        self._writes: set[Thing] = set()
        self._adds: set[Thing] = set()
        self._awaits: set[Thing] = set()
        self._untracked: str | None = None
        self._seen: set[int] = set()
        self._top = self._late = self._begun = None

    # Steps ------------------------------------------------------------------------------------------------------------

    def opened(self, scope: trio.CancelScope) -> None:
        """A cancel scope is entered."""
        self._things.name(scope)

    def begin(self, task: Task, lane: Lane) -> None:
        """The next step is that of ``task``."""
        self._clear()
        self._task, self._root = task, getattr(task.coro, "cr_frame", None)
        self._was_cancelled = task.parent_nursery is not None and task.parent_nursery.cancel_scope.cancel_called
        self._things.begin(lane)
        self._around(task)
        for carrier in _carriers(task.coro):
            self._held(carrier)
        sys._getframe().f_trace_opcodes = True  # noqa: SLF001  # since Python 3.12 settrace only counts with it if somebody has
        self._before = sys.gettrace(), sys.getprofile()
        sys.setprofile(self._on_profile)
        sys.settrace(self._on_call)

    def race(self) -> None:
        """A timer could fire before this step: it notices which steps are over. Others would let it, in the place of this one."""
        self._writes.add("timers")

    def end(self, task: Task) -> Accesses:
        """What the step has touched."""
        sys.settrace(self._before[0])
        sys.setprofile(self._before[1])
        self._see_that_all_was_told()
        self._around(task)
        nursery = task.parent_nursery
        if nursery is not None and task not in nursery.child_tasks:
            self._ended(task, nursery)
        self._reads.add("timers")
        return Accesses(
            frozenset(self._reads), frozenset(self._writes), frozenset(self._adds), frozenset(self._awaits), self._untracked
        )

    def _ended(self, task: Task, nursery: trio.Nursery) -> None:
        """A child counts its nursery down. If that is cancelled, its error may be one of several there, whose order shows."""
        cancelled = nursery.cancel_scope.cancel_called
        if cancelled and not self._was_cancelled:
            self._untracked = self._untracked or f"{task.name} ends, and its nursery is cancelled, perhaps by this"
        (self._writes if cancelled else self._adds).add(self._things.nursery(nursery))

    def _around(self, task: Task) -> None:
        self._reads.update(self._things.name(scope) for scope in scopes_around(task))

    def _held(self, carrier: Any) -> None:
        """Use what a function that waits has in its hands: it was loaded in an earlier step, and will be used without a trace."""
        frame = getattr(carrier, "cr_frame", None) or getattr(carrier, "ag_frame", None) or getattr(carrier, "gi_frame", None)
        if frame is None or follow(frame.f_code) not in (Follow.ALWAYS, Follow.FROM_USERS):
            return
        variables, code = frame.f_locals, frame.f_code
        own = [variables[name] for name in variables if name not in code.co_freevars and name not in code.co_cellvars]
        named = Counter(map(id, (variables, *own)))
        for value in gc.get_referents(carrier):
            if named[id(value)]:
                named[id(value)] -= 1
            elif not isinstance(value, (MethodType, CellType, TracebackType)):
                self._use(value)

    # Functions ----------------------------------------------------------------------------------------------------------

    def _on_call(self, frame: FrameType, event: str, _: object) -> Any:
        if event != "call" or here.trial is None:  # the strategy lives outside
            return None
        self._see_that_all_was_told()
        code, back = frame.f_code, frame.f_back
        by_user = back is not None and (back.f_trace is not None or frame is self._root)
        how = follow(code)
        if how is Follow.ALWAYS or (how is Follow.FROM_USERS and by_user):
            frame.f_trace_opcodes, frame.f_trace_lines = True, False
            self._begun = frame, frame.f_lasti
            return self._on_instruction
        if how is Follow.INJECTS:
            self._writes.add("faults")  # one that lasts is felt by all tasks
        if code.co_qualname == "ParkingLot.break_lot":  # when the owner of a lock ends; nobody calls that
            self._use(frame.f_locals[code.co_varnames[0]])
        if how is Follow.OPAQUE and back is not None and by_user:
            if code not in of_trio() or code.co_qualname == "CancelScope.cancel":  # which touches whatever a task waits for
                self._give_up(f"{code.co_qualname} is called", back)
            elif code.co_argcount:  # whose method it is; a block that ends calls one, and loads nothing for that
                first = frame.f_locals.get(code.co_varnames[0])
                if not isinstance(first, trio.Nursery) and not self._leaves(frame, code, first):
                    self._use(first)
        return None

    def _leaves(self, frame: FrameType, code: CodeType, manager: Any) -> bool:
        """Whether this leaves the block of a nursery, and does nothing with that but wait until all children are counted."""
        nursery = self._task.child_nurseries[-1] if code.co_qualname == "NurseryManager.__aexit__" else None
        if nursery is None or all(part is not nursery for part in gc.get_referents(manager)):
            return False
        self._awaits.add(self._things.nursery(nursery))
        if frame.f_locals.get(code.co_varnames[1]) is not None:
            return False  # it goes with an error, which cancels the nursery
        self._adds.add(self._things.nursery(nursery))
        return True

    def _on_profile(self, frame: FrameType, event: str, what: Any) -> None:
        if here.trial is None:
            return
        if event == "return" and frame.f_trace is None and frame.f_back is not None and frame.f_back.f_trace is not None:
            self._use(what)  # what trio, say a channel, gives to the program
        elif event == "c_call" and frame.f_trace is not None:
            if not harmless(what):
                self._give_up(f"{what.__module__}.{what.__name__} is called", frame)
            elif not isinstance(owner := getattr(what, "__self__", None), ModuleType):
                self._use(owner)

    def _see_that_all_was_told(self) -> None:
        """Python 3.13 tells of no instruction of a function that it never told of, or has run since without telling."""
        begun, self._begun = self._begun, None
        if begun is not None and begun[0].f_lasti != begun[1]:  # else an error went through it
            self._give_up(f"the instructions of {begun[0].f_code.co_qualname} were not told", begun[0])

    def _give_up(self, why: str, frame: FrameType) -> None:
        if self._untracked is None:
            self._untracked = f"{why} at {source_line(frame.f_code, frame.f_lineno)}"

    # Instructions -------------------------------------------------------------------------------------------------------

    def _on_instruction(self, frame: FrameType, event: str, _: object) -> Any:
        if event == "return":
            self._see_that_all_was_told()
        elif event == "opcode":
            self._begun = None
            if self._late is not None:
                late, self._late = self._late, None
                self._use(late[0].f_locals.get(late[1]))
            instruction = instructions(frame.f_code).get(frame.f_lasti)
            if instruction is not None:
                self._touch(frame, instruction)
        return self._on_instruction

    def _touch(self, frame: FrameType, instruction: Instruction) -> None:
        name = instruction.name
        match instruction.kind:
            case "local":
                self._load(frame, frame.f_locals.get(name), instruction)
            case "locals":
                self._use(frame.f_locals.get(name[0]))
                self._load(frame, frame.f_locals.get(name[1]), instruction)
            case "stored":
                self._late = frame, name[1]
            case "cell":
                self._load(frame, frame.f_locals.get(name), instruction, ("variable", name))
            case "set cell":
                self._writes.add(("variable", name))
            case "global":
                self._load_global(frame, instruction)
            case "set global":
                self._writes.add(("global", frame.f_globals.get("__name__"), name))
            case "attribute" | "set attribute":
                top = self._top
                if top is not None and top[0] is frame and top[1] == frame.f_lasti:
                    self._attribute(frame, top[2], instruction)
            case _:
                self._give_up(f"{name!r} is looked up", frame)

    def _load(self, frame: FrameType, value: Any, instruction: Instruction, variable: Thing = None) -> None:
        """A value is put on the stack. If an attribute of it comes next, that is what is touched; else all of it is."""
        if variable is not None:
            self._reads.add(variable)
        if isinstance(value, PLAIN) or value is UNKNOWN:
            return
        if variable is not None:
            self._things.name(value, (variable, "object"))
        if instruction.then.endswith("attribute") and not isinstance(value, CONTAINERS):
            self._top = frame, instruction.behind, value
        else:
            self._use(value)

    def _load_global(self, frame: FrameType, instruction: Instruction) -> None:
        name, values = instruction.name, frame.f_globals
        if name in values:
            self._load(frame, values[name], instruction, ("global", values.get("__name__"), name))
        else:  # one of a class body, or a builtin
            self._load(frame, frame.f_locals.get(name, getattr(builtins, name, None)), instruction)

    def _attribute(self, frame: FrameType, owner: Any, instruction: Instruction) -> None:
        name, loads = instruction.name, instruction.kind == "attribute"
        if isinstance(owner, trio.Nursery):
            if name == "start_soon" and _keeps_open(self._task, owner):
                self._adds.add(self._things.nursery(owner))
            else:
                self._writes |= {self._things.nursery(owner), self._things.name(owner.cancel_scope)}
        elif isinstance(owner, ModuleType):
            variable = ("global", owner.__name__, name)
            if loads:
                self._load(frame, getattr(owner, name, None), instruction, variable)
            else:
                self._writes.add(variable)
        elif not keeps_attributes(owner):
            self._use(owner)
        else:
            own = self._things.name(owner)
            self._reads.add(own)
            if name == "__dict__":
                self._give_up("an attribute is looked up by its name", frame)
            elif loads:
                value, default_of = attribute_of(owner, name)
                self._reads.add((own, name))
                self._load(frame, value, instruction, (own if default_of is None else self._things.name(default_of), name))
            else:
                self._writes.add((own, name))

    def _use(self, root: Any) -> None:
        """Anything may be done to this object, and to all that it leads to."""
        try:
            self._writes.update(self._things.reach(root, self._seen))
        except Unseen as error:
            self._untracked = self._untracked or str(error)


def _keeps_open(task: Task, nursery: trio.Nursery) -> bool:
    """Whether a nursery cannot end before the task does something about it: it is in the block, or a child in some generation."""
    if nursery in task.child_nurseries:
        return True
    outer = task.parent_nursery
    while outer is not None and outer is not nursery:
        outer = outer.parent_task.parent_nursery
    return outer is nursery


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
