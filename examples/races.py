"""Six races, as they happen in real trio code, and how each is put right. Nothing here knows finale.

    finale-sim explore examples/races.py:lost_update
    finale-sim explore examples/races.py:lost_update_fixed

Tests hardly ever see them. trio moves all runnable tasks in lock step, one step each per round, so two tasks that start a few
steps apart stay a few steps apart; in production one of them waits for a slow disk, and they meet.
"""

import trio


async def elsewhere(rounds: int = 1) -> None:
    """Stands for a query, a request, a slow disk: something that takes a while, and others run meanwhile."""
    for _ in range(rounds):
        await trio.lowlevel.checkpoint()


# Lost update: what was read is out of date when it is written back -------------------------------------------------------


async def lost_update() -> None:
    """Two visits are counted; one of them also has to log in first."""
    visits = 0

    async def increment(logging_in: int) -> None:
        nonlocal visits
        await elsewhere(logging_in)
        seen = visits
        await elsewhere()
        visits = seen + 1

    async with trio.open_nursery() as nursery:
        nursery.start_soon(increment, 0)
        nursery.start_soon(increment, 2)
    assert visits == 2, f"two visits, {visits} counted"


async def lost_update_fixed() -> None:
    """Reading and writing belong together: one lock around both."""
    visits = 0
    lock = trio.Lock()

    async def increment(logging_in: int) -> None:
        nonlocal visits
        await elsewhere(logging_in)
        async with lock:
            seen = visits
            await elsewhere()
            visits = seen + 1

    async with trio.open_nursery() as nursery:
        nursery.start_soon(increment, 0)
        nursery.start_soon(increment, 2)
    assert visits == 2, f"two visits, {visits} counted"


# Deadlock: two locks, taken in two orders -------------------------------------------------------------------------------


async def deadlock() -> None:
    """Anna sends money to Bob while Bob sends money to Anna; each transfer locks the sender's account first."""
    locks = {"Anna": trio.Lock(), "Bob": trio.Lock()}

    async def transfer(sender: str, receiver: str, logging_in: int) -> None:
        await elsewhere(logging_in)
        async with locks[sender], locks[receiver]:
            await elsewhere()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(transfer, "Anna", "Bob", 0)
        nursery.start_soon(transfer, "Bob", "Anna", 3)


async def deadlock_fixed() -> None:
    """Whoever sends, the locks are taken in one order."""
    locks = {"Anna": trio.Lock(), "Bob": trio.Lock()}

    async def transfer(sender: str, receiver: str, logging_in: int) -> None:
        await elsewhere(logging_in)
        first, second = sorted([sender, receiver])
        async with locks[first], locks[second]:
            await elsewhere()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(transfer, "Anna", "Bob", 0)
        nursery.start_soon(transfer, "Bob", "Anna", 3)


# Check, then act: what was true before the await is not true after it ----------------------------------------------------


async def check_then_act() -> None:
    """The last seat is free, so the payment is taken, and then the seat. One of two buyers types more slowly."""
    free = 1
    sold = []

    async def buy(name: str, typing: int) -> None:
        nonlocal free
        await elsewhere(typing)
        if free > 0:
            await elsewhere()  # the payment
            free -= 1
            sold.append(name)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(buy, "Anna", 0)
        nursery.start_soon(buy, "Bob", 2)
    assert len(sold) == 1, f"one seat, sold to {' and '.join(sold)}"


async def check_then_act_fixed() -> None:
    """The seat is taken at once, with no await after the check; had the payment failed, it would be given back."""
    free = 1
    sold = []

    async def buy(name: str, typing: int) -> None:
        nonlocal free
        await elsewhere(typing)
        if free > 0:
            free -= 1
            await elsewhere()  # the payment
            sold.append(name)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(buy, "Anna", 0)
        nursery.start_soon(buy, "Bob", 2)
    assert len(sold) == 1, f"one seat, sold to {' and '.join(sold)}"


# Leaked permit: a cancel comes between taking a thing and promising to give it back ---------------------------------------


async def leaked_permit() -> None:
    """A query takes a connection from the pool, and is cancelled by a user who thinks better of it."""
    pool = trio.Semaphore(1)

    async def query() -> None:
        await pool.acquire()
        await elsewhere()  # greet the server
        try:
            await elsewhere(6)
        finally:
            pool.release()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(query)
        nursery.start_soon(_cancel_later, nursery.cancel_scope)
    assert pool.value == 1, "a connection was never given back"


async def leaked_permit_fixed() -> None:
    """``async with`` gives back whatever it took."""
    pool = trio.Semaphore(1)

    async def query() -> None:
        async with pool:
            await elsewhere()  # greet the server
            await elsewhere(6)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(query)
        nursery.start_soon(_cancel_later, nursery.cancel_scope)
    assert pool.value == 1, "a connection was never given back"


async def _cancel_later(scope: trio.CancelScope) -> None:
    await elsewhere(5)
    scope.cancel()


# Lost wake-up: the bell rings between looking and lying down ---------------------------------------------------------------


async def lost_wakeup() -> None:
    """The reader looks, finds no news, and lines up for the lock to wait under. By then the writer has come and gone."""
    news: list[str] = []
    told = trio.Condition()

    async def write() -> None:
        await elsewhere(3)
        async with told:
            news.append("rain")
            told.notify_all()

    async def read() -> None:
        if not news:
            async with told:
                await told.wait()
        assert news

    async with trio.open_nursery() as nursery:
        nursery.start_soon(read)
        nursery.start_soon(write)


async def lost_wakeup_fixed() -> None:
    """Look with the lock in hand, and look again after waking."""
    news: list[str] = []
    told = trio.Condition()

    async def write() -> None:
        await elsewhere(3)
        async with told:
            news.append("rain")
            told.notify_all()

    async def read() -> None:
        async with told:
            while not news:
                await told.wait()
        assert news

    async with trio.open_nursery() as nursery:
        nursery.start_soon(read)
        nursery.start_soon(write)


# Use after close: the first to finish switches off the light ---------------------------------------------------------------


async def use_after_close() -> None:
    """Two producers share one end of a channel, and each closes it when done. In lock step they are done together."""
    sending, receiving = trio.open_memory_channel[str](2)

    async def produce(name: str) -> None:
        async with sending:
            await elsewhere()
            await sending.send(name)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(produce, "Anna")
        nursery.start_soon(produce, "Bob")
        received = [name async for name in receiving]
    assert sorted(received) == ["Anna", "Bob"]


async def use_after_close_fixed() -> None:
    """Each producer has, and closes, an end of its own."""
    sending, receiving = trio.open_memory_channel[str](2)

    async def produce(name: str, sending: trio.MemorySendChannel[str]) -> None:
        async with sending:
            await elsewhere()
            await sending.send(name)

    async with trio.open_nursery() as nursery:
        async with sending:
            nursery.start_soon(produce, "Anna", sending.clone())
            nursery.start_soon(produce, "Bob", sending.clone())
        received = [name async for name in receiving]
    assert sorted(received) == ["Anna", "Bob"]
