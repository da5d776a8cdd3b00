"""Who may import whom, and what else the shape of the sources must keep. Each breach prints its reason.

A new file needs a line in ``RULES``. The checks are in ``architecture/checks.py``. The second half of this file breaks each rule
in a small tree and sees it noticed.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.architecture.checks import (
    Rule,
    dead_files,
    forbidden_imports,
    import_cycles,
    mentions,
    opened_doors,
    oversized,
    private_trio_names,
    uncovered_files,
    undocumented_names,
)
from tests.architecture.tree import Tree

ROOT = Path(__file__).resolve().parents[1]
SEAM = "simulations/finale_sim/kernel/seam.py"
NO_SIMULATOR = "the product does not know that it is being simulated; what differs in a trial are arguments"

SDK, SIM, PLUGIN = "sdk/finale", "simulations/finale_sim", "simulations/finale_pytest"
WORDS = "finale.errors finale.events"
SEAMS = f"{WORDS} finale.coordinator finale.journal.*"
PARTS = "finale.testing.* finale_sim.faults.* finale_sim.scenarios.* finale_sim.oracles.*"
SEARCH = (
    "finale_sim.accesses finale_sim.choices finale_sim.injected finale_sim.profile finale_sim.verdict finale_sim.wording "
    "finale_sim.search.*"
)
KERNEL = "finale_sim.kernel.*"
FAILURE = "finale_sim.failure"
DRAWING = "finale.drawing.*"
TOLD = (
    f"{SEARCH} {KERNEL} finale_sim.history finale_sim.story finale_sim.shrink finale_sim.token finale_sim.render.* "
    f"{FAILURE}.nearest {FAILURE}.curve {FAILURE}.regression"
)
UPSTAIRS = (
    "finale_sim.api finale_sim.campaign finale_sim.stepping finale_sim.investigate finale_sim.program finale_sim.report "
    f"finale_sim.saved finale_sim.targets finale_sim.workers.* finale_sim.workspaces {FAILURE}.*"
)

RULES = [
    # ── the SDK: the pure centre
    Rule(f"{SDK}/errors.py", "finale.events", "", "all import the errors, which know the event two of them carry", pure=True),
    Rule(f"{SDK}/events.py", "", "", "all import the events, so the events can import nobody", pure=True),
    Rule(f"{SDK}/runs.py", "", "", "the life of a run is a table, and a table needs nothing", pure=True),
    Rule(f"{SDK}/admission.py", WORDS, "", "a request is looked at before anything knows of it", pure=True),
    Rule(f"{SDK}/record.py", f"{WORDS} finale.runs", "", "a record is what is known, and nothing that acts", pure=True),
    Rule(f"{SDK}/turns.py", "finale.runs finale.record", "", "whose turn it is follows from the queues alone", pure=True),
    Rule(f"{SDK}/register.py", f"{WORDS} finale.runs finale.record", "", "who is known follows from what has ended", pure=True),
    Rule(
        f"{SDK}/ledger.py",
        f"{WORDS} finale.runs finale.record finale.turns finale.register finale.admission",
        "",
        "the ledger decides by what it is told, nothing else",
        pure=True,
    ),
    # ── the SDK: seams and shell
    Rule(f"{SDK}/endings.py", f"{WORDS} finale.record", "trio", "judging how a call ended is a function of its error"),
    Rule(f"{SDK}/coordinator.py", WORDS, "", "what people implement must not drag the machinery behind it"),
    Rule(f"{SDK}/journal/*.py", f"{WORDS} finale.journal.*", "trio", "a journal stores events; it does not know what runs are"),
    Rule(
        f"{SDK}/broker.py {SDK}/subscription.py",
        f"{WORDS} finale.subscription finale.report finale.thread",
        "trio",
        "fan-out carries events; it does not know where they come from",
    ),
    Rule(
        f"{SDK}/handle.py {SDK}/pump.py",
        f"{WORDS} finale.runs finale.record finale.ledger finale.endings finale.journal.* finale.broker finale.subscription "
        "finale.door finale.report finale.admission",
        "trio",
        "the workspace's own parts read the ledger and serve the outbox; they start nothing",
    ),
    Rule(f"{SDK}/report.py", "", "", "a line in the log is nobody's business but the log's"),
    Rule(f"{SDK}/views.py", "finale.broker finale.handle", "", "answers are values"),
    Rule(f"{SDK}/thread.py", WORDS, "", "whose thread it is has nothing to do with what is called"),
    Rule(f"{SDK}/door.py", f"{WORDS} finale.report finale.thread", "trio", "the door passes commands on; it knows none of them"),
    Rule(
        f"{SDK}/context.py",
        f"{WORDS} finale.record finale.ledger finale.door finale.admission",
        "trio",
        "a coordinator's words go to the ledger, and nowhere else",
    ),
    Rule(
        f"{SDK}/executor.py",
        f"{SEAMS} finale.record finale.ledger finale.endings finale.door finale.context finale.admission",
        "trio",
        "the tasks of runs: it starts and stops what the ledger says, and reports how it ended",
    ),
    Rule(
        f"{SDK}/workspace.py",
        f"{SEAMS} finale.runs finale.record finale.ledger finale.broker finale.subscription finale.handle finale.pump "
        "finale.door finale.executor finale.views finale.admission",
        "trio",
        "what callers meet: it hands commands to the ledger, and carries out what follows",
    ),
    Rule(
        f"{SDK}/opening.py",
        f"{SEAMS} finale.ledger finale.broker finale.pump finale.executor finale.workspace",
        "trio",
        "the one place where ledger, broker, journal and coordinator meet",
    ),
    Rule(f"{SDK}/backend.py", f"{SEAMS} finale.handle finale.workspace", "trio", "a backend owns workspaces, not their parts"),
    Rule(f"{SDK}/coordinators/*.py", f"{WORDS} finale.coordinator finale.coordinators.*", "trio", "any user could write it"),
    Rule(
        f"{SDK}/drawing/*.py",
        "finale.events finale.drawing.*",
        "",
        "a picture is a function of values, for runs and trials alike: it knows neither, and loads nothing",
        pure=True,
    ),
    # ── the SDK: what outsiders open
    Rule(
        f"{SDK}/__init__.py",
        f"{SEAMS} finale.runs finale.subscription finale.handle finale.views finale.workspace finale.opening finale.backend",
        "",
        "a list of names; importing finale must not start a face or load what few people need",
    ),
    Rule(
        f"{SDK}/testing/*.py {SDK}/testing/stubs/*.py",
        f"finale {SEAMS} finale.workspace finale.opening finale.testing.*",
        "trio",
        "fakes and checks for tests; no product code leans on them",
    ),
    Rule(
        f"{SDK}/server.py {SDK}/client.py {SDK}/cli.py",
        f"finale {SEAMS} finale.coordinators.* finale.handle finale.workspace finale.backend finale.server finale.client",
        "trio",
        "a face says nothing that a user of the public names could not say, and can be taken away",
        door=True,
    ),
    Rule(
        f"{SDK}/notebook/*.py",
        f"finale {SEAMS} finale.runs finale.handle finale.subscription finale.views finale.workspace finale.notebook.*",
        "trio",
        "the face for those outside of trio; IPython is used where it has been imported already, and never imported",
        door=True,
    ),
    Rule(f"{SDK}/__main__.py", "finale.cli", "", "python -m finale is the command line"),
    # ── the simulator: the engine, which works for any trio program
    Rule(f"{SIM}/accesses.py", "", "", "what two steps have in common is a set", pure=True),
    Rule(f"{SIM}/choices.py", "finale_sim.accesses", "", "the stream of choices is what everything else hangs on", pure=True),
    Rule(f"{SIM}/token.py", "finale_sim.choices", "", "a token is choices in print", pure=True),
    Rule(f"{SIM}/injected.py", "", "", "what a program says of itself is a few dicts", pure=True),
    Rule(f"{SIM}/profile.py", "", "", "what a trial did is a few numbers", pure=True),
    Rule(f"{SIM}/net/*.py", f"finale_sim.choices {KERNEL} finale_sim.net.*", "trio", "a network for any program"),
    Rule(f"{SIM}/inject.py", f"finale_sim.choices {KERNEL}", "trio", "what programs call knows their trial, and no search"),
    Rule(f"{SIM}/wording.py", "", "", "a count reads the same wherever it is told", pure=True),
    Rule(f"{SIM}/verdict.py", "finale_sim.wording", "", "what may be concluded is a handful of words", pure=True),
    Rule(
        f"{SIM}/search/*.py",
        SEARCH,
        "",
        "a strategy answers which number comes next; it runs trials through an argument: no trio",
    ),
    Rule(
        f"{SIM}/shrink.py {SIM}/failure/nearest.py {SIM}/failure/curve.py",
        f"{SEARCH} finale_sim.kernel.trial",
        "",
        "it runs trials through an argument: no trio, no runs",
    ),
    Rule(f"{SIM}/failure/regression.py", "", "", "a test file is a function of what was told"),
    Rule(
        f"{SIM}/kernel/*.py",
        "finale_sim.accesses finale_sim.choices finale_sim.injected finale_sim.profile finale_sim.wording finale_sim.kernel.*",
        "trio outcome sniffio",
        "the kernel drives any trio program, so it knows choices, trio and what trio itself is built on",
    ),
    # ── the simulator: the run half
    Rule(f"{SIM}/calls.py", "finale", "", "what was asked and answered is a value, as what was seen is", pure=True),
    Rule(f"{SIM}/history.py", "finale finale_sim.calls", "", "what outsiders saw: no trio, no workspace", pure=True),
    Rule(
        f"{SIM}/coverage.py",
        f"{DRAWING} finale_sim.injected finale_sim.lives",
        "",
        "what was covered is a function of numbers, shown as tables",
    ),
    Rule(f"{SIM}/declared.py", f"finale_sim.inject {KERNEL}", "", "what a program names is read off its text, before any search"),
    Rule(
        f"{SIM}/lives.py",
        "finale finale_sim.history finale_sim.injected",
        "",
        "which squares of coverage a history shows is read off the history",
        pure=True,
    ),
    Rule(
        f"{SIM}/endings.py", "finale finale_sim.history", "", "which endings a history shows is read off the history", pure=True
    ),
    Rule(f"{SIM}/observed.py", "finale finale_sim.history", "trio", "it watches any coordinator, as any user could"),
    Rule(
        f"{SIM}/callers.py",
        "finale finale.journal finale_sim.calls finale_sim.history",
        "",
        "it asks any workspace what any client could, and writes the answers down",
    ),
    Rule(
        f"{SIM}/oracles/*.py",
        "finale finale_sim.calls finale_sim.history finale_sim.injected finale_sim.verdict finale_sim.oracles.*",
        "",
        "it sees what outsiders see",
    ),
    *(
        Rule(
            f"{SIM}/{part}/*.py",
            f"finale finale.journal finale_sim.choices finale_sim.{part}.*",
            "trio",
            "faults and scenarios use what any user could, and do not know each other: world puts them together",
        )
        for part in ("faults", "scenarios")
    ),
    Rule(
        f"{SIM}/canaries/*.py",
        "finale.* finale_sim.canaries.*",
        "trio",
        "a canary breaks the inside of the product, nothing else",
    ),
    Rule(
        f"{SIM}/world.py",
        f"finale finale_sim.callers finale_sim.choices finale_sim.history finale_sim.observed {KERNEL} {PARTS}",
        "trio",
        "the one place where the parts of a trial meet; who searches trials stands above it",
    ),
    # ── the simulator: from trials to reports
    Rule(f"{SIM}/story.py {SIM}/render/*.py", f"finale {DRAWING} {TOLD}", "", "a picture is a function of a trial that was"),
    Rule(
        f"{SIM}/report.py",
        f"finale {DRAWING} {TOLD} {FAILURE}.delays {FAILURE}.feasibility finale_sim.coverage",
        "",
        "a report words what was found",
    ),
    Rule(
        f"{SIM}/program.py",
        f"finale {SEARCH} {KERNEL} finale_sim.history finale_sim.observed finale_sim.endings finale_sim.story finale_sim.world "
        f"{PARTS} finale_sim.lives",
        "",
        "where a trial is run and judged; it decides nothing about what to try",
    ),
    Rule(f"{SIM}/attentive.py", SEARCH, "", "it hears what a trial cannot; what a trial is, it need not know"),
    Rule(
        f"{SIM}/stepping.py",
        f"{DRAWING} {TOLD} finale_sim.program",
        "",
        "a person is a strategy: it runs trials and shows them, and searches nothing",
    ),
    Rule(f"{SIM}/failure/__init__.py", "", "", "it says what is in the folder, and loads nothing"),
    Rule(
        f"{SIM}/failure/forcing.py",
        "finale_sim.kernel.*",
        "trio",
        "it holds tasks back in trials and on stock trio alike, so it uses trio's public names",
    ),
    Rule(
        f"{SIM}/failure/feasibility.py {SIM}/failure/delays.py",
        f"{TOLD} {FAILURE}.delays {FAILURE}.forcing finale_sim.program",
        "",
        "which rung and which delay is found by trials; the report repeats it",
    ),
    Rule(
        f"{SIM}/failure/determinism.py",
        f"{SEARCH} {KERNEL} finale_sim.program",
        "",
        "a trial is compared with itself, whatever it is of",
    ),
    Rule(
        f"{SIM}/investigate.py",
        f"{DRAWING} {TOLD} finale_sim.program finale_sim.report finale_sim.saved {FAILURE}.determinism {FAILURE}.feasibility "
        "finale_sim.attentive finale_sim.declared",
        "",
        "search, shrink, repeat, tell: in this order; who runs the trials is an argument",
    ),
    Rule(
        f"{SIM}/failure/fresh.py",
        f"{FAILURE}.determinism finale_sim.report",
        "",
        "it compares a report with what another process says: no program",
    ),
    Rule(
        f"{SIM}/failure/holding.py",
        f"{TOLD} {UPSTAIRS}",
        "",
        "what generated tests call: replay, and search where that is not enough",
    ),
    Rule(
        f"{SIM}/saved.py",
        f"{SEARCH} finale_sim.program",
        "",
        "what is kept of a search is all that the next process needs; a report is made anew",
    ),
    Rule(
        f"{SIM}/workers/*.py",
        f"finale {SEARCH} {KERNEL} finale_sim.attentive finale_sim.token finale_sim.program finale_sim.campaign "
        f"finale_sim.investigate finale_sim.targets {FAILURE}.determinism {FAILURE}.fresh finale_sim.canaries.* "
        "finale_sim.workers.*",
        "cloudpickle",
        "other processes make the same programs and run their trials; what a search makes of them is not decided here",
    ),
    Rule(
        f"{SIM}/seed/*.py",
        "finale finale_sim.seed.*",
        "trio",
        "another dispatcher, with finale's words and none of its code",
    ),
    Rule(
        f"{SIM}/workspaces.py",
        f"finale finale.testing finale_sim.scenarios.* finale_sim.targets finale_sim.world {KERNEL}",
        "trio",
        "what takes finale's place is looked at in a trial, from outside",
    ),
    Rule(f"{SIM}/targets.py", "finale", "", "what a user names is a thing of Python, not of the simulator"),
    Rule(
        f"{SIM}/catalogue.py",
        f"{UPSTAIRS} {PARTS} finale_sim.canaries.* finale_sim.endings finale_sim.search.*",
        "",
        "what there is, and whether it works: it puts lists side by side",
    ),
    Rule(
        f"{SIM}/museum.py {SIM}/museum_page.py",
        f"{UPSTAIRS} {PARTS} finale_sim.canaries.* finale_sim.seed.* finale_sim.verdict finale_sim.wording finale_sim.render.* "
        "finale_sim.museum",
        "",
        "what is known to be found, found anew; the page says nothing of its own",
    ),
    Rule(
        f"{SIM}/tally.py",
        "finale_sim.coverage finale_sim.endings finale_sim.report finale_sim.scenarios.* finale_sim.verdict",
        "",
        "what was seen and what was not is counted, whoever searched",
    ),
    Rule(
        f"{SIM}/campaign.py {SIM}/api.py",
        f"finale {DRAWING} {TOLD} {PARTS} {UPSTAIRS} finale_sim.coverage finale_sim.tally finale_sim.endings finale_sim.world",
        "pandas",
        "what the faces call",
    ),
    # ── the simulator: what outsiders open
    Rule(
        f"{SIM}/__init__.py",
        f"finale {TOLD} {PARTS} {UPSTAIRS} finale_sim.coverage finale_sim.inject finale_sim.net.* finale_sim.world",
        "",
        "a list of names; importing finale_sim must not start a face",
    ),
    Rule(
        f"{SIM}/display.py",
        f"finale {DRAWING} {TOLD} {UPSTAIRS}",
        "rich",
        "what the terminal shows, without deciding anything",
    ),
    Rule(
        f"{SIM}/cli/*.py {SIM}/hypothesis.py {SIM}/notebook.py",
        "finale finale.drawing.* finale.testing finale_sim.*",
        "trio pytest hypothesis IPython",
        "a face may use all of the simulator, and can be taken away",
        door=True,
    ),
    Rule(
        f"{PLUGIN}/__init__.py",
        "finale_sim finale_sim.token finale_pytest.*",
        "pytest",
        "pytest loads it in every project; what it needs for a marked test it imports in functions",
        door=True,
    ),
    Rule(f"{PLUGIN}/results.py", "", "pytest", "it is loaded in every project, too"),
    Rule(
        " ".join(f"{PLUGIN}/{name}.py" for name in ("fixtures", "item", "settings", "telling", "trials", "workspace")),
        "finale finale_sim.* finale_pytest.*",
        "trio pytest",
        "a face may use all of the simulator, and can be taken away",
    ),
    Rule(f"{SIM}/__main__.py", "finale_sim.cli", "", "python -m finale_sim is the command line"),
]

CHECKS: dict[str, Callable[[Tree], Iterator[str]]] = {
    "each file has exactly one rule": lambda tree: uncovered_files(tree, RULES),
    "imports go in the allowed directions": lambda tree: forbidden_imports(tree, RULES),
    "doors are opened from outside only": lambda tree: opened_doors(tree, RULES),
    "one file names private names of trio": lambda tree: private_trio_names(tree, SEAM),
    "the SDK does not know the simulator": lambda tree: mentions(tree, "sdk", "simulating", NO_SIMULATOR),
    "no import cycles": import_cycles,
    "no dead files": lambda tree: dead_files(tree, RULES),
    "public names are documented": lambda tree: undocumented_names(tree, "finale"),
    "nothing is too long to read": oversized,
}


@pytest.mark.parametrize("name", CHECKS)
def test_the_sources_keep_the_rule(name: str) -> None:
    """The sources of both packages keep the rule; each breach says where, what and why."""
    breaches = list(CHECKS[name](Tree(ROOT)))
    assert not breaches, "\n" + "\n".join(breaches)


# ──────────── the checks themselves, on small trees that break one rule each

SOUND = {
    "pyproject.toml": '[project]\nscripts = {finale = "finale.cli:main"}\n',
    "sdk/finale/__init__.py": '"""F."""\nfrom finale.workspace import go\n__all__ = ["go"]\n',
    "sdk/finale/__main__.py": "from finale.cli import main\n",
    "sdk/finale/cli.py": "import finale\nimport trio\ndef main(): ...\n",
    "sdk/finale/events.py": "import enum\n",
    "sdk/finale/ledger.py": "from finale import events\n",
    "sdk/finale/workspace.py": 'import trio, time\nfrom . import ledger\ndef go():\n    """Go."""\n',
    "simulations/finale_sim/__init__.py": "from finale_sim import world\n",
    "simulations/finale_sim/cli/__init__.py": "import finale_sim, pytest\ndef main(): ...\n",
    "simulations/finale_sim/choices.py": "import zlib\n",
    "simulations/finale_sim/kernel/__init__.py": "from finale_sim.kernel.seam import Runner\n",
    SEAM: '"""Names trio._core."""\nimport trio._core\nfrom finale_sim.choices import Choices\nRunner = trio._core.Runner\n',
    "simulations/finale_sim/faults/__init__.py": 'STUBS = ["steady"]\n',
    "simulations/finale_sim/faults/steady.py": "import finale, trio\nfinale.go()\n",
    "simulations/finale_sim/world.py": "import finale, trio\nimport finale_sim.kernel, finale_sim.faults\n",
}


def build(root: Path, changes: dict[str, str]) -> Tree:
    """The sound little repository with some files replaced or added."""
    for path, text in (SOUND | changes).items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, encoding="utf-8")
    return Tree(root)


def breaches_of(tree: Tree) -> dict[str, list[str]]:
    """The rules that ``tree`` breaks, with what each check said."""
    found = {name: list(check(tree)) for name, check in CHECKS.items()}
    return {name: breaches for name, breaches in found.items() if breaches}


def test_a_sound_tree_has_no_breach(tmp_path: Path) -> None:
    """Allowed imports, a listed stub, entry points, relative imports and the seam's private names are all accepted."""
    assert breaches_of(build(tmp_path, {})) == {}


IMPORTS = "imports go in the allowed directions"
PRIVATE = "one file names private names of trio"
LEDGER, EVENTS, WORLD = "sdk/finale/ledger.py", "sdk/finale/events.py", "simulations/finale_sim/world.py"
STEADY, HISTORY = "simulations/finale_sim/faults/steady.py", "simulations/finale_sim/history.py"
CHOICES = "simulations/finale_sim/choices.py"


@pytest.mark.parametrize(
    ("name", "path", "text", "said"),
    [
        *((IMPORTS, LEDGER, f"import {module}", f":1: must not import {module}") for module in (
            "trio", "time", "random", "uuid", "logging", "threading", "asyncio")),
        (IMPORTS, LEDGER, "def f():\n    from asyncio import sleep", ":2: must not import asyncio"),
        (IMPORTS, LEDGER, "import logging.handlers", ":1: must not import logging.handlers"),
        (IMPORTS, LEDGER, "import attrs", ":1: must not import attrs"),
        (IMPORTS, EVENTS, "from finale import ledger", ":1: must not import finale.ledger"),
        (IMPORTS, EVENTS, "from . import ledger", ":1: must not import finale.ledger"),
        (IMPORTS, EVENTS, "from .ledger import x", ":1: must not import finale.ledger"),
        (IMPORTS, EVENTS, "from finale import go", ":1: must not import finale:"),
        (IMPORTS, EVENTS, "import importlib\nimportlib.import_module('finale.ledger')", ":2: must not import finale.ledger"),
        (IMPORTS, "sdk/finale/workspace.py", "import finale_sim", ":1: must not import finale_sim:"),
        (IMPORTS, "sdk/finale/workspace.py", "import rich", ":1: must not import rich"),
        (IMPORTS, STEADY, "import finale\nfinale.workspace.go()", ":2: must not import finale.workspace"),
        (IMPORTS, STEADY, "from finale.workspace import go", ":1: must not import finale.workspace"),
        (IMPORTS, STEADY, "from finale_sim import world", ":1: must not import finale_sim.world"),
        (IMPORTS, HISTORY, "import trio", ":1: must not import trio"),
        (IMPORTS, HISTORY, "from finale.workspace import go", ":1: must not import finale.workspace"),
        (IMPORTS, SEAM, "import finale", ":1: must not import finale:"),
        (IMPORTS, CHOICES, "from finale_sim.kernel import seam", ":1: must not import finale_sim.kernel.seam"),
        (IMPORTS, "simulations/finale_sim/search/sweep.py", "import finale_sim.world", "runs trials through an argument"),
        ("each file has exactly one rule", "sdk/finale/extra.py", "", "sdk/finale/extra.py: no rules are about this file"),
        ("doors are opened from outside only", WORLD, "from finale_sim import cli", ":1: imports finale_sim.cli"),
        (PRIVATE, WORLD, "import trio._core", ":1: names trio._core"),
        (PRIVATE, WORLD, "from trio import _core", ":1: names trio._core"),
        (PRIVATE, WORLD, "from trio._core._run import Runner", ":1: names trio._core._run.Runner"),
        (PRIVATE, WORLD, "import trio\ntrio.lowlevel._x", ":2: names trio.lowlevel._x"),
        (PRIVATE, WORLD, "import trio as t\nt._core", ":2: names t._core"),
        (PRIVATE, WORLD, "from trio import lowlevel as low\nlow.Task._counter", ":2: names low.Task._counter"),
        (PRIVATE, WORLD, "import trio\ngetattr(trio.lowlevel, '_x')", ":2: names _x"),
        (PRIVATE, WORLD, "import sys\nsys.modules['trio._core._run']", ":2: names trio._core"),
        ("the SDK does not know the simulator", LEDGER, "if SIMULATING:\n    pass", ":1: says 'simulating'"),
        ("no import cycles", EVENTS, "from finale import ledger", "finale.events"),
        ("no import cycles", CHOICES, "def f():\n    import finale_sim.kernel.seam", "finale_sim: import cycle"),
        ("no dead files", "simulations/finale_sim/faults/lost.py", "", "faults/lost.py: nothing leads to this file"),
        ("no dead files", "sdk/finale/runs.py", "", "sdk/finale/runs.py: nothing leads"),
        ("no dead files", WORLD, "import finale", "faults/__init__.py: nothing leads"),
        ("public names are documented", "sdk/finale/workspace.py", "def go(): ...", ":1: go is public and has no docstring"),
        ("public names are documented", "sdk/finale/workspace.py", "go = 1", ":1: go is public and has no docstring"),
        ("public names are documented", "sdk/finale/workspace.py", "", "go is in __all__, but no definition"),
        ("public names are documented", "sdk/finale/workspace.py", "class go:\n    'G'\n    def f(): ...", ":3: go.f is public"),
        ("nothing is too long to read", LEDGER, "def f():\n" + "    x = 1\n" * 70, ":1: f has 71 lines"),
        ("nothing is too long to read", LEDGER, "x = 1\n" * 301, "301 lines, at most 300"),
    ],
)  # fmt: skip
def test_a_breach_is_noticed(tmp_path: Path, name: str, path: str, text: str, said: str) -> None:
    """A tree that breaks one rule is told so, with the place and the reason."""
    breaches = breaches_of(build(tmp_path, {path: text})).get(name, [])
    assert any(said in breach for breach in breaches), breaches


def test_a_breach_prints_its_reason(tmp_path: Path) -> None:
    """The line says where, what and why."""
    (breach,) = breaches_of(build(tmp_path, {LEDGER: "import trio"}))[IMPORTS]
    assert breach == "sdk/finale/ledger.py:1: must not import trio: the ledger decides by what it is told, nothing else"


def test_two_rules_for_one_file_are_a_breach(tmp_path: Path) -> None:
    """A file with two rules would have the first one, whatever the second says."""
    rules = [*RULES, Rule("sdk/finale/led*.py", "", "", "twice")]
    (breach,) = uncovered_files(build(tmp_path, {}), rules)
    assert breach.startswith("sdk/finale/ledger.py: 2 rules")
