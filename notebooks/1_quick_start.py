# %% [markdown]
# # Quick start
#
# finale dispatches background runs (prompts for agents, above all) and reports the end of each exactly once.
#
# > Before a run is accepted, a rejected request raises. After it is accepted, it gets exactly one terminal event. Never both,
# > never neither.
#
# What does the work of a run is a coordinator: an async function on trio, or an object with such a method. This one plays an
# agent.

# %%
import trio

import finale
from finale import notebook


async def agent(request, ctx):
    for step in ("reading", "thinking", "writing"):
        await ctx.progress(step)
        await trio.sleep(0.1)
    if request.prompt == "divide by zero":
        return 1 / 0
    return request.prompt.upper()


ws = notebook.open_workspace(agent)

# %% [markdown]
# ## Submit
#
# The cell has ended before the run has. Shown, a run is a box that goes on changing while other cells are executed.

# %%
run = ws.submit("fix the bug", session="s1")
run

# %% [markdown]
# ## Wait
#
# `await` it, or, where there is no `await`, call `run.wait()`. The stop button ends the wait, and the run goes on.

# %%
await run.result()

# %% [markdown]
# ## Watch
#
# Events are told from the start, also of a run that has ended. The last one is its terminal event.

# %%
async for event in run.events():
    print(type(event).__name__, getattr(event, "payload", ""))

# %% [markdown]
# ## Queue and cancel
#
# Runs of one session take turns; those of other sessions work beside them. A cancel covers what was accepted before it, and
# nothing that comes later.

# %%
first, second = ws.submit("one", session="s1"), ws.submit("two", session="s1")
print(second.state.value, second.position)
print(ws.cancel("s1", by="somebody at a notebook"))
third = ws.submit("three", session="s1")
for ending in (await first, await second, await third):
    print(ending.status, ending.cancelled_by or ending.text)

# %% [markdown]
# ## What goes wrong
#
# A request that is not accepted raises at once, and no event will ever mention it. A run that fails says so in its terminal
# event, and when its result is asked for.

# %%
try:
    ws.submit("", session="s1")
except finale.Rejected as error:
    print(type(error).__name__, error, sep=": ")

failing = ws.submit("divide by zero", session="s2")
try:
    await failing.result()
except finale.RunFailed as error:
    print(type(error).__name__, error.complete.error, sep=": ")

# %% [markdown]
# ## Close
#
# Everything that is in flight is cancelled, and told. A workspace that is left open ends with the kernel.

# %%
last = ws.submit("too late", session="s3")
await ws.close()
last.complete.status.value, ws.statistics().in_flight
