"""Reads off a loop that stands still who waits for what, and who has it."""

import gc
from collections.abc import Iterable, Sequence
from dataclasses import replace
from math import inf
from types import FrameType
from typing import Any, NamedTuple

import trio
from trio.lowlevel import Task

from finale_sim.kernel.context import Context
from finale_sim.kernel.lanes import AFTER, MAIN
from finale_sim.kernel.seam import Loop, number_of, scopes_around
from finale_sim.kernel.stuck.reach import Reach
from finale_sim.kernel.stuck.waiting import PathOf, primitive_frame
from finale_sim.kernel.stuck.waits import JOIN, Wait, circle, closed_off
from finale_sim.kernel.trial import Ending

__all__ = ["picture", "stuck_at", "stuck_for_good"]

_ROOTS = frozenset({MAIN, AFTER})
_SHARED = frozenset({"channel", "Event", "Semaphore", "Condition"})  # who could end these waits is nowhere written


class _Target(NamedTuple):
    thing: object  # None: the children
    name: str
    holders: Sequence[Task]
    only: bool


def picture(tasks: Sequence[Task], path_of: PathOf) -> tuple[Wait, ...]:
    """The waits of tasks none of which is runnable. Who could reach what is looked up only if no circle explains it all."""
    targets = {task: target for task in tasks if (target := _target(task)) is not None}
    waits = _waits(targets, path_of)
    return waits if circle(waits) else _with_reach(waits, targets, tasks, path_of)


def stuck_at(ending: Ending, loop: Loop, context: Context, runnable: Iterable[Task], before: dict[Task, int]) -> list[Task]:
    """The tasks that can never go on: all, or those that stood in the same place when half of the steps were left."""
    if ending is Ending.DEADLOCKED:
        return [task for task in loop.tasks if not context.lane_of(task).quiet] or list(loop.tasks)
    if ending is Ending.STEP_LIMIT and before == stuck_for_good(loop, context, runnable):
        return list(before)
    return []


def stuck_for_good(loop: Loop, context: Context, runnable: Iterable[Task]) -> dict[Task, int]:
    """The tasks of a program that can never return, though others of its tasks go on; with the steps that each has taken.

    Each of them waits for a lock that another of them owns, or for children of which one is among them; the main task is one of
    them. None of them can be cancelled: no scope around such a wait has a deadline, and none is within reach of a task that
    can still go on. Empty if that can't be shown.
    """
    busy = set(runnable)
    standing = {task: target for task in loop.tasks if task not in busy and (target := _target(task)) is not None}
    if loop.jobs or loop.idempotent_jobs:
        return {}
    by_path = {context.task_path(task): task for task in standing}
    waits = _waits(standing, context.task_path)
    reaches: dict[Task, Reach] = {}
    while _ROOTS & (paths := closed_off(waits)):
        caught = {by_path[path] for path in paths}
        free = [task for task in loop.tasks if task not in caught and not context.lane_of(task).quiet]
        for task in free:
            if task not in reaches:
                reaches[task] = Reach(task)
        views = [reaches[task] for task in free]
        freed = {context.task_path(task) for task in caught if standing[task].name != JOIN and _cancellable(task, views)}
        if not freed:
            lanes = {task: context.lane_of(task) for task in sorted(caught, key=number_of)}
            return {task: lane.steps for task, lane in lanes.items() if not lane.quiet}
        waits = tuple(wait for wait in waits if wait.waiter not in freed)
    return {}


def _cancellable(task: Task, views: list[Reach]) -> bool:
    """Whether a deadline, or one of those with these views, could end a wait of ``task`` by a cancel."""
    return any(scope.deadline < inf or any(scope in view or not view.complete for view in views) for scope in scopes_around(task))


def _waits(targets: dict[Task, _Target], path_of: PathOf) -> tuple[Wait, ...]:
    numbers: dict[int, str] = {}
    counts: dict[str, int] = {}
    waits = []
    for task, (thing, name, holders, only) in targets.items():
        if thing is not None and id(thing) not in numbers:
            counts[name] = counts.get(name, 0) + 1
            numbers[id(thing)] = f"{name} {counts[name]}"
        held_by = tuple(path_of(holder) for holder in holders)
        waits.append(Wait(path_of(task), numbers.get(id(thing), name), held_by, only))
    return tuple(waits)


def _with_reach(
    waits: tuple[Wait, ...], targets: dict[Task, _Target], tasks: Sequence[Task], path_of: PathOf
) -> tuple[Wait, ...]:
    if not any(_is_shared(target) for target in targets.values()):
        return waits
    reaches = {task: Reach(task) for task in tasks}
    if not all(reach.complete for reach in reaches.values()):
        return waits
    found = []
    for wait, target in zip(waits, targets.values(), strict=True):
        known: tuple[str, ...] | None = None
        if _is_shared(target):
            others = [task for task in tasks if task not in targets or targets[task].thing is not target.thing]
            known = tuple(path_of(task) for task in others if target.thing in reaches[task])
        found.append(replace(wait, known_to=known))
    return tuple(found)


def _is_shared(target: _Target) -> bool:
    return target.name in _SHARED


def _target(task: Task) -> _Target | None:
    """What a standing task waits for, if it is something of trio's that can be held or shared."""
    frame = primitive_frame(task)
    if frame is None:
        return None
    if frame.f_code.co_qualname.startswith("NurseryManager."):
        return _Target(None, JOIN, _tasks(task.child_nurseries[-1].child_tasks if task.child_nurseries else ()), True)
    thing: Any = frame.f_locals.get("self")
    target = None
    match thing:
        case trio.Condition():
            target = _condition(thing, task, frame)
        case trio.Lock() | trio.StrictFIFOLock():
            target = _Target(thing, type(thing).__name__, _tasks([thing.statistics().owner]), True)
        case trio.CapacityLimiter():
            target = _Target(thing, "CapacityLimiter", _tasks(thing.statistics().borrowers), False)
        case trio.MemorySendChannel() | trio.MemoryReceiveChannel():
            target = _Target(_shared_state(thing), "channel", (), False)
        case trio.Event() | trio.Semaphore():
            target = _Target(thing, type(thing).__name__, (), False)
    return target


def _condition(condition: trio.Condition, task: Task, frame: FrameType) -> _Target:
    """A notified task waits for the lock: trio has moved it from the condition's parking lot to that of the lock."""
    own = gc.get_referents(condition)
    if frame.f_code.co_name == "wait" and any(part is task.custom_sleep_data for part in own):
        return _Target(condition, "Condition", (), False)
    lock = next((part for part in own if isinstance(part, trio.Lock)), condition)
    return _Target(lock, "Lock", _tasks([condition.statistics().lock_statistics.owner]), True)


def _shared_state(channel: object) -> object:
    """What both ends of a memory channel and their clones have in common."""
    return next((part for part in gc.get_referents(channel) if type(part).__name__ == "MemoryChannelState"), channel)


def _tasks(things: Iterable[object]) -> list[Task]:
    return sorted((thing for thing in things if isinstance(thing, Task)), key=number_of)
