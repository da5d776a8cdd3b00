"""``finale-sim force`` and ``--fidelity``, as they are typed."""

import json
from pathlib import Path

import pytest

from finale_sim.cli import main

RUNGS = Path(__file__).resolve().parents[2] / "examples" / "rungs.py"


def test_without_a_delay_nothing_fails(capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 0, in one line."""
    assert main(["force", f"{RUNGS}:late_reader"]) == 0
    assert capsys.readouterr().out == "trio.run returned, and nothing failed.\n"


def test_a_failure_is_told_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 1, and the message."""
    assert main(["force", f"{RUNGS}:late_reader", "/main/read:0#2+0.001", "--json"]) == 1
    said = json.loads(capsys.readouterr().out)
    assert said == {"verdict": "violated", "message": "AssertionError: read from a closed connection"}


def test_a_deadlock_is_told(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """It comes back, although the program does not."""
    (tmp_path / "stuck.py").write_text("import trio\nasync def stuck():\n    await trio.Event().wait()\n", encoding="utf-8")
    assert main(["force", f"{tmp_path / 'stuck.py'}:stuck"]) == 1
    assert "still waits" in capsys.readouterr().out


def test_a_wrong_delay_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 2, with the text and an example of a right one."""
    with pytest.raises(SystemExit) as caught:
        main(["force", f"{RUNGS}:late_reader", "read+1"])
    assert caught.value.code == 2
    assert "'read+1' is no delay; a delay looks like /main/worker:0#2+0.001" in capsys.readouterr().err


def test_fidelity_decides_what_is_found(capsys: pytest.CaptureFixture[str]) -> None:
    """The default does not let deadlines pass while tasks could go on; free does."""
    assert main(["explore", f"{RUNGS}:stale_lease"]) == 0
    assert main(["explore", f"{RUNGS}:stale_lease", "--fidelity", "free"]) == 1
    assert "time passes to 10.0 s, although tasks could go on" in capsys.readouterr().out
    with pytest.raises(SystemExit):
        main(["explore", f"{RUNGS}:stale_lease", "--fidelity", "slow"])
    assert "invalid choice: 'slow'" in capsys.readouterr().err


def test_help_teaches_which_to_use(capsys: pytest.CaptureFixture[str]) -> None:
    """Each rung has a line."""
    with pytest.raises(SystemExit):
        main(["explore", "--help"])
    text = capsys.readouterr().out
    assert all(f"\n  {word}" in text for word in ("rounds", "step", "ties", "free"))
