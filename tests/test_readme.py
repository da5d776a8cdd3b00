"""The code in the READMEs runs, and every file and command that they name exists."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PAGES = ["README.md", "sdk/README.md", "simulations/README.md", "CONTRIBUTING.md", "tests/README.md", "benchmarks/README.md"]
PAGES += [f"docs/{path.name}" for path in sorted((ROOT / "docs").glob("*.md"))]


def blocks(page: str) -> list[str]:
    """The Python blocks of a page."""
    return re.findall(r"^```python\n(.*?)^```", (ROOT / page).read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("block", blocks("README.md"))
def test_the_code_of_the_readme_runs(block: str) -> None:
    """A newcomer who pastes a block into a file gets what its comments promise."""
    done = subprocess.run([sys.executable, "-W", "error", "-c", block], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    for promised in re.findall(r"print\(.*?\)\s+# (.+)", block):
        assert promised in done.stdout


@pytest.mark.parametrize("page", PAGES)
def test_the_files_that_a_page_names_exist(page: str) -> None:
    """A path in backquotes that has a slash or a known ending leads somewhere, from the root or from the page's folder."""
    text = re.sub(r"^```.*?^```", "", (ROOT / page).read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    places = [ROOT, (ROOT / page).parent, ROOT / "sdk/finale", ROOT / "simulations/finale_sim"]
    named = re.findall(r"`([\w./-]+(?:/|\.(?:py|md|toml)))`", text)
    missing = [path for path in named if not any((place / path).exists() for place in places)]
    assert not missing, f"{page} names {missing}"


def test_the_contract_is_stated_in_the_same_words_everywhere() -> None:
    """The sentence that everything rests on has one wording."""
    contract = (
        "Before a run is accepted, a rejected request raises. After it is accepted, it gets exactly one terminal event. "
        "Never both, never neither."
    )
    for page in (
        "README.md",
        "docs/index.md",
        "sdk/finale/__init__.py",
        "simulations/finale_sim/__init__.py",
        "sdk/finale/opening.py",
    ):
        assert contract in " ".join((ROOT / page).read_text(encoding="utf-8").split()), page
