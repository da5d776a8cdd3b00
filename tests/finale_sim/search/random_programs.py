"""Random programs of two or three tasks that share variables, a list, an event, a lock and a channel, and may fail or hang."""

from collections.abc import Awaitable, Callable
from random import Random

import trio

__all__ = ["random_program"]


class _Shared:
    """What the tasks share, and what they may do with it. ``seen`` is a task's own."""

    def __init__(self) -> None:
        self.x = self.y = 0
        self.items = list[int]()
        self.event, self.lock = trio.Event(), trio.Lock()
        self.sending, self.receiving = trio.open_memory_channel[int](1)

    async def pause(self, seen: list[object]) -> None:
        await trio.lowlevel.checkpoint()

    async def raise_x(self, seen: list[object]) -> None:
        before = self.x
        await trio.lowlevel.checkpoint()
        self.x = before + 1

    async def set_x(self, seen: list[object]) -> None:
        self.x = 1

    async def set_y(self, seen: list[object]) -> None:
        self.y = 1

    async def look(self, seen: list[object]) -> None:
        seen.append(self.x if self.y else None)

    async def append(self, seen: list[object]) -> None:
        self.items.append(len(seen))

    async def count(self, seen: list[object]) -> None:
        seen.append(None if self.x else len(self.items))

    async def fail(self, seen: list[object]) -> None:
        if self.x:
            raise ValueError(self.y)

    async def ring(self, seen: list[object]) -> None:
        self.event.set()

    async def listen(self, seen: list[object]) -> None:
        await self.event.wait()

    async def with_lock(self, seen: list[object]) -> None:
        async with self.lock:
            seen.append(self.y)

    async def send(self, seen: list[object]) -> None:
        await self.sending.send(self.x)

    async def receive(self, seen: list[object]) -> None:
        seen.append(await self.receiving.receive())


_DOES = [function for name, function in vars(_Shared).items() if not name.startswith("_")]


def random_program(seed: int) -> Callable[[], Awaitable[str]]:
    """One that returns what each of its tasks has seen. Equal seeds make equal programs."""
    random = Random(seed)
    plan = [tuple(random.choice(_DOES) for _ in range(random.randint(1, 3))) for _ in range(random.randint(2, 3))]

    async def program() -> str:
        shared, everything = _Shared(), list[list[object]]()

        async def task(does: tuple[Callable[[_Shared, list[object]], Awaitable[None]], ...], seen: list[object]) -> None:
            for do in does:
                await do(shared, seen)

        end = "well"
        try:
            async with trio.open_nursery() as nursery:
                for does in plan:
                    everything.append([])
                    nursery.start_soon(task, does, everything[-1])
        except* ValueError as group:
            end = repr(group.exceptions)
        return repr((everything, shared.x, shared.y, shared.items, end))

    return program
