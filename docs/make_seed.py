"""Write ``docs/seed.md``: what the simulator finds in the seed. Each time the same, as long as nobody changes seed or kernel.

python docs/make_seed.py
"""
# ruff: noqa: INP001  # a script among pages, no package

from pathlib import Path
from textwrap import fill

from finale_sim.museum.exhibit import SEED_ROOM, Exhibit, exhibits
from finale_sim.seed import HOLES

PAGE = Path(__file__).resolve().parent / "seed.md"
TRIALS, WIDTH = 50, 130

_BEGINNING = """\
# The seed, and what is found in it

finale exists because of another dispatcher: that of the server of [charmbracelet/crush](https://github.com/charmbracelet/crush),
in Go. `finale_sim.seed` is a small model of it in trio, with the outside of a finale workspace. It was written from how that
server behaves, as it stood after its change "complete background prompts that fail early" (`d411ab5ed`), and has none of its
code. What it has:

* a **reservation** for each accepted prompt, so that a cancel reaches it before it is dispatched;
* a **mark** that a cancel leaves, up to which accepted prompts are covered;
* a **queue** for each session; the turn that ends works off what is behind it;
* a **fallback ending** for prompts that fail early, a marker that says whether an ending was told already, and a filter for
  errors that are cancellations;
* **brokers** with a bounded channel for each subscriber: where there is no room, most events are dropped, and endings are waited
  for, for 50 ms.

Tools, permissions, summaries, folding, the transcript and HTTP are left out, and with them what goes wrong there.

Nothing is broken on purpose here. Below is what the simulator finds, in at most {trials} trials each, shrunk, with nothing left
of the timeline but what was seen from outside. Each section ends with the command that shows it step by step; where a trial
breaks several promises, that names the weightiest. The page is written by `docs/make_seed.py`.
"""


def text() -> str:
    """The page."""
    shown = exhibits([hole.name for hole in HOLES], trials=TRIALS)
    return "\n".join([_BEGINNING.format(trials=TRIALS), *(_section(one) for one in shown if one.room == SEED_ROOM)])


def _section(one: Exhibit) -> str:
    steps = [f"{n}. {step}" for n, step in enumerate(one.deviations, 1)] or [
        "Nothing has to go differently: it is the happy path."
    ]
    trials = one.found.search.trials
    found = f"Found in scenario “{one.scenario}”, in trial {trials}."
    lines = [
        f"## {one.name}",
        "",
        fill(f"**{one.symptom}** {one.wrong}", WIDTH),
        "",
        fill(f"It breaks {one.claim} ({one.promise}): {one.evidence}. {found}", WIDTH),
        "",
        *steps,
        "",
        "```",
        one.seen,
        "```",
        "",
        fill(f"Why finale cannot have it: {one.immune[:1].lower()}{one.immune[1:]}", WIDTH),
        "",
        "```",
        f"finale-sim replay {one.found.token} {one.again}",
        "```",
        "",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    PAGE.write_text(text(), encoding="utf-8")
