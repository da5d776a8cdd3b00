"""Which trial is going on in this thread, if the program is what runs."""

import threading
from typing import Any

__all__ = ["here"]


class _Here(threading.local):
    trial: Any = None  # a Context, which is made of what looks here


here = _Here()
"""``here.trial`` is None outside of a trial, and while the simulator does something for itself in the middle of one."""
