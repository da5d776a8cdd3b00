"""Held out, ends: permits, events set anew, upgraded locks, channels and pools that close, retries, services half started.

Nothing was tuned on these, as on those of ``held_out_state``.
"""

import trio
from trio.lowlevel import checkpoint

from races.threads import Program, started

__all__ = [
    "cloned_too_late",
    "event_set_anew",
    "job_behind_the_last",
    "permit_given_twice",
    "reaped_in_use",
    "retried_although_done",
    "stopped_while_starting",
    "two_readers_upgrade",
]


def permit_given_twice(*, sound: bool = False) -> Program:
    """``finally`` gives a permit back, also if the wait for it was cancelled: then two are inside."""

    async def program() -> None:
        permits = trio.Semaphore(1)
        scope = trio.CancelScope()
        inside = 0

        async def work() -> None:
            nonlocal inside
            async with permits:
                inside += 1
                assert inside == 1, f"{inside} are inside"
                for _ in range(3):
                    await checkpoint()
                inside -= 1

        async def work_if_not_cancelled() -> None:
            with scope:
                if sound:
                    await permits.acquire()
                try:
                    if not sound:
                        await permits.acquire()
                    await checkpoint()
                finally:
                    permits.release()

        async def cancel() -> None:
            for _ in range(2):
                await checkpoint()
            scope.cancel()

        await started(work, work_if_not_cancelled, cancel, work)

    return program


def event_set_anew(*, sound: bool = False) -> Program:
    """An event is set and replaced in each of two rounds; who comes to wait for the new one too late waits for a third round."""

    async def program() -> None:
        rounds = 0
        turned, handled = trio.Event(), trio.Event()

        async def follow() -> None:
            for seen in range(2):
                if sound:
                    while rounds == seen:
                        await turned.wait()
                else:
                    await turned.wait()
                handled.set()
                await checkpoint()

        async def turn() -> None:
            nonlocal rounds, turned
            for _ in range(2):
                for _ in range(3):
                    await checkpoint()
                rounds += 1
                turned.set()
                turned = trio.Event()
                await handled.wait()

        await started(follow, turn)

    return program


def two_readers_upgrade(*, sound: bool = False) -> Program:
    """Each of two readers keeps its read lock while it waits to be the only one."""

    async def program() -> None:
        readers = 0
        changed = trio.Condition()
        upgrading = trio.Lock()

        async def read() -> None:
            nonlocal readers
            async with changed:
                readers += 1

        async def leave() -> None:
            nonlocal readers
            async with changed:
                readers -= 1
                changed.notify_all()

        async def write_alone() -> None:
            async with changed:
                while readers > 1:
                    await changed.wait()

        async def look_and_change() -> None:
            if sound:
                async with upgrading:
                    await read()
                    await write_alone()
                    await leave()
                return
            await read()
            await write_alone()
            await leave()

        async def look_and_change_later() -> None:
            for _ in range(8):
                await checkpoint()
            await look_and_change()

        await started(look_and_change, look_and_change_later)

    return program


def cloned_too_late(*, sound: bool = False) -> Program:
    """A worker clones the sending end when it runs; whoever started it has closed the original."""

    async def program() -> None:
        sending, receiving = trio.open_memory_channel[int](2)

        clones = [sending.clone() for _ in range(2)] if sound else []

        async def work() -> None:
            async with clones.pop() if sound else sending.clone() as own:
                await own.send(1)

        async def close() -> None:
            for _ in range(2):
                await checkpoint()
            sending.close()

        await started(work, work, close)
        receiving.close()

    return program


def job_behind_the_last(*, sound: bool = False) -> Program:
    """A pool of two stops by one message for each; a job whose submitter saw it open comes behind them and is never done."""

    async def program() -> None:
        sending, receiving = trio.open_memory_channel[str](8)
        is_open = True
        done = trio.Event()

        async def work() -> None:
            async for job in receiving:
                if job == "stop":
                    return
                await checkpoint()
                done.set()

        async def submit() -> None:
            if is_open:
                if not sound:
                    await checkpoint()
                sending.send_nowait("job")
                await done.wait()

        async def stop() -> None:
            nonlocal is_open
            for _ in range(4):
                await checkpoint()
            is_open = False
            for _ in range(2):
                sending.send_nowait("stop")

        await started(work, work, submit, stop)

    return program


def reaped_in_use(*, sound: bool = False) -> Program:
    """A reaper sees that a connection is idle, says goodbye, and closes it; somebody has taken it out meanwhile."""

    async def program() -> None:
        idle = ["connection"]
        closed: list[str] = []

        async def request() -> None:
            for _ in range(2):
                await checkpoint()
            if idle:
                mine = idle.pop()
                await checkpoint()
                assert mine not in closed, "closed while it is used"
                idle.append(mine)

        async def reap() -> None:
            for _ in range(7):
                await checkpoint()
            if idle:
                victim = idle.pop() if sound else idle[-1]
                await checkpoint()
                closed.append(victim)
                idle.clear()

        await started(request, request, reap)

    return program


def retried_although_done(*, sound: bool = False) -> Program:
    """A payment is given up and tried again; it was booked already, only the answer was still to come."""

    async def program() -> None:
        booked: list[int] = []
        impatient = trio.CancelScope()

        async def pay() -> bool:
            for _ in range(2):
                await checkpoint()
            if not (sound and booked):
                booked.append(1)
            await checkpoint()
            return True

        async def order() -> None:
            answered = False
            with impatient:
                answered = await pay()
            if not answered:
                await pay()

        async def lose_patience() -> None:
            for _ in range(7):
                await checkpoint()
            impatient.cancel()

        await started(order, lose_patience)
        assert len(booked) == 1, f"paid {len(booked)} times"

    return program


def stopped_while_starting(*, sound: bool = False) -> Program:
    """Stop finds nothing to stop, for start has not come to its end yet; then there is a service that nobody stops."""

    async def program() -> None:
        running: list[str] = []
        is_stopped = False

        async def start() -> None:
            for _ in range(2):
                await checkpoint()
            if not (sound and is_stopped):
                running.append("service")

        async def stop() -> None:
            nonlocal is_stopped
            for _ in range(5):
                await checkpoint()
            is_stopped = True
            running.clear()

        await started(start, stop)
        assert not running, "it runs on"

    return program
