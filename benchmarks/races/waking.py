"""Waiting and being woken: Cargill's bounded buffer, a lost wake-up, a leaked permit."""

import trio
from trio.lowlevel import ParkingLot, checkpoint

from races.threads import Program, started

__all__ = ["bounded_buffer", "leaked_permit", "lost_wakeup"]


def bounded_buffer(writers: int, readers: int, *, sound: bool = False) -> Program:
    """One queue of sleepers for "there is room" and "there is an item"; who is woken may want the other thing.

    After the monitor that T. Cargill made known, with a buffer of one place. What runs between two awaits is a critical section
    in trio, so it needs no lock.
    """

    async def program() -> None:
        items: list[int] = []
        sleepers = ParkingLot()
        count = max(writers, readers)

        def wake() -> None:
            if sound:
                sleepers.unpark_all()
            else:
                sleepers.unpark()

        async def write() -> None:
            for item in range(count // writers):
                while items:
                    await sleepers.park()
                items.append(item)
                wake()
                await checkpoint()

        async def read() -> None:
            for _ in range(count // readers):
                while not items:
                    await sleepers.park()
                items.pop()
                wake()
                await checkpoint()

        await started(*[write] * writers, *[read] * readers)

    return program


def lost_wakeup(*, sound: bool = False) -> Program:
    """A worker looks whether there is work, and lies down one step later; the bell may ring in between."""

    async def program() -> None:
        work: list[str] = []
        bell = trio.Condition()

        async def sleep_until_work() -> None:
            if sound:
                async with bell:
                    while not work:
                        await bell.wait()
                return
            if not work:
                async with bell:
                    await bell.wait()

        async def bring() -> None:
            await checkpoint()
            await checkpoint()
            async with bell:
                work.append("a letter")
                bell.notify_all()

        await started(sleep_until_work, bring)

    return program


def leaked_permit(*, sound: bool = False) -> Program:
    """A cancel between taking a permit and the ``try`` that gives it back."""

    async def program() -> None:
        permits = trio.Semaphore(1)
        scope = trio.CancelScope()

        async def use() -> None:
            with scope:
                if sound:
                    async with permits:
                        await checkpoint()
                        await checkpoint()
                        await checkpoint()
                    return
                await permits.acquire()
                await checkpoint()
                try:
                    await checkpoint()
                    await checkpoint()
                finally:
                    permits.release()

        async def give_up() -> None:
            for _ in range(5):
                await checkpoint()
            scope.cancel()

        await started(use, give_up)
        assert permits.value == 1, "a permit is gone"

    return program
