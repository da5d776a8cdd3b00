"""What a task waits for, read off its coroutine's frames."""

from collections.abc import Callable
from types import FrameType

from trio.lowlevel import Task

from finale_sim.kernel.places import is_trio, stack_lines
from finale_sim.kernel.trial import BlockedTask

__all__ = ["PathOf", "blocked", "primitive_frame", "waiting_on"]

PathOf = Callable[[Task], str]

_SHOWN_CHILDREN = 6


def blocked(task: Task, path_of: PathOf) -> BlockedTask:
    """The report on one task."""
    return BlockedTask(path_of(task), task.name, waiting_on(task, path_of), stack_lines(task))


def waiting_on(task: Task, path_of: PathOf) -> str:
    """The primitive a task waits in, and whom it waits for where trio knows."""
    frame = primitive_frame(task)
    if frame is None:
        return "its first step"
    qualname = frame.f_code.co_qualname.replace(".<locals>", "")
    if qualname.startswith("NurseryManager."):
        return f"trio.open_nursery (for {_children(task, path_of)})"
    owner = frame.f_locals.get("self")
    if owner is not None and is_trio(frame.f_code):
        qualname = f"{type(owner).__name__}.{frame.f_code.co_name}"  # Lock, where trio says _LockImpl
    return f"{_package(frame, qualname)}{_holder(owner, path_of)}"


def primitive_frame(task: Task) -> FrameType | None:
    """The first frame of trio below the last of the user, preferring one with a public name."""
    frames = [frame for frame, _ in task.iter_await_frames()]
    last_user = max((i for i, frame in enumerate(frames) if not is_trio(frame.f_code)), default=-1)
    inside = frames[last_user + 1 :]
    if not inside:
        return frames[-1] if frames and last_user else None
    nursery = [frame for frame in inside if frame.f_code.co_qualname == "NurseryManager.__aexit__"]
    public = [frame for frame in inside if not frame.f_code.co_name.startswith("_")]
    if nursery and nursery[0] is inside[0]:
        return nursery[0]
    return (public or inside)[0]


def _package(frame: FrameType, qualname: str) -> str:
    if not is_trio(frame.f_code):
        return qualname
    if qualname == "to_thread_run_sync":
        return "trio.to_thread.run_sync"
    module = str(frame.f_globals.get("__name__", ""))
    if ".testing" in module or qualname == "wait_all_tasks_blocked":
        return f"trio.testing.{qualname}"
    return f"trio.lowlevel.{qualname}" if qualname.startswith(("wait_", "ParkingLot.")) else f"trio.{qualname}"


def _children(task: Task, path_of: PathOf) -> str:
    nurseries = task.child_nurseries
    if not nurseries:
        return "nobody"
    paths = [path_of(child) for child in sorted(nurseries[-1].child_tasks, key=hash)]
    more = len(paths) - _SHOWN_CHILDREN
    return ", ".join(paths[:_SHOWN_CHILDREN]) + (f" and {more} more" if more > 0 else "")


def _holder(primitive: object, path_of: PathOf) -> str:
    """Who holds the lock, if the primitive is one."""
    statistics = getattr(primitive, "statistics", None)
    holder = getattr(statistics(), "owner", None) if statistics is not None else None
    return f" (held by {path_of(holder)})" if isinstance(holder, Task) else ""
