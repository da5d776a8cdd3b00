"""One order out of many fails: SCTBench's ``reorder``, ``twostage``, ``lazy01``, ``token_ring``, ``stack``, ``account``."""

import trio
from trio.lowlevel import checkpoint

from races.threads import Program, Thread, started

__all__ = ["account", "lazy", "reorder", "stack", "token_ring", "twostage"]


def reorder(setters: int, *, sound: bool = False) -> Program:
    """``setters`` threads set a, then b; the last one checks. It fails if all setters are caught before b, and one behind a."""

    async def program() -> None:
        a = b = 0

        async def set_both() -> None:
            nonlocal a, b
            a = 1
            if not sound:
                await checkpoint()
            b = -1

        async def check() -> None:
            assert (a, b) in ((0, 0), (1, -1)), f"a is {a}, b is {b}"

        await started(*[set_both] * setters, check)

    return program


def twostage(writers: int, *, sound: bool = False) -> Program:
    """A datum is set under one lock, and a second one from it under another. A reader between the two stages sees them differ."""

    async def program() -> None:
        first = second = 0
        first_lock, second_lock = trio.Lock(), trio.Lock()

        async def write() -> None:
            nonlocal first, second
            async with first_lock:
                first = 1
                if sound:
                    second = first + 1
            await checkpoint()
            async with second_lock:
                second = first + 1

        async def read() -> None:
            async with first_lock:
                seen = first
            if not seen:
                return
            await checkpoint()
            async with second_lock:
                assert second == seen + 1, f"the first stage is {seen}, the second {second}"

        await started(*[write] * writers, read)

    return program


def lazy(*, sound: bool = False) -> Program:
    """Two threads add to a sum; a third counts on not being the last."""

    async def program() -> None:
        data = 0
        lock = trio.Lock()

        async def add_one() -> None:
            nonlocal data
            async with lock:
                data += 1

        async def look() -> None:
            async with lock:
                assert data < 3 + sound, f"both were faster: {data}"

        async def add_two() -> None:
            nonlocal data
            async with lock:
                data += 2

        await started(look, add_one, add_two)

    return program


def account(*, sound: bool = False) -> Program:
    """A deposit, a withdrawal, and an audit whose formula is wrong, which shows only when both are done before it."""

    async def program() -> None:
        opening, paid_in, paid_out = 10, 4, 3
        balance, deposited, withdrawn = opening, False, False
        lock = trio.Lock()

        async def audit() -> None:
            async with lock:
                if deposited and withdrawn:
                    expected = opening + paid_in - paid_out if sound else opening - paid_in - paid_out
                    assert balance == expected, f"{balance} instead of {expected}"

        async def deposit() -> None:
            nonlocal balance, deposited
            async with lock:
                balance += paid_in
                deposited = True

        async def withdraw() -> None:
            nonlocal balance, withdrawn
            async with lock:
                balance -= paid_out
                withdrawn = True

        await started(audit, deposit, withdraw)

    return program


def token_ring(*, sound: bool = False) -> Program:
    """Four threads hand a value round, each from its neighbour. Nobody says that they take turns in the order of the ring."""

    async def program() -> None:
        values = [1, 0, 0, 0]
        lock = trio.Lock()
        turns = [trio.Event() for _ in range(5)]
        turns[0].set()

        def hand_on(place: int) -> Thread:
            async def thread() -> None:
                if sound:
                    await turns[place].wait()
                async with lock:
                    values[place] = values[max(place - 1, 0)]
                turns[place + 1].set()

            return thread

        await started(*(hand_on(place) for place in range(4)))
        assert values == [1, 1, 1, 1], f"the ring holds {values}"

    return program


def stack(size: int = 3, *, sound: bool = False) -> Program:
    """One thread pushes under a lock, another pops under it; "there is something" is said, and looked at, outside."""

    async def program() -> None:
        cells: list[int] = []
        flag = False
        lock = trio.Lock()

        async def pop_all() -> None:
            for _ in range(size):
                await checkpoint()
                if flag:
                    await checkpoint()
                    async with lock:
                        assert cells or sound, "popped from an empty stack"
                        if cells:
                            cells.pop()

        async def push_all() -> None:
            nonlocal flag
            for item in range(size):
                async with lock:
                    cells.append(item)
                    flag = True
                await checkpoint()

        await started(pop_all, push_all)

    return program
