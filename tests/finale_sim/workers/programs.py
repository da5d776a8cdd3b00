"""Programs that other processes can import."""

import hashlib
import os
import sys
from pathlib import Path
from typing import Any

import trio

import finale_sim

OUTSIDE = 0  #: what a process may have changed


async def disorder() -> int:
    """Eight tasks, two steps each; by how much they ended out of order."""
    order: list[int] = []

    async def child(number: int) -> None:
        await trio.lowlevel.checkpoint()
        order.append(number)

    async with trio.open_nursery() as nursery:
        for number in range(8):
            nursery.start_soon(child, number)
    return sum(a > b for at, a in enumerate(order) for b in order[at:])


def rare(found: int) -> bool:
    """Whether just so much disorder takes many trials: neither the sweep nor any of the first trials shows it."""
    return found in (23, 24)


async def sound() -> None:
    await disorder()


async def fails_deep() -> None:
    """Out of reach for the sweep, and for any of the first trials."""
    if rare(found := await disorder()):
        raise ValueError(f"much disorder: {found}")


async def dies() -> None:
    """Takes its process along."""
    if rare(await disorder()):
        os._exit(7)


async def dies_once() -> None:
    """The same, but only where nobody has done it before: as if somebody had killed the process."""
    if rare(await disorder()) and nobody_died():
        os._exit(7)


def nobody_died() -> bool:
    """True once."""
    mark = Path(os.environ["FINALE_TEST_MARK"])
    if mark.exists():
        return False
    mark.touch()
    return True


async def blocks() -> None:
    """Where it is not at home, some trials never come to an end, and don't let Python go on."""
    if await disorder() >= 3 and sys.argv[0] == "-c":
        Path(os.environ["FINALE_TEST_MARK"]).touch()  # noqa: ASYNC240  # it is there to block
        hashlib.pbkdf2_hmac("sha256", b"", b"", 2**31 - 1)
    for _ in range(300):
        await trio.lowlevel.checkpoint()


async def writes() -> None:
    """Two things that belong together, one after the other, many times."""
    for number in range(20):
        finale_sim.disk()["one"] = number
        await trio.lowlevel.checkpoint()
        finale_sim.disk()["two"] = number
        await trio.lowlevel.checkpoint()


async def reads() -> None:
    one = finale_sim.disk().get("one", 0)
    assert one < 15 or one == finale_sim.disk().get("two"), "torn"


async def depends() -> None:
    """Goes another way in a process in which OUTSIDE is what it was."""
    for _ in range(OUTSIDE):
        await trio.lowlevel.checkpoint()
    await disorder()


async def long() -> None:
    for _ in range(300):
        await trio.lowlevel.checkpoint()
    await disorder()


class Slip:
    """A coordinator that breaks its contract if it is cancelled."""

    async def run(self, request: Any, ctx: Any) -> str:
        try:
            await ctx.progress("thinking")
            await trio.sleep(1)
        except trio.Cancelled:
            return 5  # type: ignore[return-value]
        return "answer"


class Deadly(Slip):
    """A coordinator that takes the process of a worker along if it is cancelled."""

    async def run(self, request: Any, ctx: Any) -> str:
        try:
            await trio.sleep(1)
        except trio.Cancelled:
            if sys.argv[0] == "-c":
                os._exit(7)
            raise
        return "answer"
