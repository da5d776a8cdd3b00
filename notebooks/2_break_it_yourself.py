# %% [markdown]
# # Break it yourself
#
# The simulator looks for failures by itself. To understand one, or to try out a suspicion, be the strategy yourself:
# `step_through` stands at each choice of a trial and lets you say what happens next.
#
# ## A worker and a shutdown

# %%
import trio

import finale_sim


async def shutdown():
    """A worker saves what it is sent. Whoever shuts down waits until the queue is empty, and stops the worker."""
    saved = []
    sending, receiving = trio.open_memory_channel(10)
    empty = trio.Event()

    async def worker():
        async for item in receiving:
            if not receiving.statistics().current_buffer_used:
                empty.set()
            await finale_sim.fault("disk", raises=OSError)
            await trio.lowlevel.checkpoint()  # the disk takes its time
            saved.append(item)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(worker)
        for item in ("a", "b"):
            await sending.send(item)
        await empty.wait()
        nursery.cancel_scope.cancel()
    assert saved == ["a", "b"], f"saved {saved}"


walk = finale_sim.step_through(shutdown)
walk

# %% [markdown]
# A walk shows what can be chosen at this point, and what comes of the trial if nothing special happens from here on.
# `choose()` takes option 0. Go on until the disk is asked whether it works:

# %%
while walk.choice.site.label != "disk":
    walk.choose()
walk

# %% [markdown]
# ## Inject a fault
#
# A disk that fails once. Nobody handles that, so the whole program ends with an `OSError`; that is at least loud.

# %%
loud = walk.fork().choose(1)
loud.timeline()

# %% [markdown]
# ## Be mean in another way
#
# The shutdown looks at the queue. An item that the worker has taken and not yet saved is in no queue. Go on as if nothing
# happened, until the main task has been woken; then let it go first, as on a machine whose disk is slow:

# %%
silent = walk.fork()
while not any(option.text.startswith("/main takes") for option in silent.options):
    silent.choose()
silent

# %%
main_first = next(option.index for option in silent.options if option.text.startswith("/main takes"))
silent.choose(main_first).timeline()

# %% [markdown]
# What was chosen is a token like that of any failure; it replays here, in a test, or in a terminal:

# %%
assert finale_sim.replay(silent.token, shutdown).recorded
print(silent.token)

# %% [markdown]
# ## And by itself?
#
# `explore` stops at the first failure, which is the loud one. A worker that reports what it could not save takes that out of
# the way, and the simulator comes to the silent one:


# %%
async def shutdown_with_reports():
    saved, reported = [], []
    sending, receiving = trio.open_memory_channel(10)
    empty = trio.Event()

    async def worker():
        async for item in receiving:
            if not receiving.statistics().current_buffer_used:
                empty.set()
            try:
                await finale_sim.fault("disk", raises=OSError)
                await trio.lowlevel.checkpoint()
                saved.append(item)
            except OSError:
                reported.append(item)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(worker)
        for item in ("a", "b"):
            await sending.send(item)
        await empty.wait()
        nursery.cancel_scope.cancel()
    assert sorted(saved + reported) == ["a", "b"], f"saved {saved}, reported {reported}"


found = finale_sim.explore(shutdown_with_reports)
found
