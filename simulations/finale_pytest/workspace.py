"""What the fixture ``sim_workspace`` gives: a finale workspace in which nothing differs from one process to the next."""

from contextlib import AbstractAsyncContextManager
from itertools import count
from typing import Any

import trio

import finale

__all__ = ["open_in_trial"]


def open_in_trial(coordinator: Any, **options: Any) -> AbstractAsyncContextManager[finale.Workspace]:
    """``finale.open_workspace`` with run ids r1, r2 … and the clock of the trial, unless the options say otherwise."""
    ids = count(1)
    standard: dict[str, Any] = {"clock": trio.current_time, "new_id": lambda: f"r{next(ids)}"}
    return finale.open_workspace(coordinator, **(standard | options))
