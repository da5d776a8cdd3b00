"""Small programs that share things in every way that a step can touch them. Most have outcomes that depend on the order."""

import itertools
import random
import sqlite3
import threading
import weakref
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import closing, suppress
from contextvars import ContextVar
from dataclasses import dataclass
from functools import lru_cache, partial
from math import inf
from typing import Any, ClassVar

import trio

import finale_sim

PROGRAMS: list[Callable[[], Awaitable[Any]]] = []


def program(function: Callable[[], Awaitable[Any]]) -> Callable[[], Awaitable[Any]]:
    """A program that every test of the reduction runs."""
    PROGRAMS.append(function)
    return function


async def both(*tasks: Any) -> None:
    """Run (function, *arguments) side by side."""
    async with trio.open_nursery() as nursery:
        for function, *arguments in tasks:
            nursery.start_soon(function, *arguments)


async def pause() -> None:
    await trio.lowlevel.checkpoint()


class Account:
    rate = 1

    def __init__(self) -> None:
        self.balance = 0


@program
async def attributes() -> None:
    """Two of one account, one of another."""
    ours, theirs = Account(), Account()

    async def pay(account: Account) -> None:
        seen = account.balance
        await pause()
        account.balance = seen + 1

    await both((pay, ours), (pay, ours), (pay, theirs))
    assert (ours.balance, theirs.balance) == (2, 1)


@program
async def attribute_of_an_attribute() -> None:
    class Box:
        inner = Account()

    box = Box()
    box.inner = Account()

    async def pay() -> None:
        seen = box.inner.balance
        await pause()
        box.inner.balance = seen + 1

    async def swap() -> None:
        await pause()
        box.inner = Account()

    await both((pay,), (pay,), (swap,))
    assert box.inner.balance == 2, box.inner.balance


@program
async def order_of_a_list() -> None:
    items: list[int] = []

    async def add(item: int) -> None:
        await pause()
        items.append(item)

    await both((add, 0), (add, 1), (add, 2))
    assert items == [0, 1, 2], items


@program
async def two_names() -> None:
    """One list, as an argument and as a variable."""
    items = [0]

    async def as_argument(mine: list[int]) -> None:
        seen = mine[0]
        await pause()
        mine[0] = seen + 1

    async def as_variable() -> None:
        seen = items[0]
        await pause()
        items[0] = seen + 1

    await both((as_argument, items), (as_variable,))
    assert items == [2], items


@program
async def dicts_in_dicts() -> None:
    accounts = {"a": {"balance": 0}, "b": {"balance": 0}}

    async def pay(name: str) -> None:
        account = accounts[name]
        seen = account["balance"]
        await pause()
        account["balance"] = seen + 1

    await both((pay, "a"), (pay, "a"))
    assert accounts["a"]["balance"] == 2, accounts


@program
async def reflection() -> None:
    account = Account()

    async def pay() -> None:
        seen = getattr(account, "balance")  # noqa: B009  # that is the point
        await pause()
        setattr(account, "balance", seen + 1)  # noqa: B010

    await both((pay,), (pay,))
    assert account.balance == 2, account.balance


@program
async def attributes_of_a_class() -> None:
    class Shared:
        count = 0

    ours, theirs = Shared(), Shared()

    async def through_the_class() -> None:
        seen = ours.count
        await pause()
        Shared.count = seen + 1

    async def through_an_instance() -> None:
        await pause()
        theirs.count = theirs.count + 5

    await both((through_the_class,), (through_the_class,), (through_an_instance,))
    assert (Shared.count, theirs.count) in ((2, 5), (2, 7)), (Shared.count, theirs.count)


@program
async def an_event() -> None:
    event, ready = trio.Event(), False

    async def setter() -> None:
        nonlocal ready
        await pause()
        event.set()
        await pause()
        ready = True

    async def waiter() -> None:
        await event.wait()
        assert ready

    await both((waiter,), (setter,))


@program
async def polling() -> None:
    event = trio.Event()

    async def setter() -> None:
        await pause()
        event.set()

    async def look(number: int) -> None:
        await pause()
        assert not event.is_set() or number != 1

    await both((setter,), (look, 0), (look, 1))


@program
async def a_condition() -> None:
    condition, stock = trio.Condition(), 0

    async def produce() -> None:
        nonlocal stock
        async with condition:
            stock += 1
            condition.notify()

    async def consume() -> None:
        nonlocal stock
        async with condition:
            if not stock:
                await condition.wait()
            assert stock > 0, "empty"
            stock -= 1

    with trio.move_on_after(5):
        await both((consume,), (consume,), (produce,))


@program
async def a_semaphore() -> None:
    semaphore, inside, most = trio.Semaphore(1), 0, 0

    async def work() -> None:
        nonlocal inside, most
        async with semaphore:
            inside += 1
            most = max(most, inside)
            await pause()
            inside -= 1

    await both((work,), (work,))
    assert most == 1


@program
async def a_limiter() -> None:
    limiter, peaks = trio.CapacityLimiter(2), list[int]()

    async def work() -> None:
        async with limiter:
            peaks.append(int(limiter.borrowed_tokens))
            await pause()

    await both((work,), (work,))
    assert max(peaks) == 1, peaks


@program
async def a_parking_lot() -> None:
    lot, flag = trio.lowlevel.ParkingLot(), False

    async def waiter() -> None:
        if not flag:
            await pause()
            await lot.park()

    async def waker() -> None:
        nonlocal flag
        flag = True
        lot.unpark_all()

    await both((waiter,), (waker,))


@program
async def a_channel() -> None:
    sending, receiving = trio.open_memory_channel[list[int]](5)
    box = [0]
    await sending.send(box)
    await sending.send(box)

    async def work() -> None:
        (await receiving.receive())[0] += 1
        await pause()
        seen = box[0]
        await pause()
        box[0] = seen + 1

    await both((work,), (work,))
    assert box == [4], box


@program
async def cancel_scopes() -> None:
    done: list[int] = []
    one, other = trio.CancelScope(), trio.CancelScope()

    async def work(number: int, scope: trio.CancelScope) -> None:
        with scope:
            await pause()
            await pause()
            done.append(number)

    async def cancel() -> None:
        await pause()
        one.cancel()

    await both((work, 0, one), (work, 1, other), (cancel,))
    assert 0 in done, done


@program
async def a_cancel_beside_a_message() -> None:
    """Whoever is cancelled no longer waits where the message goes."""
    sending, receiving = trio.open_memory_channel[int](1)
    got: list[int] = []
    scope = trio.CancelScope()

    async def take() -> None:
        with scope:
            got.append(await receiving.receive())

    async def feed() -> None:
        await pause()
        sending.send_nowait(1)

    async def stop() -> None:
        await pause()
        scope.cancel()

    await both((take,), (feed,), (stop,))
    assert got, "taken by nobody"


@program
async def a_nursery_that_is_cancelled() -> None:
    done: list[int] = []

    async def work(number: int) -> None:
        await pause()
        await pause()
        done.append(number)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(work, 0)
        nursery.start_soon(work, 1)
        await pause()
        nursery.cancel_scope.cancel()
    assert len(done) == 2, done


@program
async def a_child_that_fails() -> None:
    done: list[int] = []

    async def work() -> None:
        await pause()
        await pause()
        done.append(1)

    async def fail() -> None:
        await pause()
        raise ValueError

    try:
        await both((work,), (fail,))
    except* ValueError:
        pass
    assert done, "lost"


@program
async def two_children_that_fail() -> None:
    async def fail(number: int) -> None:
        await pause()
        raise ValueError(number)

    await both((fail, 0), (fail, 1))


@program
async def a_start() -> None:
    log: list[str] = []

    async def serve(task_status: trio.TaskStatus[None]) -> None:
        await pause()
        task_status.started()
        await pause()
        log.append("late")

    async with trio.open_nursery() as nursery:
        await nursery.start(serve)
        log.append("main")
    assert log == ["main", "late"], log


@program
async def timers() -> None:
    order: list[int] = []

    async def work(number: int) -> None:
        await trio.sleep(1)
        order.append(number)
        await pause()
        order.append(number)

    await both((work, 0), (work, 1))
    assert order == [0, 0, 1, 1], order


@program
async def a_time_out() -> None:
    lock, got = trio.Lock(), list[int]()

    async def holder() -> None:
        async with lock:
            await trio.sleep(1)

    async def other() -> None:
        with trio.move_on_after(1):
            async with lock:
                got.append(1)

    await both((holder,), (other,))
    assert got, "timed out"


@program
async def a_time_out_of_a_task_that_could_go_on() -> None:
    """A deadline that cancels somebody, and wakes nobody."""
    log: list[str] = []

    async def limited() -> None:
        with trio.move_on_after(1) as scope:
            await trio.sleep(1)
            await pause()
            log.append("in time")
        log.append(f"cancelled: {scope.cancelled_caught}")

    async def other() -> None:
        await trio.sleep(1)
        await pause()
        log.append("other")

    await both((limited,), (other,))
    assert log == ["in time", "cancelled: False", "other"], log


@program
async def chance() -> None:
    drawn: dict[int, float] = {}

    async def draw(number: int) -> None:
        await pause()
        value = random.random()
        await pause()
        drawn[number] = value

    await both((draw, 0), (draw, 1))
    assert drawn[0] > drawn[1], "swapped"


@program
async def a_generator() -> None:
    def count() -> Any:
        yield from range(1, 9)

    numbers, got = count(), dict[int, int]()

    async def take(number: int) -> None:
        await pause()
        got[number] = next(numbers)

    await both((take, 0), (take, 1))
    assert got == {0: 1, 1: 2}, got


@program
async def a_counter_in_c() -> None:
    numbers, got = itertools.count(), dict[int, int]()

    async def take(number: int) -> None:
        await pause()
        value = next(numbers)
        await pause()
        got[number] = value

    await both((take, 0), (take, 1))
    assert got == {0: 0, 1: 1}, got


total = 0


@program
async def globals_of_a_module() -> None:
    global total  # noqa: PLW0603
    total = 0

    async def add() -> None:
        global total  # noqa: PLW0603
        seen = total
        await pause()
        total = seen + 1

    await both((add,), (add,))
    assert total == 2


@program
async def slots_and_properties() -> None:
    class Slotted:
        __slots__ = ("_count",)

        def __init__(self) -> None:
            self._count = 0

        @property
        def count(self) -> int:
            return self._count

        @count.setter
        def count(self, value: int) -> None:
            self._count = value

    shared = Slotted()

    async def add() -> None:
        seen = shared.count
        await pause()
        shared.count = seen + 1

    await both((add,), (add,))
    assert shared.count == 2


@program
async def objects_in_a_list() -> None:
    accounts = [Account(), Account()]

    async def by_number(number: int) -> None:
        seen = accounts[number].balance
        await pause()
        accounts[number].balance = seen + 1

    async def directly(account: Account) -> None:
        seen = account.balance
        await pause()
        account.balance = seen + 1

    await both((by_number, 0), (directly, accounts[0]))
    assert accounts[0].balance == 2


@program
async def in_the_middle_of_an_expression() -> None:
    """What stands to the left of an await was loaded before it, and is used behind it."""
    account, items = Account(), list[int]()

    async def later(value: int) -> int:
        await pause()
        return value

    async def add(value: int) -> None:
        account.balance += await later(1)
        items.append(await later(value))

    await both((add, 0), (add, 1))
    assert (account.balance, items) == (2, [0, 1]), (account.balance, items)


@program
async def in_the_middle_of_a_loop() -> None:
    items, seen = [1], list[int]()

    async def read() -> None:
        for item in items:
            await pause()
            seen.append(item)

    async def write() -> None:
        await pause()
        items.append(2)

    await both((read,), (write,))
    assert seen == [1, 2], seen


@program
async def async_generators() -> None:
    items: list[int] = []

    async def count() -> Any:
        for number in range(2):
            await pause()
            items.append(number)
            yield number

    async def work() -> None:
        async for number in count():
            items.append(number)  # noqa: PERF401  # a comprehension would not be what users write

    await both((work,), (work,))
    assert items == [0, 0, 1, 1] * 2, items


@program
async def context_managers() -> None:
    class Gate:
        inside = 0

        async def __aenter__(self) -> None:
            await pause()
            self.inside += 1

        async def __aexit__(self, *_: object) -> None:
            self.inside -= 1

    gate, peaks = Gate(), list[int]()

    async def work() -> None:
        async with gate:
            peaks.append(gate.inside)
            await pause()

    await both((work,), (work,))
    assert max(peaks) == 1, peaks


@program
async def faults() -> None:
    stored = 0

    async def store() -> None:
        nonlocal stored
        try:
            await finale_sim.fault("db.write", raises=OSError)
            seen = stored
            await pause()
            stored = seen + 1
        except OSError:
            pass

    await both((store,), (store,))
    assert stored == 2, stored


@program
async def an_end_that_wakes_somebody() -> None:
    """Whoever is woken by the last step of a child waits for that one, and not for others that have ended before."""
    told, written, seen = trio.Event(), 0, list[int]()

    async def write() -> None:
        nonlocal written
        written = 1

    async def tell() -> None:
        told.set()

    async def look() -> None:
        await told.wait()
        seen.append(written)

    await both((look,), (write,), (tell,))
    assert seen == [1], seen


@program
async def functions_of_trio_as_tasks() -> None:
    sending, receiving = trio.open_memory_channel[int](2)
    await both((sending.send, 0), (sending.send, 1))
    got = [receiving.receive_nowait(), receiving.receive_nowait()]
    assert got == [0, 1], got


@program
async def a_child_that_starts_children() -> None:
    log: list[int] = []

    async def add(number: int) -> None:
        log.append(number)

    async with trio.open_nursery() as nursery:

        async def start(number: int) -> None:
            await pause()
            nursery.start_soon(add, number)

        nursery.start_soon(start, 0)
        nursery.start_soon(start, 1)
        await pause()
    assert log == [0, 1], log


@program
async def starting_in_the_nursery_of_others() -> None:
    """Which is open only until its last child ends."""
    theirs: trio.Nursery | None = None

    async def shielded() -> None:
        with trio.CancelScope(shield=True):
            await pause()

    async def owner() -> None:
        nonlocal theirs
        async with trio.open_nursery() as nursery:
            theirs = nursery
            nursery.start_soon(shielded)

    async def guest() -> None:
        await pause()
        if theirs:
            theirs.start_soon(pause)

    await both((owner,), (guest,))


@program
async def a_block_that_fails() -> None:
    done: list[int] = []

    async def work(number: int) -> None:
        await pause()
        done.append(number)

    try:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(work, 0)
            nursery.start_soon(work, 1)
            await pause()
            raise ValueError  # noqa: TRY301  # the block is left by it
    except* ValueError:
        pass
    assert done == [0, 1], done


@program
async def counting_the_children() -> None:
    """While one of them is out of reach of the nursery's cancel scope, so that nothing but the count tells."""
    started = False

    async def shielded() -> None:
        nonlocal started
        started = True
        with trio.CancelScope(shield=True):
            await pause()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(shielded)
        await pause()
        assert (started, len(nursery.child_tasks)) != (True, 1), "half-way"


@program
async def a_deadline_that_is_moved() -> None:
    seen: list[float] = []

    async def look() -> None:
        await pause()
        seen.append(trio.current_effective_deadline())

    with trio.CancelScope() as scope:

        async def move() -> None:
            await pause()
            scope.deadline = trio.current_time() + 100

        await both((look,), (move,))
    assert seen == [inf], seen


@program
async def a_lock_that_is_never_released() -> None:
    """Its owner's end breaks it, which no line of the program says. Who asks for it then is told at once, who waits is woken."""
    lock, told, asked = trio.Lock(), trio.Event(), 0

    async def keep() -> None:
        await lock.acquire()
        await pause()
        told.set()
        await pause()

    async def take() -> None:
        nonlocal asked
        await told.wait()
        asked += 1
        before = asked
        try:
            await lock.acquire()
        except trio.BrokenResourceError:
            assert asked == before, "both have waited"

    await both((keep,), (take,), (take,))


@program
async def a_deque() -> None:
    items = deque[int](maxlen=2)

    async def add(item: int) -> None:
        await pause()
        items.appendleft(item)

    await both((add, 0), (add, 1))
    assert items.pop() == 0


@program
async def a_view_of_a_dict() -> None:
    stock = {"a": 1}

    async def count(keys: Any) -> None:
        await pause()
        assert len(keys) == 1

    async def add() -> None:
        await pause()
        stock["b"] = 1

    await both((count, stock.keys()), (add,))


@program
async def a_view_of_bytes() -> None:
    raw = bytearray(b"ab")

    async def read(view: memoryview) -> None:
        await pause()
        assert view[0] == ord("a")

    async def write(own: bytearray) -> None:
        await pause()
        own[0] = 0

    await both((read, memoryview(raw)), (write, raw))


current = ContextVar[Account]("current")


@program
async def a_context_variable() -> None:
    """Each task has its own context, and all of these hold one object."""
    current.set(Account())

    async def pay() -> None:
        seen = current.get().balance
        await pause()
        current.get().balance = seen + 1

    await both((pay,), (pay,))
    assert current.get().balance == 2


@program
async def a_weak_reference() -> None:
    account = Account()

    async def directly(own: Account) -> None:
        seen = own.balance
        await pause()
        own.balance = seen + 1

    async def weakly(reference: weakref.ref[Account]) -> None:
        await pause()
        reference().balance += 1  # type: ignore[union-attr]  # it lives

    await both((directly, account), (weakly, weakref.ref(account)))
    assert account.balance == 2


@program
async def a_thread_s_own() -> None:
    """All tasks are of one thread."""
    own = threading.local()
    own.account = Account()

    async def pay() -> None:
        seen = own.account.balance
        await pause()
        own.account.balance = seen + 1

    await both((pay,), (pay,))
    assert own.account.balance == 2


names = itertools.count()


@program
async def two_connections() -> None:
    """Two objects of C that share what neither of them shows."""
    name = f"file:{next(names)}?mode=memory&cache=shared"
    with closing(sqlite3.connect(name, uri=True)) as one, closing(sqlite3.connect(name, uri=True)) as other:
        one.execute("create table stock (n)")
        one.execute("insert into stock values (0)")
        one.commit()

        async def add(connection: sqlite3.Connection) -> None:
            await pause()
            (seen,) = connection.execute("select n from stock").fetchone()
            await pause()
            connection.execute("update stock set n = ?", (seen + 1,))
            connection.commit()

        await both((add, one), (add, other))
        assert one.execute("select n from stock").fetchone() == (2,)


@program
async def a_bound_method() -> None:
    items: list[int] = []

    async def call(function: Callable[[int], None], item: int) -> None:
        await pause()
        function(item)

    await both((call, items.append, 0), (call, items.append, 1))
    assert items == [0, 1]


@program
async def a_cache() -> None:
    made: list[int] = []

    @lru_cache
    def connection(kind: str) -> list[int]:
        made.append(len(kind))
        return made

    async def use(kind: str) -> None:
        await pause()
        connection(kind)

    await both((use, "a"), (use, "bc"))
    assert made == [1, 2]


@program
async def a_partial() -> None:
    account = Account()

    async def pay(own: Account, amount: int) -> None:
        seen = own.balance
        await pause()
        own.balance = seen + amount

    await both((partial(pay, account), 1), (partial(pay, account), 1))
    assert account.balance == 2


@program
async def a_time_out_beside_a_message() -> None:
    sending, receiving = trio.open_memory_channel[int](0)
    got: list[int] = []

    async def take() -> None:
        with trio.move_on_after(1):
            got.append(await receiving.receive())

    async def give() -> None:
        await trio.sleep(1)
        with suppress(trio.WouldBlock):
            sending.send_nowait(1)

    await both((take,), (give,))
    assert got, "too late"


@program
async def a_shield() -> None:
    log: list[str] = []
    with trio.CancelScope() as scope:

        async def clean() -> None:
            try:
                await trio.sleep_forever()
            finally:
                with trio.CancelScope(shield=True):
                    await pause()
                    log.append("clean")

        async def stop() -> None:
            await pause()
            scope.cancel()
            log.append("stopped")

        await both((clean,), (stop,))
    assert log == ["stopped", "clean"], log


@program
async def closing_a_channel() -> None:
    sending, receiving = trio.open_memory_channel[int](1)

    async def send() -> None:
        await pause()
        with suppress(trio.BrokenResourceError):
            sending.send_nowait(1)
            return
        raise AssertionError

    async def close() -> None:
        await pause()
        receiving.close()

    await both((send,), (close,))


@program
async def a_sent_generator() -> None:
    def adding() -> Any:
        total = 0
        while True:
            total += yield total

    sums = adding()
    next(sums)

    async def add(number: int) -> None:
        await pause()
        assert sums.send(number) != 2

    await both((add, 1), (add, 2))
    sums.close()


@program
async def attributes_of_a_function() -> None:
    async def work() -> None:
        seen = work.calls  # type: ignore[attr-defined]  # set below
        await pause()
        work.calls = seen + 1  # type: ignore[attr-defined]  # set below

    work.calls = 0  # type: ignore[attr-defined]  # that is what it is about
    await both((work,), (work,))
    assert work.calls == 2  # type: ignore[attr-defined]  # set above


@program
async def through_its_dict() -> None:
    account = Account()

    async def pay() -> None:
        seen = account.__dict__["balance"]
        await pause()
        account.__dict__["balance"] = seen + 1

    await both((pay,), (pay,))
    assert account.balance == 2


@program
async def a_default_argument() -> None:
    async def count(seen: list[int] = []) -> None:  # noqa: B006  # that is what it is about
        before = len(seen)
        await pause()
        seen.append(before)
        assert before + 1 == len(seen)

    await both((count,), (count,))


@program
async def a_class_method_s_registry() -> None:
    class Plugin:
        registry: ClassVar[list[int]] = []

        @classmethod
        async def register(cls, number: int) -> None:
            await pause()
            cls.registry.append(number)

    await both((Plugin.register, 0), (Plugin.register, 1))
    assert Plugin.registry == [0, 1]


@program
async def a_comprehension() -> None:
    accounts = [Account(), Account()]

    async def total() -> None:
        await pause()
        assert sum(account.balance for account in accounts) in (0, 2)

    async def pay() -> None:
        for account in accounts:
            account.balance += 1
            await pause()

    await both((total,), (pay,))


@program
async def an_inherited_slot_and_a_data_class() -> None:
    @dataclass(slots=True)
    class Base:
        count: int = 0

    @dataclass(slots=True)
    class Derived(Base):
        other: int = 0

    shared = Derived()

    async def add() -> None:
        seen = shared.count
        await pause()
        shared.count, shared.other = seen + 1, shared.other + 1

    await both((add,), (add,))
    assert (shared.count, shared.other) == (2, 2)


@program
async def a_default_argument_of_a_method() -> None:
    class Counter:
        async def count(self, seen: list[int] = []) -> None:  # noqa: B006  # that is what it is about
            before = len(seen)
            await pause()
            seen.append(before)
            assert before + 1 == len(seen)

    async def work() -> None:
        counter = Counter()
        await counter.count()

    await both((work,), (work,))


@program
async def what_only_one_order_makes_them_share() -> None:
    """Who listens before the door is closed looks at the bell; who rings meets nobody else. The first trial closes it first."""
    closed = rung = heard = False

    async def close() -> None:
        nonlocal closed
        closed = True

    async def listen() -> None:
        nonlocal heard
        if not closed:
            heard = rung

    async def ring() -> None:
        nonlocal rung
        rung = True

    await both((close,), (listen,), (ring,))
    assert not heard


@program
async def a_second_step_that_is_another_without_the_first() -> None:
    """Behind the first it fails, which touches everything, before it it does next to nothing: no trial may be for nothing."""
    items = [0]

    async def add() -> None:
        await pause()
        items.append(1)

    async def take() -> None:
        await pause()
        if len(items) > 1:
            raise ValueError("too many")

    await both((pause,), (add,), (take,))


@program
async def default_of_a_method_of_an_object_without_a_name() -> None:
    """Whoever calls it first is the first to meet the list; it is the same list in trials in which another task does so."""

    class Counter:
        def count(self, calls: list[int] = []) -> int:  # noqa: B006  # that is the point
            calls.append(1)
            return len(calls)

    counted = [0, 0, 0]
    places = [counted[:1], counted[1:2], counted[2:]]

    async def count(mine: list[int]) -> None:
        mine[0] = Counter().count()

    await both(*((count, mine) for mine in places))
    assert [mine[0] for mine in places] == [1, 2, 3]


@program
async def a_deadline_that_is_over_when_it_is_set() -> None:
    """Its timer fires at once, before anybody else goes on; who was ready could have gone before all that."""
    written = seen = 0

    async def look() -> None:
        nonlocal seen
        with trio.CancelScope() as scope:
            scope.deadline = trio.current_time() - 1
            seen = written
            await trio.sleep_forever()

    async def write() -> None:
        nonlocal written
        await pause()
        written = 1

    await both((look,), (write,))
    assert not seen


@program
async def a_timer_that_is_taken_away() -> None:
    """Three timers are due; a step takes one of them away. Behind that nobody can go on before it fires any more."""
    never = trio.Event()

    async def wait() -> None:
        with trio.move_on_after(2):
            await never.wait()

    async def take_away() -> None:
        with trio.move_on_after(2):
            await trio.sleep(1)
            await trio.sleep(1)

    await both((wait,), (take_away,))
