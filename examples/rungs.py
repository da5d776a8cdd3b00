"""Three bugs, each of which needs a little more than the one before, and how each is put right. Nothing here knows finale.

    finale-sim explore examples/rungs.py:late_reader                        a delay: some task is slower than it looks
    finale-sim explore examples/rungs.py:photo_finish                       two timers of one instant, in the other order
    finale-sim explore examples/rungs.py:stale_lease --fidelity free        a machine so slow that a deadline passes meanwhile

None is ever seen on stock trio, which moves all runnable tasks in lock step and fires all timers of an instant together: until
something in there takes a moment longer. The report names the moment, and ``finale-sim force`` brings it about.
"""

import trio


async def elsewhere(rounds: int = 1) -> None:
    """Stands for a query, a request, a slow disk: something that takes a while, and others run meanwhile."""
    for _ in range(rounds):
        await trio.lowlevel.checkpoint()


# A delay: three steps of one task between two of another ------------------------------------------------------------------


async def late_reader() -> None:
    """A reader finds the connection open, and uses it one step later. Closing takes three: nobody has lost that race so far."""
    connected = True

    async def close() -> None:
        nonlocal connected
        await elsewhere(3)  # flush, say goodbye, hang up
        connected = False

    async def read() -> None:
        if connected:
            await elsewhere()
            assert connected, "read from a closed connection"

    async with trio.open_nursery() as nursery:
        nursery.start_soon(close)
        nursery.start_soon(read)


async def late_reader_fixed() -> None:
    """Who reads holds the connection, and closing waits for that."""
    connected = True
    in_use = trio.Lock()

    async def close() -> None:
        nonlocal connected
        await elsewhere(3)
        async with in_use:
            connected = False

    async def read() -> None:
        async with in_use:
            if connected:
                await elsewhere()
                assert connected, "read from a closed connection"

    async with trio.open_nursery() as nursery:
        nursery.start_soon(close)
        nursery.start_soon(read)


# A tie: two timers of one instant -------------------------------------------------------------------------------------------


async def photo_finish() -> None:
    """A courier comes after one second, to a customer who waits for one second. No customer, no parcel; no money, no parcel."""
    at_the_door, door = trio.open_memory_channel[str](0)
    paid = returned = False

    async def deliver() -> None:
        nonlocal returned
        await trio.sleep(1)
        try:
            at_the_door.send_nowait("parcel")
        except trio.WouldBlock:  # nobody waits there
            returned = True

    async def buy() -> None:
        nonlocal paid
        with trio.move_on_after(1):
            await door.receive()
            await trio.sleep(0.1)  # look for the purse
            paid = True

    async with trio.open_nursery() as nursery:
        nursery.start_soon(deliver)
        nursery.start_soon(buy)
    assert paid or returned, "the parcel was handed over, and never paid"


async def photo_finish_fixed() -> None:
    """The patience of one second is for the courier. Who has the parcel pays, however long that takes."""
    at_the_door, door = trio.open_memory_channel[str](0)
    paid = returned = False

    async def deliver() -> None:
        nonlocal returned
        await trio.sleep(1)
        try:
            at_the_door.send_nowait("parcel")
        except trio.WouldBlock:  # nobody waits there
            returned = True

    async def buy() -> None:
        nonlocal paid
        parcel = None
        with trio.move_on_after(1):
            parcel = await door.receive()
        if parcel is not None:
            await trio.sleep(0.1)  # look for the purse
            paid = True

    async with trio.open_nursery() as nursery:
        nursery.start_soon(deliver)
        nursery.start_soon(buy)
    assert paid or returned, "the parcel was handed over, and never paid"


# A slow machine: a deadline passes while a task could go on ---------------------------------------------------------------


async def stale_lease() -> None:
    """The lease is good for ten seconds, and between looking at it and writing there is hardly a moment."""
    leased = True
    written_without = False

    async def write() -> None:
        nonlocal written_without
        if leased:
            await elsewhere()
            written_without = not leased

    async def expire() -> None:
        nonlocal leased
        await trio.sleep(10)
        leased = False

    async with trio.open_nursery() as nursery:
        nursery.start_soon(write)
        nursery.start_soon(expire)
    assert not written_without, "written after the lease had expired"


async def stale_lease_fixed() -> None:
    """The store looks at the lease in the very step in which it writes, and refuses what comes too late."""
    leased = True
    written_without = False

    async def write() -> None:
        nonlocal written_without
        await elsewhere()
        if leased:
            written_without = not leased

    async def expire() -> None:
        nonlocal leased
        await trio.sleep(10)
        leased = False

    async with trio.open_nursery() as nursery:
        nursery.start_soon(write)
        nursery.start_soon(expire)
    assert not written_without, "written after the lease had expired"
