"""Regression tests: a pytest file made of failures, and the function that it calls.

A token stands for one trial of the program as it was. A repair often changes the program so that this trial is gone; then new
trials are searched, which is what a regression test is for.
"""

import json
import os
import re
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Case", "source_of", "write_test"]

_WIDTH = 96  # of a docstring, without its margin
_MOST_LINES = 20  # of a message


@dataclass(frozen=True, slots=True)
class Case:
    """One failure, as a test needs it."""

    program: str
    claim: str
    message: str
    words: tuple[str, ...]
    token: str


def write_test(file: Path, cases: Sequence[Case], target: str | None, *, crash: str | None = None, force: bool = False) -> None:
    """Write ``source_of`` to a file.

    Raises:
        FileExistsError: there is such a file, and ``force`` is not set.
    """
    if file.exists() and not force:
        raise FileExistsError(f"{file} exists already; --force (force=True) writes over it")
    file.write_text(source_of(cases, target, file.parent, crash), encoding="utf-8")


def source_of(cases: Sequence[Case], target: str | None, folder: Path, crash: str | None = None) -> str:
    """A test module with one test for each case, to be put into ``folder``: a target's path is written relative to it."""
    names = set[str]()
    constants = [f"TARGET = {_target(target, folder)}"] + ([f"CRASH = {_target(crash, folder)}"] if crash else [])
    paths = ["from pathlib import Path", ""] if any("Path(" in line for line in constants) else []
    arguments = "TARGET, crash=CRASH" if crash else "TARGET"
    about = '"""Failures that finale-sim found. Each test fails as long as its failure is there."""'
    return "\n".join(
        [about, "", *paths, "import finale_sim", "", *constants, *(_test(case, names, arguments) for case in cases), ""]
    )


def _target(target: str | None, folder: Path) -> str:
    """The target as an expression that means the same wherever pytest is started."""
    where, _, attribute = (target or "").rpartition(":")
    if not where.endswith(".py"):
        return _quoted(target) if target else "None"
    relative = Path(os.path.relpath(where, folder)).as_posix()
    return f"str(Path(__file__).parent / {_quoted(relative)}) + {_quoted(f':{attribute}')}"


def _test(case: Case, names: set[str], arguments: str) -> str:
    subject = case.program.partition("/")[2]
    name = base = "test_" + "_".join(re.findall(r"[a-z0-9]+", f"{subject} {case.claim}".lower()))
    while name in names:
        name = f"{base}_{len(names) + 1}"
    names.add(name)
    summary = _printable(f"In {subject}, {case.claim!r} is violated.")
    told = [line for said in case.message.splitlines()[:_MOST_LINES] for line in _wrapped(said)]
    words = [line for number, said in enumerate(case.words, 1) for line in _wrapped(f"{number}. {said}")]
    happened = ["It failed with these deviations from the happy path:", "", *words] if words else ["It failed on the happy path."]
    body = [summary, "", *told, "", *happened]
    return "\n".join(
        [
            "",
            "",
            f"def {name}() -> None:",
            f'    """{body[0]}',
            *(f"    {line}".rstrip() for line in body[1:]),
            '    """',
            f"    finale_sim.assert_holds({_quoted(case.token)}, {arguments})",
        ]
    )


def _printable(text: str) -> str:
    """On one line, and harmless inside a docstring."""
    plain = "".join(character if character.isprintable() else " " for character in text)
    return plain.replace("\\", "/").replace('"', "'")


def _wrapped(text: str) -> list[str]:
    plain = _printable(text)
    margin = " " * (len(plain) - len(plain.lstrip(" ")))
    return textwrap.wrap(plain, _WIDTH, subsequent_indent=margin + "   ", break_on_hyphens=False)


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
