# %% [markdown]
# # Any trio program
#
# `finale_sim.explore` takes an async function without parameters and looks for an order of events in which it fails. The
# function needs to know nothing of finale. Trials run here, in this kernel, on a virtual clock: no server, no plugin.
#
# ## An update that gets lost

# %%
import trio

import finale_sim


async def two_deposits():
    balance = 0

    async def deposit(amount):
        nonlocal balance
        seen = balance
        await trio.sleep(0.010)  # plays the database
        balance = seen + amount

    async def at_the_counter():
        await deposit(100)

    async def by_post():
        await trio.sleep(3600)
        await deposit(20)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(at_the_counter)
        nursery.start_soon(by_post)
    assert balance == 120, f"the balance is {balance}"


# %% [markdown]
# The letter arrives an hour later, so this holds in every order that trio may take:

# %%
print(finale_sim.explore(two_deposits).verdict)

# %% [markdown]
# But nothing *makes* the second deposit wait. On the rung `free` time may pass although tasks could go on, as it does on
# a machine that has a lot to do. There it fails:

# %%
report = finale_sim.explore(two_deposits, fidelity="free")
report

# %% [markdown]
# Each number in the report is a checkpoint of a task, and each place is a cell and a line. With a lock the same function
# holds, and that is not a matter of luck: every stream of choices was tried.


# %%
async def two_deposits_in_turn():
    balance = 0
    turn = trio.Lock()

    async def deposit(amount):
        nonlocal balance
        async with turn:
            seen = balance
            await trio.sleep(0.010)
            balance = seen + amount

    async with trio.open_nursery() as nursery:
        nursery.start_soon(deposit, 100)
        nursery.start_soon(deposit, 20)
    assert balance == 120, f"the balance is {balance}"


repaired = finale_sim.explore(two_deposits_in_turn, fidelity="free", trials=5000)
print(repaired.verdict)

# %% [markdown]
# ## A deadlock
#
# Two locks, taken in two orders. The report says who holds what.


# %%
async def transfer_both_ways():
    mine, yours = trio.Lock(), trio.Lock()

    async def transfer(first, second):
        async with first:
            await trio.lowlevel.checkpoint()
            async with second:
                pass

    async with trio.open_nursery() as nursery:
        nursery.start_soon(transfer, mine, yours)
        nursery.start_soon(transfer, yours, mine)


stuck = finale_sim.explore(transfer_both_ways)
print(stuck.verdict)

# %%
stuck.counterexample.waits()

# %% [markdown]
# ## A cancellation at the wrong moment
#
# With `cancel=True` every cancel scope of the program is cancelled before each of its steps. The report says at how many
# of how many points.


# %%
async def borrow_and_give_back():
    free = ["connection"]

    async def work():
        connection = free.pop()
        await trio.sleep(1)
        free.append(connection)  # a finally is missing

    with trio.move_on_after(60):
        await work()
    assert free == ["connection"], "a connection is lost"


leak = finale_sim.explore(borrow_and_give_back, cancel=True)
print(leak.verdict)
print(*leak.counterexample.in_words(), sep="\n")

# %% [markdown]
# ## Again
#
# The token is the failing trial on one line. It replays here, in a test, or in a terminal, as long as the program is the
# same:

# %%
again = finale_sim.replay(leak.token, borrow_and_give_back)
assert again.recorded
