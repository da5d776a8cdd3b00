"""Locks: bug types of GoBench's GoKer (double locking, a lock that is kept, AB-BA, locks and channels, readers and writers)."""

import trio
from trio.lowlevel import checkpoint

from races.threads import Program, Thread, started

__all__ = ["crossed_locks", "kept_lock", "lock_and_channel", "lock_ring", "locked_twice", "reentered_reader"]


def locked_twice(*, sound: bool = False) -> Program:
    """A helper takes the lock that its caller holds already, but only if there is something to flush."""

    async def program() -> None:
        pending: list[int] = []
        lock = trio.Lock()

        async def flush() -> None:
            if sound:
                pending.clear()
                return
            async with lock:
                pending.clear()

        async def close() -> None:
            async with lock:
                if pending:
                    await flush()

        async def write() -> None:
            for _ in range(2):
                await checkpoint()
            async with lock:
                pending.append(1)

        await started(close, write)

    return program


def kept_lock(*, sound: bool = False) -> Program:
    """One way out of a function forgets to give the lock back."""

    async def program() -> None:
        closed = False
        lock = trio.Lock()

        async def use() -> None:
            await lock.acquire()
            if closed:
                if sound:
                    lock.release()
                return
            await checkpoint()
            lock.release()

        async def close() -> None:
            nonlocal closed
            for _ in range(4):
                await checkpoint()
            closed = True
            async with lock:
                pass

        await started(use, use, close)

    return program


def crossed_locks(*, sound: bool = False) -> Program:
    """Two managers lock themselves, then each other; one of them only if it has found something."""

    async def program() -> None:
        found = False
        mine, yours = trio.Lock(), trio.Lock()

        async def report() -> None:
            nonlocal found
            async with mine:
                found = True
                await checkpoint()
                async with yours:
                    pass

        async def collect() -> None:
            await checkpoint()
            async with mine if sound else yours:
                if found:
                    async with yours if sound else mine:
                        pass

        await started(report, collect)

    return program


def lock_ring(size: int = 4, *, sound: bool = False) -> Program:
    """Each holds one lock and wants the next one's: AB-BA with more than two."""

    async def program() -> None:
        locks = [trio.Lock() for _ in range(size)]

        def member(at: int) -> Thread:
            async def move() -> None:
                first, second = sorted([at, (at + 1) % size]) if sound else (at, (at + 1) % size)
                async with locks[first], locks[second]:
                    await checkpoint()

            return move

        await started(*map(member, range(size)))

    return program


def lock_and_channel(*, sound: bool = False) -> Program:
    """It sends while it holds the lock that the receiver needs before it can receive again."""

    async def program() -> None:
        sending, receiving = trio.open_memory_channel[int](0)
        lock = trio.Lock()

        async def send() -> None:
            for _ in range(4):
                await checkpoint()
            async with lock:
                if not sound:
                    await sending.send(1)
            if sound:
                await sending.send(1)

        async def receive() -> None:
            await checkpoint()
            async with lock:
                pass
            await receiving.receive()

        await started(receive, send)

    return program


def reentered_reader(*, sound: bool = False) -> Program:
    """A reader takes the read lock once more, behind a writer that waits for the first one to be given back."""

    async def program() -> None:
        readers, waiting_writers = 0, 0
        changed = trio.Condition()

        async def take() -> None:
            nonlocal readers
            async with changed:
                while waiting_writers:
                    await changed.wait()
                readers += 1

        async def give_back() -> None:
            nonlocal readers
            async with changed:
                readers -= 1
                changed.notify_all()

        async def read() -> None:
            await take()
            await checkpoint()
            if not sound:
                await take()
                await give_back()
            await give_back()

        async def write() -> None:
            nonlocal waiting_writers
            for _ in range(5):
                await checkpoint()
            async with changed:
                waiting_writers += 1
                while readers:
                    await changed.wait()
                waiting_writers -= 1
                changed.notify_all()

        await started(read, write)

    return program
