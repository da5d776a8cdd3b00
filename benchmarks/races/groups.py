"""Wait-groups, and what is used too early or too late: bug types of GoBench's GoKer."""

import trio
from trio.lowlevel import ParkingLot, checkpoint

from races.threads import Program, started

__all__ = [
    "added_too_late",
    "changed_while_iterated",
    "done_before_the_last_word",
    "made_twice",
    "used_before_made",
    "waited_with_lock",
]


class WaitGroup:
    """Counts tasks; who waits goes on when none is left. trio has nurseries for that, Go has this."""

    def __init__(self) -> None:
        self._count = 0
        self._waiting = ParkingLot()

    def add(self) -> None:
        self._count += 1

    def done(self) -> None:
        self._count -= 1
        if not self._count:
            self._waiting.unpark_all()

    async def wait(self) -> None:
        while self._count:
            await self._waiting.park()


def added_too_late(*, sound: bool = False) -> Program:
    """A task joins the group when it runs, not when it is started; who waits for the group may be faster."""

    async def program() -> None:
        group = WaitGroup()
        results: list[int] = []
        if sound:
            group.add()

        async def work() -> None:
            if not sound:
                group.add()
            await checkpoint()
            results.append(1)
            group.done()

        async def collect() -> None:
            for _ in range(2):
                await checkpoint()
            await group.wait()
            assert results, "there are no results"

        await started(work, collect)

    return program


def done_before_the_last_word(*, sound: bool = False) -> Program:
    """A worker says that it is done, and sends its result afterwards, through a channel that is closed when all are done."""

    async def program() -> None:
        group = WaitGroup()
        sending, receiving = trio.open_memory_channel[int](5)
        for _ in range(2):
            group.add()

        async def work() -> None:
            await checkpoint()
            if not sound:
                group.done()
            await checkpoint()
            sending.send_nowait(1)
            if sound:
                group.done()

        async def close() -> None:
            for _ in range(4):
                await checkpoint()
            await group.wait()
            sending.close()

        await started(work, work, close)
        receiving.close()

    return program


def waited_with_lock(*, sound: bool = False) -> Program:
    """It waits for the group with the lock in hand that the last worker needs."""

    async def program() -> None:
        group = WaitGroup()
        lock = trio.Lock()
        group.add()

        async def work() -> None:
            await checkpoint()
            async with lock:
                group.done()

        async def shut_down() -> None:
            for _ in range(5):
                await checkpoint()
            async with lock:
                if not sound:
                    await group.wait()
            await group.wait()

        await started(work, shut_down)

    return program


def made_twice(*, sound: bool = False) -> Program:
    """Both find that there is no connection yet, and make one."""

    async def program() -> None:
        made: list[str] = []
        lock = trio.Lock()

        async def connect() -> None:
            if sound:
                async with lock:
                    if not made:
                        await checkpoint()
                        made.append("connection")
            elif not made:
                await checkpoint()
                made.append("connection")

        async def connect_later() -> None:
            for _ in range(2):
                await checkpoint()
            await connect()

        await started(connect, connect_later)
        assert len(made) == 1, f"{len(made)} connections"

    return program


def used_before_made(*, sound: bool = False) -> Program:
    """A handler counts on what another task sets up meanwhile."""

    async def program() -> None:
        config: dict[str, int] = {}
        made = trio.Event()

        async def make() -> None:
            await checkpoint()
            config["size"] = 3
            made.set()

        async def use() -> None:
            if sound:
                await made.wait()
            for _ in range(3):
                await checkpoint()
            assert config["size"] == 3

        await started(make, use)

    return program


def changed_while_iterated(*, sound: bool = False) -> Program:
    """It goes through the sessions with an ``await`` for each, and another task adds one."""

    async def program() -> None:
        sessions = {"a": 1, "b": 2}

        async def visit() -> None:
            for _ in list(sessions) if sound else sessions:
                await checkpoint()

        async def add() -> None:
            for _ in range(4):
                await checkpoint()
            sessions["c"] = 3

        await started(visit, add)

    return program
