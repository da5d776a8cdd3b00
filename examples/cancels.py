"""Programs that are right until a cancel comes at the wrong moment, each with its corrected twin.

    finale-sim explore --cancel examples/cancels.py:leaky_pool

Every cancel scope of the program is cancelled before each of its steps, once; no schedule of tasks is needed to break these.
What must hold is asserted outside of the scopes, where the program still is when they have been cancelled.
"""

import trio

__all__ = ["leaky_pool", "leaky_pool_fixed", "lost_receipt", "lost_receipt_fixed"]


class Pool:
    """Connections that are handed out one at a time."""

    def __init__(self, size: int) -> None:
        self.free = size
        self._given_back = trio.Condition()

    async def take(self) -> None:
        """Wait for a connection."""
        async with self._given_back:
            while not self.free:
                await self._given_back.wait()
            self.free -= 1

    def give_back(self) -> None:
        """No longer needed."""
        self.free += 1


async def leaky_pool() -> None:
    """Between taking a connection and the ``try`` that gives it back stands an await: a cancel there leaks it."""
    pool = Pool(2)

    async def query() -> None:
        with trio.move_on_after(10):
            await pool.take()
            await trio.lowlevel.checkpoint()  # say, a log line that is written asynchronously
            try:
                await trio.sleep(1)
            finally:
                pool.give_back()

    async with trio.open_nursery() as nursery:
        for _ in range(2):
            nursery.start_soon(query)
    assert pool.free == 2, f"{2 - pool.free} connections are lost"


async def leaky_pool_fixed() -> None:
    """Nothing is awaited between taking and ``try``."""
    pool = Pool(2)

    async def query() -> None:
        with trio.move_on_after(10):
            await pool.take()
            try:
                await trio.lowlevel.checkpoint()
                await trio.sleep(1)
            finally:
                pool.give_back()

    async with trio.open_nursery() as nursery:
        for _ in range(2):
            nursery.start_soon(query)
    assert pool.free == 2


async def lost_receipt() -> None:
    """Money moves, then the receipt is written: a cancel in between takes the money without a receipt."""
    balance, receipts = 100, []

    async def pay(amount: int) -> None:
        nonlocal balance
        await trio.sleep(0.1)  # the bank thinks
        balance -= amount
        await trio.sleep(0.1)  # the receipt is written
        receipts.append(amount)

    with trio.move_on_after(5):
        await pay(30)
    assert balance + sum(receipts) == 100, f"{100 - balance} was paid, and the receipts say {sum(receipts)}"


async def lost_receipt_fixed() -> None:
    """From the moment at which money moves, a cancel has to wait."""
    balance, receipts = 100, []

    async def pay(amount: int) -> None:
        nonlocal balance
        await trio.sleep(0.1)
        with trio.CancelScope(shield=True):
            balance -= amount
            await trio.sleep(0.1)
            receipts.append(amount)

    with trio.move_on_after(5):
        await pay(30)
    assert balance + sum(receipts) == 100
