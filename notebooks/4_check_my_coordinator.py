# %% [markdown]
# # Check my coordinator
#
# A coordinator does the work of one run. `finale_sim.check` puts it into a finale workspace and plays what can happen to
# it there: prompts that queue, cancels and closings at every phase, clients that leave. Time is virtual, so sleeps cost
# nothing.

# %%
import trio

import finale_sim


class Agent:
    """Asks a model for an answer, and saves the conversation whatever happens."""

    async def run(self, request, ctx):
        await ctx.progress("thinking")
        try:
            await trio.sleep(2)  # plays the model
            return f"done: {request.prompt}"
        finally:
            with trio.CancelScope(shield=True):
                await trio.sleep(60)  # plays a storage that is having a bad day


campaign = finale_sim.check(Agent, trials=60)
campaign

# %% [markdown]
# What broke, and in which scenarios:

# %%
for claim, failures in campaign.failures().items():
    scenario, smallest = failures[0]
    print(f"{claim}: in {len(failures)} scenarios, for example {scenario!r}")
    print(smallest.story.attempt.breach.message)

# %% [markdown]
# A shield keeps every cancel out, so a run that is cancelled holds its session, and a closing workspace, for as long as
# the storage likes. finale tells its waiters after five seconds (`grace_s`) that it is cancelled, `abandoned=True`; but
# the task is there. Clean-up that has to wait needs a limit of its own:


# %%
class PatientAgent:
    """The same; its clean-up has a second."""

    async def run(self, request, ctx):
        await ctx.progress("thinking")
        try:
            await trio.sleep(2)
            return f"done: {request.prompt}"
        finally:
            with trio.move_on_after(1) as scope:
                scope.shield = True
                await trio.sleep(60)


repaired = finale_sim.check(PatientAgent, trials=60)
repaired

# %%
assert campaign.exit_code == 1
assert repaired.exit_code == 0
