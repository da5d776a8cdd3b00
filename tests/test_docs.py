"""The user guide tells the truth: its programs print what it says, its links lead somewhere, its reference is up to date."""

import ast
import builtins
import os
import re
import runpy
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from finale_sim.cli import _parser

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
PAGES = sorted(path.name for path in DOCS.glob("*.md"))
FENCED = re.compile(r"^```(\w*)\n(.*?)^```", flags=re.MULTILINE | re.DOTALL)


def fenced(page: str, language: str) -> list[str]:
    """The blocks of a page in this language."""
    return [code for found, code in FENCED.findall((DOCS / page).read_text(encoding="utf-8")) if found == language]


def programs() -> list[Any]:
    """Each Python block of the guide, named by its page and number. Test files are run by the sessions of their page."""
    return [
        pytest.param(code, id=f"{page}:{number}")
        for page in PAGES
        for number, code in enumerate(fenced(page, "python"), 1)
        if page != "reference.md" and not code.startswith("# test_")
    ]


def promises(code: str) -> dict[int, list[str]]:
    """By the line of each ``print``: what it prints, as the comment behind it says, or the comment lines below it."""
    lines = code.splitlines()
    promised = {}
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print":
            last = node.end_lineno or node.lineno
            behind = lines[last - 1].encode()[node.end_col_offset :].decode().strip()
            said = [behind] if behind else []
            if not behind:
                said = [line.strip() for line in lines[last:]]
                said = said[: next((n for n, line in enumerate(said) if not line.startswith("#")), len(said))]
            promised[node.lineno] = [line.removeprefix("#").strip() for line in said]
    return promised


def printed(code: str, path: Path) -> dict[int, list[str]]:
    """Run a program; what each of its ``print`` calls has printed, by its line."""
    path.write_text(code, encoding="utf-8")
    said: dict[int, list[str]] = {line: [] for line in promises(code)}

    def record(*values: object) -> None:
        said[sys._getframe(1).f_lineno].extend(" ".join(map(str, values)).splitlines())

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(builtins, "print", record)
        runpy.run_path(str(path), run_name="__main__")
    return {line: [text.strip() for text in texts] for line, texts in said.items()}


@pytest.mark.parametrize("code", programs())
def test_a_program_prints_what_the_page_says(code: str, tmp_path: Path) -> None:
    """Each print of each block says in a comment what it prints, no more and no less, in its order."""
    promised = promises(code)
    assert promised, "an example without output shows nothing"
    assert printed(code, tmp_path / "example.py") == promised


@pytest.mark.parametrize(
    "code", ["print(1)  # 2", "print(1)", "print(1)\n# 1\n# 2", "if False:\n    print(1)  # 1", "print(1, 2)  # 1"]
)
def test_a_wrong_promise_is_noticed(code: str, tmp_path: Path) -> None:
    """Output that is different, not announced, missing, or longer does not pass."""
    assert printed(code, tmp_path / "example.py") != promises(code)


@pytest.mark.parametrize("page", [*PAGES, "../README.md"])
def test_the_links_of_a_page_lead_somewhere(page: str) -> None:
    """Files exist, and headings that links point at."""
    text = FENCED.sub("", (DOCS / page).read_text(encoding="utf-8"))
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if "://" not in target:
            path, _, heading = target.partition("#")
            file = ((DOCS / page).parent / path) if path else DOCS / page
            assert file.is_file(), f"{page} links to {target}, which does not exist"
            assert not heading or heading in headings(file), f"{page} links to {target}, but there is no such heading"


def headings(file: Path) -> set[str]:
    """The headings of a page, as they are written in links."""
    titles = re.findall(r"^#+ (.+)$", FENCED.sub("", file.read_text(encoding="utf-8")), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("page", PAGES)
def test_the_commands_of_a_page_are_understood(page: str) -> None:
    """Each finale-sim line has a known command, known options, and a target that exists if it is one of ours."""
    for line in re.findall(r"^finale-sim .+$", "".join(fenced(page, "")), flags=re.MULTILINE):
        options = _parser().parse_args(shlex.split(line, comments=True)[1:])
        path = getattr(options, "target", None) or ""
        assert not path.startswith("examples/") or (ROOT / path.partition(":")[0]).is_file(), line


CONSOLE = re.compile(r"^```python\n# (?P<file>\S+)\n(?P<code>.*?)^```|^```console\n(?P<said>.*?)^```", re.MULTILINE | re.DOTALL)
TOKEN = re.compile(r"fin1-[\w-]{8,}")


@pytest.mark.parametrize("page", [page for page in PAGES if fenced(page, "console")])
def test_the_sessions_of_a_page_go_as_it_says(page: str, tmp_path: Path) -> None:
    """Programs are saved under the names in their first lines, commands are run in order; … stands for what was left out."""
    token = ""
    for block in CONSOLE.finditer((DOCS / page).read_text(encoding="utf-8")):
        if block["file"]:
            (tmp_path / block["file"]).write_text(f"# {block['file']}\n{block['code']}", encoding="utf-8")
            continue
        for session in block["said"].split("$ ")[1:]:
            command, _, expected = session.partition("\n")
            said = command_output(shlex.split(command.replace("fin1-…", token)), tmp_path)
            token = found[0] if (found := TOKEN.findall(said)) else token
            assert re.fullmatch(pattern(expected), said), f"$ {command}\n{said}"


def command_output(words: list[str], folder: Path) -> str:
    """What a command of this environment prints."""
    module = {"finale-sim": "finale_sim", "pytest": "pytest"}[words[0]]
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join(map(os.path.abspath, sys.path)),
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONHASHSEED": "0",
        "PYTEST_ADDOPTS": "-p no:asyncio",  # which warns of settings that it misses
    }
    command = [sys.executable, "-m", module, *words[1:]]
    done = subprocess.run(
        command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8", check=False
    )
    return done.stdout


def pattern(expected: str) -> str:
    """What a command has to print, as a regular expression: a line of … is any lines, … within a line is anything."""
    lines = (".*?".join(map(re.escape, line.split("…"))) + "\n" for line in expected.splitlines())
    return "".join("(?:.*\n)*?" if line == ".*?\n" else line for line in lines)


@pytest.mark.parametrize("said", ["a\nb\n", "a\nx\ny\n", "a 1 c\n"])
def test_a_session_that_went_otherwise_is_noticed(said: str) -> None:
    """A line more or less, or another one, does not match."""
    for expected in ("a\n", "a\nx\n", "a 1 d\n", "a\nb\nx\n", "a … d\n", "…\nd\n"):
        assert not re.fullmatch(pattern(expected), said)
    assert re.fullmatch(pattern("…\n"), said)
    assert re.fullmatch(pattern("a…\n…\n"), said)


def test_the_index_leads_to_every_page() -> None:
    """Who starts at the index can find the rest."""
    index = (DOCS / "index.md").read_text(encoding="utf-8")
    assert [page for page in PAGES if page != "index.md" and f"({page})" not in index] == []


def test_the_reference_is_up_to_date() -> None:
    """docs/reference.md is what docs/make_reference.py makes of the docstrings."""
    made = runpy.run_path(str(DOCS / "make_reference.py"))["reference"]()
    assert (DOCS / "reference.md").read_text(encoding="utf-8") == made, (
        "docstrings have changed: run `make docs`, and commit the result"
    )
