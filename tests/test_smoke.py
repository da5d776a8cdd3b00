"""The command that everybody types first, with a small budget, as a process of its own."""

import json
import subprocess
import sys
from pathlib import Path


def test_the_standard_campaign_finds_nothing_wrong(tmp_path: Path) -> None:
    """``finale-sim campaign`` works from any folder, exits with 0 and prints one JSON document that counts its trials."""
    command = [sys.executable, "-m", "finale_sim", "campaign", "--trials", "60", "--json"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    report = json.loads(done.stdout)
    assert report["trials"] > 0
    assert report["token"] is None
