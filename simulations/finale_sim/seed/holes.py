"""What the simulator finds in the seed: each hole with the scenario that shows it best and the claim that it breaks."""

from dataclasses import dataclass

__all__ = ["HOLES", "Hole"]


@dataclass(frozen=True, slots=True)
class Hole:
    """A way in which the seed breaks its promise, and what led to it."""

    name: str
    symptom: str  #: what a user sees of it
    scenario: str
    claim: str
    why: str


HOLES: tuple[Hole, ...] = (
    Hole(
        "finished-run-held-by-successors",
        "The first of three clients waits until all three prompts are answered.",
        "queue behind",
        "I8 promptness",
        "A turn that has ended calls the next one, and its own ending is published when that call returns: the first of three "
        "clients waits for all three, and hears of its end last.",
    ),
    Hole(
        "canceled-filter-swallows-terminal",
        "The program shuts down, and what was accepted a moment before is reported as a success.",
        "close race",
        "I1 one terminal",
        "Closing cancels the context in which accepted prompts are about to be dispatched. They end with a cancellation before "
        "the agent could tell anything, and what dispatches takes a cancellation for something that needs no telling. Clients "
        "see a clean end of the stream, and report success.",
    ),
    Hole(
        "queue-stranded-by-failed-turn",
        "One prompt fails, and what was typed behind it stays queued until somebody types again.",
        "fails while active",
        "I1 one terminal",
        "Only a turn that completes looks at the queue. A failed one returns with its error, and who waits behind it is not "
        "started until somebody submits another prompt, which then comes first.",
    ),
    Hole(
        "shutdown-strands-queue",
        "The program shuts down, and what was queued is never told to have ended.",
        "journal closed",
        "I1 one terminal",
        "The active turn unwinds at once and removes its entry; what then cancels all busy sessions finds none, and the queue "
        "goes away with the process.",
    ),
    Hole(
        "shutdown-stops-fanin-first",
        "The last answer before the program shuts down reaches nobody.",
        "one prompt",
        "I1 one terminal",
        "Shutting down waits for the tasks of runs, and then cancels the fan-in. An ending that is still on its way through it "
        "is lost; whether it is depends on who comes first. The client sees a clean end of the stream, and reports success.",
    ),
    Hole(
        "panic-kills-server-and-lies",
        "The program crashes in the middle of an answer, and reports that all went well.",
        "stops the program",
        "I1 one terminal",
        "The ending is told by a deferred call that looks for an error and finds none, because a panic is none: the run that "
        "brings the program down is told as completed. Everybody else is told nothing.",
    ),
    Hole(
        "successor-failure-blamed-on-finished-run",
        "The first prompt was answered, and the error of the second one is shown under it.",
        "fails behind",
        "I2 attribution",
        "The error of the second turn comes out of the call of the first, which had long completed, and is announced "
        "in its name.",
    ),
    Hole(
        "must-deliver-drop-is-final",
        "A window that was busy for a moment shows a run as going on for ever.",
        "slow subscribers",
        "I11 delivery",
        "An ending waits 50 ms for a subscriber whose buffer is full, and is then dropped without a trace.",
    ),
    Hole(
        "no-fifo",
        "Prompts are answered in another order than they were typed.",
        "queue behind",
        "I6 single flight",
        "Each accepted prompt is dispatched by a task of its own, so the scheduler decides which comes first.",
    ),
    Hole(
        "duplicate-runid",
        "A request is sent again because its acknowledgement got lost, and the work is done twice.",
        "rejected",
        "I1 one terminal",
        "Nobody looks whether an id is taken: a request that is sent again, because its answer got lost, runs again.",
    ),
)
