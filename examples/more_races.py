"""Seven more races: orders that nobody promised, locks, leases, time-outs and endings; and how each is put right.

    finale-sim explore examples/more_races.py:paid_twice
    finale-sim explore examples/more_races.py:paid_twice_fixed

How small finale-sim makes their failures, beside the optimum, is measured by ``benchmarks/bench_shrinking.py``.
"""

import trio


async def elsewhere(rounds: int = 1) -> None:
    """Stands for a query, a request, a slow disk: something that takes a while, and others run meanwhile."""
    for _ in range(rounds):
        await trio.lowlevel.checkpoint()


# Order violation: what is used has not been made yet ----------------------------------------------------------------------


async def order_violation() -> None:
    """The settings are read faster than the first request comes in. So far."""
    settings: dict[str, str] = {}
    said = []

    async def load() -> None:
        await elsewhere(2)
        settings["greeting"] = "hello"

    async def serve() -> None:
        await elsewhere(4)
        said.append(settings["greeting"])

    async with trio.open_nursery() as nursery:
        nursery.start_soon(load)
        nursery.start_soon(serve)


async def order_violation_fixed() -> None:
    """Who needs the settings waits for them."""
    settings: dict[str, str] = {}
    said = []
    loaded = trio.Event()

    async def load() -> None:
        await elsewhere(2)
        settings["greeting"] = "hello"
        loaded.set()

    async def serve() -> None:
        await elsewhere(4)
        await loaded.wait()
        said.append(settings["greeting"])

    async with trio.open_nursery() as nursery:
        nursery.start_soon(load)
        nursery.start_soon(serve)


# Two-lock atomicity: each step is under a lock, the two together are not ---------------------------------------------------


async def torn_transfer() -> None:
    """Money leaves one account under its lock, and enters the other under that one's. An auditor comes in between."""
    accounts = {"Anna": 100, "Bob": 0}
    locks = {name: trio.Lock() for name in accounts}
    sums = []

    async def transfer() -> None:
        async with locks["Anna"]:
            accounts["Anna"] -= 70
        await elsewhere()  # writes a receipt
        async with locks["Bob"]:
            accounts["Bob"] += 70

    async def audit() -> None:
        await elsewhere(4)
        async with locks["Anna"], locks["Bob"]:
            sums.append(sum(accounts.values()))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(transfer)
        nursery.start_soon(audit)
    assert sums == [100], f"there are 100 crowns, the auditor counted {sums}"


async def torn_transfer_fixed() -> None:
    """Both locks are held for as long as the sum is wrong."""
    accounts = {"Anna": 100, "Bob": 0}
    locks = {name: trio.Lock() for name in accounts}
    sums = []

    async def transfer() -> None:
        async with locks["Anna"], locks["Bob"]:
            accounts["Anna"] -= 70
            await elsewhere()
            accounts["Bob"] += 70

    async def audit() -> None:
        await elsewhere(4)
        async with locks["Anna"], locks["Bob"]:
            sums.append(sum(accounts.values()))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(transfer)
        nursery.start_soon(audit)
    assert sums == [100], f"there are 100 crowns, the auditor counted {sums}"


# Lock ring: three who each hold what the next one wants --------------------------------------------------------------------


async def lock_ring() -> None:
    """Three cooks at a round table, a knife between every two of them. Each takes the one on the left first."""
    knives = [trio.Lock() for _ in range(3)]

    async def cook(number: int) -> None:
        await elsewhere(2 * number)  # washes the vegetables
        async with knives[number], knives[(number + 1) % 3]:
            await elsewhere()

    async with trio.open_nursery() as nursery:
        for number in range(3):
            nursery.start_soon(cook, number)


async def lock_ring_fixed() -> None:
    """The knives have numbers, and everybody takes the lower one first."""
    knives = [trio.Lock() for _ in range(3)]

    async def cook(number: int) -> None:
        await elsewhere(2 * number)  # washes the vegetables
        first, second = sorted([number, (number + 1) % 3])
        async with knives[first], knives[second]:
            await elsewhere()

    async with trio.open_nursery() as nursery:
        for number in range(3):
            nursery.start_soon(cook, number)


# Stale lease: it was valid when one looked ----------------------------------------------------------------------------------


async def stale_lease() -> None:
    """A lease is good for two seconds. Its holder looks whether it still has it, and writes a moment later."""
    holder, until_s = "nobody", 0.0
    writes = []

    async def work(name: str) -> None:
        nonlocal holder, until_s
        while trio.current_time() < until_s:  # noqa: ASYNC110  # the lease may be another's by then
            await trio.sleep_until(until_s)
        holder, until_s = name, trio.current_time() + 2
        await trio.sleep(2)
        if holder == name:
            await elsewhere()  # opens the file
            writes.append((name, holder))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(work, "Anna")
        nursery.start_soon(work, "Bob")
    for name, owner in writes:
        assert name == owner, f"{name} wrote while {owner} had the lease"


async def stale_lease_fixed() -> None:
    """The file is opened first; between the look and the write there is no wait."""
    holder, until_s = "nobody", 0.0
    writes = []

    async def work(name: str) -> None:
        nonlocal holder, until_s
        while trio.current_time() < until_s:  # noqa: ASYNC110  # the lease may be another's by then
            await trio.sleep_until(until_s)
        holder, until_s = name, trio.current_time() + 2
        await trio.sleep(2)
        await elsewhere()  # opens the file
        if holder == name:
            writes.append((name, holder))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(work, "Anna")
        nursery.start_soon(work, "Bob")
    for name, owner in writes:
        assert name == owner, f"{name} wrote while {owner} had the lease"


# Check, then act, with a time-out: no answer is not the answer no ------------------------------------------------------------


async def paid_twice() -> None:
    """The bank promises an answer within a second. The shop waits a second, sees none, and sends the order again."""
    orders, inbox = trio.open_memory_channel[str](2)
    charged = []
    paid = trio.Event()

    async def bank() -> None:
        async for order in inbox:
            await trio.sleep(1)
            charged.append(order)
            paid.set()

    async def shop() -> None:
        async with orders:
            await orders.send("a bicycle")
            with trio.move_on_after(1):
                await paid.wait()
            if not paid.is_set():
                await orders.send("a bicycle")

    async with trio.open_nursery() as nursery:
        nursery.start_soon(bank)
        nursery.start_soon(shop)
    assert charged == ["a bicycle"], f"charged {len(charged)} times"


async def paid_twice_fixed() -> None:
    """An order can be sent as often as one likes: the bank knows it by its name."""
    orders, inbox = trio.open_memory_channel[str](2)
    charged = []
    paid = trio.Event()

    async def bank() -> None:
        async for order in inbox:
            await trio.sleep(1)
            if order not in charged:
                charged.append(order)
            paid.set()

    async def shop() -> None:
        async with orders:
            await orders.send("a bicycle")
            with trio.move_on_after(1):
                await paid.wait()
            if not paid.is_set():
                await orders.send("a bicycle")

    async with trio.open_nursery() as nursery:
        nursery.start_soon(bank)
        nursery.start_soon(shop)
    assert charged == ["a bicycle"], f"charged {len(charged)} times"


# Cancelled between commit and acknowledgement: done, but nobody knows ---------------------------------------------------------


async def stored_twice() -> None:
    """A worker stores a letter, then crosses it off the list. It is stopped in between, and its successor stores it again."""
    letters, stored = ["to Anna", "to Bob"], list[str]()

    async def work() -> None:
        while letters:
            stored.append(letters[0])
            await elsewhere()  # the list is in another room
            letters.pop(0)

    async def stop(scope: trio.CancelScope) -> None:
        await elsewhere(5)
        scope.cancel()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(work)
        nursery.start_soon(stop, nursery.cancel_scope)
    await work()
    assert stored == ["to Anna", "to Bob"], stored


async def stored_twice_fixed() -> None:
    """What may be done twice is made to count once."""
    letters, stored = ["to Anna", "to Bob"], list[str]()

    async def work() -> None:
        while letters:
            if letters[0] not in stored:
                stored.append(letters[0])
            await elsewhere()  # the list is in another room
            letters.pop(0)

    async def stop(scope: trio.CancelScope) -> None:
        await elsewhere(5)
        scope.cancel()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(work)
        nursery.start_soon(stop, nursery.cancel_scope)
    await work()
    assert stored == ["to Anna", "to Bob"], stored


# Event after the ending: the last word is not the last -------------------------------------------------------------------------


async def event_after_the_end() -> None:
    """A narrator tells how the game goes as long as it goes on. It looks, clears its throat, and speaks."""
    told = []
    over = False

    async def narrate() -> None:
        while not over:
            await elsewhere()
            told.append("it goes on")

    async def play() -> None:
        nonlocal over
        await elsewhere(4)
        over = True
        told.append("the end")

    async with trio.open_nursery() as nursery:
        nursery.start_soon(play)
        nursery.start_soon(narrate)
    assert told[-1] == "the end", f"the last word is {told[-1]!r}"


async def event_after_the_end_fixed() -> None:
    """It looks once more before it speaks."""
    told = []
    over = False

    async def narrate() -> None:
        while not over:
            await elsewhere()
            if not over:
                told.append("it goes on")

    async def play() -> None:
        nonlocal over
        await elsewhere(4)
        over = True
        told.append("the end")

    async with trio.open_nursery() as nursery:
        nursery.start_soon(play)
        nursery.start_soon(narrate)
    assert told[-1] == "the end", f"the last word is {told[-1]!r}"
