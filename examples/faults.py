"""Programs that are right until something fails at the wrong moment, each with its corrected twin.

    finale-sim explore examples/faults.py:half_a_transfer

``finale_sim.fault`` says where; outside of a trial it does nothing, so it may stay where it is.
"""

import trio

from finale_sim import fault, sometimes

__all__ = ["gives_up_too_late", "gives_up_too_late_fixed", "half_a_transfer", "half_a_transfer_fixed"]


async def half_a_transfer() -> None:
    """Two writes that belong together. The second may fail, and then nobody takes back the first."""
    accounts = {"a": 100, "b": 0}

    async def write(name: str, amount: int) -> None:
        await trio.sleep(0.01)
        await fault("write", raises=OSError)
        accounts[name] = amount

    try:
        await write("a", 70)
        await write("b", 30)
    except OSError:
        pass  # the caller is told, and tries again tomorrow
    assert sum(accounts.values()) == 100, f"{100 - sum(accounts.values())} has vanished"


async def half_a_transfer_fixed() -> None:
    """Both accounts change in one write, or neither does."""
    accounts = {"a": 100, "b": 0}
    moved = False

    async def write(pending: dict[str, int]) -> None:
        await trio.sleep(0.01)
        await fault("write", raises=OSError)
        accounts.update(pending)

    try:
        await write({"a": 70, "b": 30})
        moved = True
    except OSError:
        pass
    sometimes(not moved, "the transfer failed as a whole")
    assert sum(accounts.values()) == 100


async def gives_up_too_late() -> None:
    """Three attempts to deliver, each of which may take a while or get lost; the customer hears of it within ten seconds."""
    delivered = False
    for attempt in range(3):
        if not await fault("delivery", drops=True, delays_s=(4.0,)):
            delivered = True
            break
        await trio.sleep(2**attempt)
    sometimes(delivered, "delivered")
    assert trio.current_time() <= 10, f"the customer waited for {trio.current_time():g} s"


async def gives_up_too_late_fixed() -> None:
    """The limit is one around everything."""
    with trio.move_on_after(10):
        for attempt in range(3):
            if not await fault("delivery", drops=True, delays_s=(4.0,)):
                break
            await trio.sleep(2**attempt)
    assert trio.current_time() <= 10
