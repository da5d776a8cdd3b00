"""Whose thread it is: a workspace lives in one, and trio cannot wake in one thread what sleeps in another."""

import threading

from finale.errors import WrongThread

__all__ = ["check_thread"]


def check_thread(home: int, name: str, way: str = "run_sync") -> None:
    """Refuse a call of ``name`` outside of thread ``home``. ``way`` is what of ``trio.from_thread`` leads there.

    Raises:
        WrongThread: this is another thread.
    """
    if threading.get_ident() != home:
        raise WrongThread(
            f"{name}() was called in thread {threading.current_thread().name!r}, but its workspace lives in another; from there, "
            f"go through trio.from_thread.{way}(function, *args, trio_token=token_of_the_workspace)"
        )
