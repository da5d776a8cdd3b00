"""Programs that are right until their process is killed at the wrong moment, each with its corrected twin.

    finale-sim explore examples/crashes.py:transfer --crash bank_opens

The process is killed before each of its steps, once; nothing of it runs any more, no ``finally`` either. What survives is in
``finale_sim.disk()``, and the function behind ``--crash`` looks at it in a fresh trio loop, as the next start would.
"""

from typing import Any

import trio

from finale_sim import disk

__all__ = [
    "bank_opens",
    "editor_opens",
    "leased",
    "ledger_opens",
    "locked",
    "next_start",
    "next_start_waits",
    "save",
    "save_fixed",
    "transfer",
    "transfer_fixed",
]


async def write(file: str, content: Any) -> None:
    """A write takes its time, and then it is there as a whole."""
    await trio.sleep(0.01)
    disk()[file] = content


# ── two writes that belong together


async def transfer() -> None:
    """Two accounts in two files: a kill between the two writes burns money."""
    disk().update(a=100, b=0)
    await write("a", 70)
    await write("b", 30)


async def bank_opens() -> None:
    """The next start finds nothing, if it was killed so early, or all of the money."""
    if disk():
        total = disk()["a"] + disk()["b"]
        assert total == 100, f"of 100, {total} is left"


async def transfer_fixed() -> None:
    """What is to be done is written down as a whole before anything is touched, so that it can be done again."""
    disk().update(a=100, b=0)
    await write("log", {"a": 70, "b": 30})
    await _carry_out()


async def ledger_opens() -> None:
    """What was begun is finished; to do it twice does no harm. Then the bank opens as before."""
    await _carry_out()
    await bank_opens()


async def _carry_out() -> None:
    for account, amount in disk().get("log", {}).items():
        await write(account, amount)
    disk().pop("log", None)


# ── a new version in the place of the old one


async def save() -> None:
    """The old version makes room for the new one: a kill in between leaves neither."""
    disk().update(index=["letter"], letter="Dear")
    del disk()["letter"]
    await write("letter", "Dear Sir")


async def editor_opens() -> None:
    """What is in the index is there."""
    missing = [name for name in disk().get("index", []) if name not in disk()]
    assert not missing, f"lost: {', '.join(missing)}"


async def save_fixed() -> None:
    """The new version is complete before it takes the place of the old one, in one stroke."""
    disk().update(index=["letter"], letter="Dear")
    await write("letter.new", "Dear Sir")
    disk()["letter"] = disk().pop("letter.new")


# ── a lock that a finally takes away


async def locked() -> None:
    """One program at a time. No ``finally`` runs in a process that is killed, so its lock stays for ever."""
    disk()["lock"] = "mine"
    try:
        await write("work", "done")
    finally:
        del disk()["lock"]


async def next_start() -> None:
    """Can it start again?"""
    assert "lock" not in disk(), "locked out by a process that is gone"


async def leased() -> None:
    """The lock says until when it holds."""
    disk()["lock"] = trio.current_time() + 60
    try:
        await write("work", "done")
    finally:
        del disk()["lock"]


async def next_start_waits() -> None:
    """The time of the trial goes on after a kill, so a lease runs out."""
    await trio.sleep_until(disk().pop("lock", 0))
    await next_start()
