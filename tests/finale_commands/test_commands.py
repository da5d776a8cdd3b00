"""How the commands are started."""

import subprocess
import sys
from importlib.metadata import distribution

import pytest

_INTERRUPTED = """\
import signal, sys

class CtrlC:
    def find_spec(self, name, path=None, target=None):
        if name == {module!r}:
            signal.raise_signal(signal.SIGINT)

sys.meta_path.insert(0, CtrlC())
from finale_commands import {function}
sys.exit({function}())
"""


def python(program: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=60)


@pytest.mark.parametrize("module", ["{}", "{}.cli", "trio", "argparse"])
@pytest.mark.parametrize(("command", "function"), [("finale", "finale"), ("finale-sim", "finale_sim")])
def test_a_ctrl_c_while_modules_are_loaded_ends_a_command_with_a_line(command: str, function: str, module: str) -> None:
    """No traceback, and the exit code of a program that was interrupted."""
    done = python(_INTERRUPTED.format(module=module.format(function), function=function))
    assert (done.returncode, done.stdout, done.stderr) == (130, "", f"{command}: interrupted\n")


@pytest.mark.parametrize(("command", "function"), [("finale", "finale"), ("finale-sim", "finale_sim")])
def test_they_are_what_a_shell_finds(command: str, function: str) -> None:
    """The names of the commands lead here, and not past it."""
    (found,) = [point for point in distribution("finale").entry_points if point.name == command]
    assert found.value == f"finale_commands:{function}"


def test_nothing_is_loaded_before_it_can_be_interrupted() -> None:
    """Importing the package costs next to nothing."""
    done = python("import sys, finale_commands; print({'finale', 'finale_sim', 'trio', 'argparse'} & {*sys.modules})")
    assert done.stdout == "set()\n"
