"""Locks in the wrong order, the wrong lock: SCTBench's ``deadlock01``, ``wronglock``, ``carter01``; and the philosophers."""

import trio
from trio.lowlevel import checkpoint

from races.threads import Program, Thread, started

__all__ = ["carter", "deadlock", "philosophers", "wronglock"]


def deadlock(*, sound: bool = False) -> Program:
    """Two tasks take two locks in opposite orders."""

    async def program() -> None:
        a, b = trio.Lock(), trio.Lock()
        counter = 1

        async def up() -> None:
            nonlocal counter
            async with a, b:
                counter += 1

        async def down() -> None:
            nonlocal counter
            first, second = (a, b) if sound else (b, a)
            async with first, second:
                counter -= 1

        await started(up, down)

    return program


def wronglock(right: int = 1, wrong: int = 7, *, sound: bool = False) -> Program:
    """One task guards the datum with one lock, seven others with another."""

    async def program() -> None:
        data = 0
        lock = trio.Lock()
        other = lock if sound else trio.Lock()

        async def guarded() -> None:
            nonlocal data
            async with lock:
                seen = data
                await checkpoint()
                data += 1
                assert data == seen + 1, "somebody else was here meanwhile"

        async def misguided() -> None:
            nonlocal data
            async with other:
                data += 1

        await started(*[guarded] * right, *[misguided] * wrong)

    return program


def carter(*, sound: bool = False) -> Program:
    """Two crowds want one area, each from its first member to its last. Who waits for it keeps others from leaving it."""

    async def program() -> None:
        counting, area = trio.Lock(), trio.Lock()

        def crowd() -> Thread:
            members = 0

            async def visit() -> None:
                nonlocal members
                if sound:
                    async with area, counting:
                        await checkpoint()
                    return
                async with counting:
                    members += 1
                    if members == 1:
                        await area.acquire()
                await checkpoint()
                async with counting:
                    members -= 1
                    if members == 0:
                        area.release()

            return visit

        async def pass_by() -> None:
            await checkpoint()

        await started(crowd(), crowd(), pass_by, pass_by)

    return program


def philosophers(seats: int, *, sound: bool = False) -> Program:
    """Each takes the fork on the left, then that on the right; a sound table has one who is left-handed."""

    async def program() -> None:
        forks = [trio.Lock() for _ in range(seats)]

        def at(seat: int) -> Thread:
            async def dine() -> None:
                left, right = seat, (seat + 1) % seats
                if sound and left > right:
                    left, right = right, left
                async with forks[left], forks[right]:
                    await checkpoint()

            return dine

        await started(*map(at, range(seats)))

    return program
