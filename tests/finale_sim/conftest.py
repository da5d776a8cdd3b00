"""What the tests of the simulator rely on."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def _no_program_stays(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Programs that a test wrote and loaded leave with it: the next test has a ``mine.py`` of its own."""
    yield
    made = str(tmp_path_factory.getbasetemp())
    for name, module in list(sys.modules.items()):
        if str(getattr(module, "__file__", None) or "").startswith(made):
            del sys.modules[name]
    sys.path[:] = [folder for folder in sys.path if not str(Path(folder)).startswith(made)]
