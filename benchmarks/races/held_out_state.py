"""Held out, state: two variables, a stale value, a pointer that came back, half-made objects, counts and barriers.

Nothing was tuned on these, and nothing may be: they say what the others cannot, how well a search does on a bug it does not know.
"""

from dataclasses import dataclass, field

import trio
from trio.lowlevel import ParkingLot, checkpoint

from races.threads import Program, started

__all__ = [
    "barrier_entered_again",
    "came_back_the_same",
    "once_is_not_yet",
    "published_half_made",
    "reopened_while_closing",
    "stale_value_stored",
    "two_sums_out_of_step",
]


def two_sums_out_of_step(*, sound: bool = False) -> Program:
    """Both halves of a transfer are computed from what was read before an ``await``, by two who transfer to and fro."""

    async def program() -> None:
        checking, savings = 10, 10
        lock = trio.Lock()

        async def move(amount: int) -> None:
            nonlocal checking, savings
            taken, given = checking - amount, savings + amount
            await checkpoint()
            checking = taken
            await checkpoint()
            savings = given

        async def move_alone(amount: int) -> None:
            if sound:
                async with lock:
                    await move(amount)
            else:
                await move(amount)

        async def save() -> None:
            await move_alone(3)

        async def spend() -> None:
            for _ in range(6):
                await checkpoint()
            await move_alone(-5)

        await started(save, spend)
        assert (checking, savings) == (12, 8), f"{checking} and {savings}"

    return program


@dataclass(eq=False)
class _Cell:
    """A place in a linked list."""

    name: str
    behind: "_Cell | None" = None


def came_back_the_same(*, sound: bool = False) -> Program:
    """Pop by comparing: the head is the one that was read, so it is taken; it was gone meanwhile, and its successor is (ABA)."""

    async def program() -> None:
        head: _Cell | None = _Cell("a", _Cell("b", _Cell("c")))
        version = 0
        popped: list[_Cell] = []

        async def pop() -> _Cell:
            nonlocal head, version
            while True:
                top, seen = head, version
                assert top is not None
                behind = top.behind
                await checkpoint()
                if head is top and (not sound or version == seen):
                    head, version = behind, version + 1
                    return top

        async def take_one() -> None:
            popped.append(await pop())

        async def take_two_and_put_one_back() -> None:
            nonlocal head, version
            await checkpoint()
            top = await pop()
            popped.append(await pop())
            top.behind, head, version = head, top, version + 1

        await started(take_one, take_two_and_put_one_back)
        left = []
        while head is not None:
            left.append(head)
            head = head.behind
        names = sorted(cell.name for cell in [*popped, *left])
        assert names == ["a", "b", "c"], f"there are {names}"

    return program


@dataclass
class _Session:
    """It can be used when it has a user."""

    user: str = ""
    rights: list[str] = field(default_factory=list)


def published_half_made(*, sound: bool = False) -> Program:
    """A session is in the table before its rights are loaded; who looks for it meanwhile finds one that may do nothing."""

    async def program() -> None:
        sessions: dict[str, _Session] = {}

        async def log_in() -> None:
            session = _Session()
            if not sound:
                sessions["s"] = session
            await checkpoint()
            session.user = "u"
            await checkpoint()
            session.rights.append("read")
            sessions["s"] = session

        async def request() -> None:
            for _ in range(5):
                await checkpoint()
            session = sessions.get("s")
            assert session is None or "read" in session.rights, f"{session} may not read"

        await started(log_in, request)

    return program


def once_is_not_yet(*, sound: bool = False) -> Program:
    """The first of three callers sets up, and says so before it has; the others go on with what is not there yet."""

    async def program() -> None:
        begun = False
        ready = trio.Event()
        table: dict[str, int] = {}

        async def set_up_once() -> None:
            nonlocal begun
            if begun:
                if sound:
                    await ready.wait()
                return
            begun = True
            await checkpoint()
            table["limit"] = 3
            ready.set()

        async def call() -> None:
            await set_up_once()
            for _ in range(2):
                await checkpoint()
            assert "limit" in table, "not set up"

        await started(call, call, call)

    return program


def stale_value_stored(*, sound: bool = False) -> Program:
    """A cache is emptied while somebody loads the old value, who stores it afterwards."""

    async def program() -> None:
        truth, generation = 1, 0
        cache: dict[str, int] = {}

        async def load() -> None:
            if "key" in cache:
                return
            value, seen = truth, generation
            for _ in range(2):
                await checkpoint()
            if not sound or seen == generation:
                cache["key"] = value

        async def change() -> None:
            nonlocal truth, generation
            for _ in range(4):
                await checkpoint()
            truth = 2
            generation += 1
            cache.clear()

        await started(load, load, change)
        assert cache.get("key", truth) == truth, f"{cache} beside {truth}"

    return program


def reopened_while_closing(*, sound: bool = False) -> Program:
    """The last user closes what is shared, step by step; somebody becomes a user in between, and holds what is being closed."""

    async def program() -> None:
        users, is_open = 0, False
        lock = trio.Lock()

        async def enter() -> None:
            nonlocal users, is_open
            users += 1
            if users == 1 and not is_open:
                await checkpoint()
                is_open = True

        async def leave() -> None:
            nonlocal users, is_open
            if users == 1:
                await checkpoint()
                is_open = False
            users -= 1

        async def use() -> None:
            for at, move in enumerate((enter, checkpoint, leave)):
                if sound and at != 1:
                    async with lock:
                        await move()
                else:
                    await move()
                assert is_open or at == 2, "closed while it is used"

        async def use_later() -> None:
            for _ in range(7):
                await checkpoint()
            await use()

        await started(use, use_later)

    return program


def barrier_entered_again(*, sound: bool = False) -> Program:
    """The last to arrive resets the count, others look at it when they are woken: one is already back for the next round."""

    async def program() -> None:
        arrived, rounds, size = 0, 0, 2
        waiting = ParkingLot()
        left = trio.Event()

        async def meet() -> None:
            nonlocal arrived, rounds
            arrived += 1
            mine = rounds
            if arrived == size:
                rounds += 1
                arrived = 0
                waiting.unpark_all()
                return
            while rounds == mine if sound else arrived:
                await waiting.park()

        async def meet_twice() -> None:
            for _ in range(2):
                await checkpoint()
            await meet()
            left.set()
            await meet()

        async def follow() -> None:
            await meet()
            await left.wait()
            await meet()

        await started(meet_twice, follow)

    return program
