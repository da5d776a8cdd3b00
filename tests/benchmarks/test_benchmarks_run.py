"""Each benchmark works: a run with ``--quick`` ends well and prints its tables. What the numbers say is not for a test."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BENCHMARKS = sorted([*(ROOT / "benchmarks").glob("bench_*.py"), *(ROOT / "benchmarks").glob("suite_*.py")])

ROWS = {
    "bench_dispatch": ["by hand", "anyio on trio", "anyio on asyncio", "aiojobs, on asyncio", "sessions with ten runs each"],
    "bench_memory": ["finale, waiting", "finale, active", "by hand", "bytes a run"],
    "bench_profile": ["trio: start a task", "finale: ledger and events", "one run"],
    "bench_trials": ["random walk", "Hypothesis, a draw per choice", "Hypothesis, batches of trio", "frontrun"],
    "bench_fan_out": ["channels, awaited", "by hand", "finale, one more subscriber is stuck"],
}
"""Who or what must not be left out, by benchmark."""


@pytest.mark.parametrize("file", BENCHMARKS, ids=lambda file: file.stem)
def test_a_quick_run_prints_tables(file: Path) -> None:
    """It says what it compares and on what, every table has rows as wide as its head, and no contender is left out."""
    done = subprocess.run(
        [sys.executable, "-W", "error", str(file), "--quick"],
        capture_output=True,
        encoding="utf-8",
        env=os.environ | {"PYTHONIOENCODING": "utf-8"},
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.match(r"# .+\n\nPython \d", done.stdout)
    tables = done.stdout.split("\n## ")[1:]
    assert tables
    for table in tables:
        lines = [line for line in table.splitlines() if line.startswith("|")]
        assert len(lines) > 2, table
        assert len({line.count("|") for line in lines}) == 1, table
    assert [row for row in ROWS.get(file.stem, []) if row not in done.stdout] == []


def test_the_page_tells_of_each_benchmark() -> None:
    """Who opens the folder learns what each file compares."""
    page = (ROOT / "benchmarks" / "README.md").read_text(encoding="utf-8")
    assert [file.name for file in BENCHMARKS if f"`{file.name}`" not in page] == []
