# %% [markdown]
# # A real bug, from finding to proof
#
# This happened in a published server that runs prompts in the background. A client sends a prompt and is told at once
# that it was accepted; a moment later it cancels. The cancel is answered with "ok", and the run goes on to its end.
#
# Here is a dispatcher of that shape, in as few lines as show it. Nothing in it belongs to finale.

# %%
import trio
import trio.testing

import finale_sim


class Dispatcher:
    """Answers at once, runs in the background, and can cancel what is active."""

    def __init__(self, nursery):
        self._nursery = nursery
        self._active = {}
        self.endings = {}

    def accept(self, prompt):
        self._nursery.start_soon(self._run, prompt)
        return 202

    def cancel(self, prompt):
        if prompt in self._active:
            self._active[prompt].cancel()
        return 200

    async def _run(self, prompt):
        await trio.lowlevel.checkpoint()  # credentials, a session row, a list of tools
        with trio.CancelScope() as self._active[prompt]:
            await trio.sleep(10)  # the model
        self.endings[prompt] = "cancelled" if self._active.pop(prompt).cancelled_caught else "completed"


# %% [markdown]
# What must hold: a run whose cancel was answered with "ok" does not complete as if nothing had been said. The client
# waits a while before it changes its mind, and how long that takes on the network is not for the dispatcher to know.


# %%
async def somebody_changes_their_mind(dispatcher_class=Dispatcher):
    async with trio.open_nursery() as nursery:
        dispatcher = dispatcher_class(nursery)

        async def client():
            assert dispatcher.accept("fix the bug") == 202
            for _ in range(4):
                await trio.lowlevel.checkpoint()  # reads the answer, and the mail
            assert dispatcher.cancel("fix the bug") == 200

        nursery.start_soon(client)
    assert dispatcher.endings == {"fix the bug": "cancelled"}, f"the ending is {dispatcher.endings}"


for _ in range(100):
    trio.run(somebody_changes_their_mind, clock=trio.testing.MockClock(autojump_threshold=0))

# %% [markdown]
# A hundred runs on trio, and never a problem: its tasks move in lock step, so the client is always late enough. The
# simulator lets any task that can go on go first:

# %%
report = finale_sim.explore(somebody_changes_their_mind)
report

# %% [markdown]
# The client is through before the run has taken its first step. The cancel finds nothing to cancel, is answered with
# "ok", and is forgotten. The report also says how far this is from stock trio: a delay of a millisecond in the right
# place, and it happens there, too.

# %% [markdown]
# ## When was it decided?
#
# For each choice of the trial: the share of random futures behind it that fail.

# %%
report.counterexample.curve()

# %% [markdown]
# ## The repair, and the proof
#
# The gap between "accepted" and "active" must not exist. The scope is made when the prompt is accepted, in the same step,
# so there is always something to cancel. (finale goes further: acceptance, queue and activity are one table, changed by
# plain functions.)


# %%
class Repaired(Dispatcher):
    """A run can be cancelled from the moment at which it is accepted."""

    def accept(self, prompt):
        self._active[prompt] = trio.CancelScope()
        return super().accept(prompt)

    async def _run(self, prompt):
        with self._active[prompt] as scope:
            await trio.lowlevel.checkpoint()
            await trio.sleep(10)
        del self._active[prompt]
        self.endings[prompt] = "cancelled" if scope.cancelled_caught else "completed"


async def repaired():
    await somebody_changes_their_mind(Repaired)


proof = finale_sim.explore(repaired)
print(proof.verdict)

# %%
assert report.counterexample is not None
assert proof.verdict.word == "exhausted"
