# %% [markdown]
# # Campaign and coverage
#
# A campaign plays every scenario (prompts that queue, cancels at each phase, closings, slow readers, journals that fail,
# processes that die) many times, each time with other choices. Here it is finale's own workspace that is put to the test;
# any other dispatcher that is used in the same way would do.

# %%
import finale
import finale_sim

campaign = finale_sim.check(workspace=finale.open_workspace, trials=40)
campaign

# %% [markdown]
# The table says what was tried, which of the 26 endings of a run were seen, and how far the verdict goes. "bounded" means that
# every stream of choices with at most one deviation was tried; "sampled" that so many streams hold, and the rest is unknown.
# Forty trials for each scenario are a start; `make simulate` takes 260.
#
# ## Would more trials find anything new?
#
# For each trial it is noted whether outsiders saw something that no trial before it had shown them. Where the curve is flat, more
# of the same will hardly help; where it still climbs, it would.
#
# Below the curve stands what met the runs: which event in which state, which misfortune in which phase. "never": it can
# happen, and no trial did it. Forty trials leave a few; a dash cannot be.

# %%
campaign.coverage()

# %% [markdown]
# ## As data
#
# `records()` has the rows; `to_pandas()` makes a data frame of them, if pandas is there.

# %%
rows = campaign.records()
sorted(rows, key=lambda row: -row["choices"])[:3]

# %% [markdown]
# ## A campaign that never objects proves nothing
#
# So give it something to find: a workspace that answers each cancel with a friendly number, and does nothing. What stands in
# front of a sound workspace here could be a dispatcher of your own.

# %%
from contextlib import asynccontextmanager  # noqa: E402  # where it is used


class Friendly:
    """A workspace, but for its cancels."""

    def __init__(self, inner):
        self._inner = inner

    def __getattr__(self, name):
        return getattr(self._inner, name)

    def cancel(self, session, by="the caller"):
        return 1


@asynccontextmanager
async def open_friendly(coordinator, **options):
    async with finale.open_workspace(coordinator, **options) as workspace:
        yield Friendly(workspace)


caught = finale_sim.check(workspace=open_friendly, trials=5)
for claim, failures in caught.failures().items():
    print(f"{claim}: in {len(failures)} scenarios, for example {failures[0][0]!r}")

# %%
scenario, smallest = next(iter(caught.failures().values()))[0]
smallest.timeline()

# %% [markdown]
# `finale-sim canaries` does this with 65 ways to break finale, and `finale-sim museum` explains them.

# %%
assert campaign.exit_code == 0
assert caught.exit_code == 1
