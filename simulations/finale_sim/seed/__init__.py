"""The seed: a small model of the dispatcher that finale grew out of, with the workspace's face.

It is the server of charmbracelet/crush as it stood after the change "complete background prompts that fail early" (d411ab5ed),
written anew in trio from what it does: reservations at acceptance, marks that cancels leave, a queue for each session, a run that
works off the queue behind it, a fallback ending with a marker that says whether one is needed, and brokers that drop or wait.

What is left out: tools, permissions, summaries, folding, the transcript, HTTP. A cancel of a session is a plain function here, as
finale's face wants it, so nothing is published under a lock. One fan-in stands for several.

    finale-sim check --workspace finale_sim.seed:open_workspace --scenario "queue behind"
"""

from finale_sim.seed.holes import HOLES, Hole
from finale_sim.seed.workspace import open_workspace

__all__ = ["HOLES", "Hole", "open_workspace"]
