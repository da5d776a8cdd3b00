"""Three programs that stay busy for ever and get nowhere, and how each is put right. Nothing here knows finale.

    finale-sim explore examples/livelocks.py:after_you
    finale-sim explore examples/livelocks.py:after_you_fixed

A livelock is harder to see than a deadlock: nothing is stuck, everybody works, the log is full. What gives it away is that the
program comes back to a state in which it was before, although every task gets its turn and nothing goes wrong.
"""

import random

import trio

__all__ = [
    "after_you",
    "after_you_fixed",
    "lost_signal",
    "lost_signal_fixed",
    "never_given_back",
    "never_given_back_fixed",
]


# Polite: both give way, both try again, and again at the same time ---------------------------------------------------------


async def after_you() -> None:
    """Two transfers need both accounts. To avoid a deadlock, who can't get the second lets the first go, and tries again."""
    alice, bob = trio.Lock(), trio.Lock()

    async def transfer(source: trio.Lock, target: trio.Lock) -> None:
        while True:
            async with source:
                await trio.sleep(0.1)  # looks up the balance
                with trio.move_on_after(1):
                    async with target:
                        return
            await trio.sleep(1)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(transfer, alice, bob)
        nursery.start_soon(transfer, bob, alice)


async def after_you_fixed() -> None:
    """Each waits for a time of its own before the next attempt, so they do not meet again and again."""
    alice, bob = trio.Lock(), trio.Lock()

    async def transfer(source: trio.Lock, target: trio.Lock) -> None:
        while True:
            async with source:
                await trio.sleep(0.1)
                with trio.move_on_after(1):
                    async with target:
                        return
            await trio.sleep(random.uniform(1, 4))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(transfer, alice, bob)
        nursery.start_soon(transfer, bob, alice)


# Impatient: a lock that nobody gives back, and a loop that tries again at once -----------------------------------------------


class Lease:
    """A file that exists while somebody works, as programs use it that share a disk."""

    def __init__(self) -> None:
        self.taken = False

    def take(self) -> bool:
        """Whether it was free, and is ours now."""
        was_taken, self.taken = self.taken, True
        return not was_taken


async def never_given_back() -> None:
    """The first worker may be told to stop. If that comes just before its work is done, it goes home with the lease."""
    lease, stopping = Lease(), trio.Event()

    async def first() -> None:
        if lease.take():
            await trio.sleep(1)
            if stopping.is_set():
                return
            lease.taken = False

    async def second() -> None:
        await trio.sleep(2)
        while not lease.take():
            await trio.lowlevel.checkpoint()  # no pause, no limit
        lease.taken = False

    async def stop() -> None:
        await trio.sleep(1)
        stopping.set()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(first)
        nursery.start_soon(stop)
        nursery.start_soon(second)


async def never_given_back_fixed() -> None:
    """Whoever takes it gives it back, whatever happens in between."""
    lease, stopping = Lease(), trio.Event()

    async def first() -> None:
        if lease.take():
            try:
                await trio.sleep(1)
                if stopping.is_set():
                    return
            finally:
                lease.taken = False

    async def second() -> None:
        await trio.sleep(2)
        while not lease.take():  # noqa: ASYNC110  # a file tells nobody that it is gone
            await trio.sleep(0.1)
        lease.taken = False

    async def stop() -> None:
        await trio.sleep(1)
        stopping.set()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(first)
        nursery.start_soon(stop)
        nursery.start_soon(second)


# Deaf: it asks once a second for something that was said before it listened --------------------------------------------------


async def lost_signal() -> None:
    """The service starts with a clean slate: it wipes what was said before, and then asks for it for ever."""
    mailbox: dict[str, bool] = {}

    async def service() -> None:
        await trio.lowlevel.checkpoint()  # reads its configuration
        mailbox["ready"] = False
        while not mailbox["ready"]:  # noqa: ASYNC110  # the polling is what it is about
            await trio.sleep(1)

    async def announce() -> None:
        await trio.lowlevel.checkpoint()
        await trio.lowlevel.checkpoint()
        mailbox["ready"] = True

    async with trio.open_nursery() as nursery:
        nursery.start_soon(service)
        nursery.start_soon(announce)


async def lost_signal_fixed() -> None:
    """What was said stays said."""
    mailbox: dict[str, bool] = {}

    async def service() -> None:
        await trio.lowlevel.checkpoint()
        mailbox.setdefault("ready", False)
        while not mailbox["ready"]:  # noqa: ASYNC110  # it will come
            await trio.sleep(1)

    async def announce() -> None:
        await trio.lowlevel.checkpoint()
        await trio.lowlevel.checkpoint()
        mailbox["ready"] = True

    async with trio.open_nursery() as nursery:
        nursery.start_soon(service)
        nursery.start_soon(announce)
