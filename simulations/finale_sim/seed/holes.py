"""What the simulator finds in the seed: each hole with the scenario that shows it best and the claim that it breaks."""

from dataclasses import dataclass

__all__ = ["HOLES", "Hole"]


@dataclass(frozen=True, slots=True)
class Hole:
    """A way in which the seed breaks its promise, and what led to it."""

    name: str
    scenario: str
    claim: str
    why: str


HOLES: tuple[Hole, ...] = (
    Hole(
        "finished-run-held-by-successors",
        "queue behind",
        "I8 promptness",
        "A turn that has ended calls the next one, and its own ending is published when that call returns: the first of three "
        "clients waits for all three, and hears of its end last.",
    ),
    Hole(
        "canceled-filter-swallows-terminal",
        "close race",
        "I1 one terminal",
        "Closing cancels the context in which accepted prompts are about to be dispatched. They end with a cancellation before "
        "the agent could tell anything, and what dispatches takes a cancellation for something that needs no telling. Clients "
        "see a clean end of the stream, and report success.",
    ),
    Hole(
        "queue-stranded-by-failed-turn",
        "fails while active",
        "I1 one terminal",
        "Only a turn that completes looks at the queue. A failed one returns with its error, and who waits behind it is not "
        "started until somebody submits another prompt, which then comes first.",
    ),
    Hole(
        "shutdown-strands-queue",
        "journal closed",
        "I1 one terminal",
        "The active turn unwinds at once and removes its entry; what then cancels all busy sessions finds none, and the queue "
        "goes away with the process.",
    ),
    Hole(
        "shutdown-stops-fanin-first",
        "slow subscribers",
        "I1 one terminal",
        "The last ending is still on its way through the fan-in, which waits 50 ms for a subscriber with a full buffer. Shutting "
        "down waits for the tasks of runs only, and then cancels the fan-in: whoever listens hears nothing of that ending.",
    ),
    Hole(
        "panic-kills-server-and-lies",
        "stops the program",
        "I1 one terminal",
        "The ending is told by a deferred call that looks for an error and finds none, because a panic is none: the run that "
        "brings the program down is told as completed. Everybody else is told nothing.",
    ),
    Hole(
        "successor-failure-blamed-on-finished-run",
        "fails behind",
        "I2 attribution",
        "The error of the second turn comes out of the call of the first, which had long completed, and is announced "
        "in its name.",
    ),
    Hole(
        "must-deliver-drop-is-final",
        "slow subscribers",
        "I11 delivery",
        "An ending waits 50 ms for a subscriber whose buffer is full, and is then dropped without a trace.",
    ),
    Hole(
        "no-fifo",
        "queue behind",
        "I6 single flight",
        "Each accepted prompt is dispatched by a task of its own, so the scheduler decides which comes first.",
    ),
    Hole(
        "duplicate-runid",
        "rejected",
        "I1 one terminal",
        "Nobody looks whether an id is taken: a request that is sent again, because its answer got lost, runs again.",
    ),
)
