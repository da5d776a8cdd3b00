"""Conditions: bug types of GoBench's GoKer."""

import trio
from trio.lowlevel import checkpoint

from races.threads import Program, started

__all__ = ["if_instead_of_while", "notified_before_waiting", "one_notify_for_two_wishes", "state_changed_unlocked"]


def notified_before_waiting(*, sound: bool = False) -> Program:
    """It waits for a notification, not for a state, and the notification may have come before."""

    async def program() -> None:
        ready = False
        told = trio.Condition()

        async def wait() -> None:
            async with told:
                if sound:
                    while not ready:
                        await told.wait()
                else:
                    await told.wait()

        async def tell() -> None:
            nonlocal ready
            for _ in range(2):
                await checkpoint()
            async with told:
                ready = True
                told.notify_all()

        await started(wait, tell)

    return program


def if_instead_of_while(*, sound: bool = False) -> Program:
    """A consumer was woken for an item, and another one takes it first."""

    async def program() -> None:
        items: list[int] = []
        changed = trio.Condition()

        async def consume() -> None:
            async with changed:
                if sound:
                    while not items:
                        await changed.wait()
                elif not items:
                    await changed.wait()
                items.pop()

        async def produce() -> None:
            for item in range(2):
                async with changed:
                    items.append(item)
                    changed.notify()
                await checkpoint()

        await started(consume, consume, produce)

    return program


def one_notify_for_two_wishes(*, sound: bool = False) -> Program:
    """One waits for red, one for blue, on one condition; whoever is woken may have wished for the other."""

    async def program() -> None:
        painted = {"red": False, "blue": False}
        changed = trio.Condition()

        async def wish(colour: str) -> None:
            async with changed:
                while not painted[colour]:
                    await changed.wait()

        async def red() -> None:
            await wish("red")

        async def blue() -> None:
            await wish("blue")

        async def paint() -> None:
            for colour in ("red", "blue"):
                async with changed:
                    painted[colour] = True
                    if sound:
                        changed.notify_all()
                    else:
                        changed.notify()
                await checkpoint()

        await started(red, blue, paint)

    return program


def state_changed_unlocked(*, sound: bool = False) -> Program:
    """The state is set before the lock is taken to notify; a waiter that looked just before lies down just after."""

    async def program() -> None:
        ready = False
        told = trio.Condition()

        async def wait() -> None:
            if sound:
                async with told:
                    while not ready:
                        await told.wait()
                return
            seen = ready
            await checkpoint()
            await told.acquire()
            try:
                if not seen:
                    await told.wait()
            finally:
                told.release()

        async def tell() -> None:
            nonlocal ready
            for _ in range(3):
                await checkpoint()
            ready = True
            async with told:
                told.notify_all()

        await started(wait, tell)

    return program
