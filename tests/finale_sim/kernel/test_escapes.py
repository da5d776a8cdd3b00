"""What a program can reach besides trio is the trial's, or refused, and real outside a trial."""

import _thread
import datetime as dt
import gc
import os
import queue
import random
import secrets
import socket
import subprocess
import sys
import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime as imported_datetime
from time import monotonic as imported_monotonic
from time import time as imported_time
from typing import Any

import pytest
import sniffio
import trio

import finale
from finale_sim.kernel import Ending, RealIO, simulate
from tests.finale_sim.kernel.support import Program, every_trial

HERE = os.path.relpath(__file__)  # as reports name it

EPOCH = dt.datetime(2024, 1, 1, tzinfo=dt.UTC)


async def _clocks() -> list[Any]:
    await trio.sleep(1.5)
    return [
        time.time(),
        time.time_ns(),
        time.monotonic(),
        time.monotonic_ns(),
        time.perf_counter(),
        time.perf_counter_ns(),
        time.process_time(),
        imported_time(),
        imported_monotonic(),
        time.gmtime()[:6],
        dt.datetime.now(dt.UTC),
        imported_datetime.now(tz=dt.UTC),
        imported_datetime.now().timestamp(),  # noqa: DTZ005
        imported_datetime.utcnow(),  # noqa: DTZ003
        imported_datetime.today().timestamp(),  # noqa: DTZ002
    ]


@pytest.mark.filterwarnings("ignore:datetime.datetime.utcnow:DeprecationWarning")
def test_every_clock_shows_virtual_time() -> None:
    """Clocks begin at 2024 or at 0 and go with trio's, also under names that were imported before."""
    now = EPOCH + dt.timedelta(seconds=1.5)
    assert simulate(_clocks).value == [
        now.timestamp(),
        int(now.timestamp() * 10) * 10**8,
        1.5,
        1_500_000_000,
        1.5,
        1_500_000_000,
        1.5,
        now.timestamp(),
        1.5,
        (2024, 1, 1, 0, 0, 1),
        now,
        now,
        now.timestamp(),
        now.replace(tzinfo=None),
        now.timestamp(),
    ]


def test_clocks_are_real_outside() -> None:
    """Outside a trial, and in other threads, every clock is what it was."""
    simulate(_clocks)
    before = time.monotonic()
    assert time.time() > EPOCH.timestamp() + 10**7
    assert dt.datetime.now(dt.UTC).year > 2024
    assert time.monotonic() >= before > 2

    class Stamp(dt.datetime):
        pass

    assert type(Stamp.now(dt.UTC)) is Stamp

    seen: list[float] = []
    asked = threading.Event()

    def look() -> None:
        asked.wait()
        seen.append(time.time())

    async def program() -> float:
        asked.set()
        thread.join()
        return seen[0]

    thread = threading.Thread(target=look)
    thread.start()
    assert simulate(program).value > EPOCH.timestamp() + 10**7


def test_a_blocking_sleep_takes_virtual_time_and_lets_nobody_run() -> None:
    """time.sleep passes time at once, inside one step, and timers that became due fire afterwards."""

    async def program() -> list[object]:
        log: list[object] = []

        async def other() -> None:
            await trio.sleep(1)
            log.append(("other", trio.current_time()))

        async with trio.open_nursery() as nursery:
            nursery.start_soon(other)
            await trio.lowlevel.checkpoint()
            time.sleep(5)  # noqa: ASYNC251
            log.append(("blocking", trio.current_time()))
        return log

    values = {tuple(trial.value) for trial in every_trial(program)}
    assert values == {(("blocking", 5.0), ("other", 5.0)), (("blocking", 5.0), ("other", 6.0))}
    with pytest.raises(ValueError, match="non-negative"):
        time.sleep(-1)


async def _randomness() -> list[Any]:
    shuffled = list(range(10))
    random.shuffle(shuffled)
    random.seed()
    own = random.Random()
    return [
        random.random(),
        random.randint(1, 10**9),
        shuffled,
        own.random(),
        random.Random(5).random(),
        random.SystemRandom().random(),
        secrets.token_hex(8),
        os.urandom(4),
        uuid.uuid4(),
        uuid.uuid1(),
        uuid.uuid1(),
        random.choice("abcdef"),
    ]


def test_randomness_is_the_same_in_every_trial() -> None:
    """Everything that looks random is determined, and still looks random."""
    first, second = simulate(_randomness).value, simulate(_randomness).value
    assert first == second
    assert len({str(value) for value in first}) == len(first)
    assert [value.version for value in first if isinstance(value, uuid.UUID)] == [4, 1, 1]


def test_randomness_of_the_caller_is_untouched() -> None:
    """A trial neither uses nor moves the caller's random numbers."""
    random.seed(7)
    expected = [random.random(), random.random()]
    random.seed(7)
    found = [random.random()]
    simulate(_randomness)
    found.append(random.random())
    assert found == expected
    assert uuid.uuid4() != uuid.uuid4()
    assert random.Random().random() != random.Random().random()
    assert os.urandom(8) != os.urandom(8)


def test_a_thread_calls_its_function_in_one_step_at_any_time() -> None:
    """to_thread is a task of one step: all its positions among the steps of others exist, and no real thread does."""

    async def program() -> tuple[int, ...]:
        log: list[int] = []

        def work() -> int:
            log.append(threading.get_native_id())
            log.append(0)
            return 42

        async def steps() -> None:
            for number in (1, 2, 3):
                log.append(number)
                await trio.lowlevel.checkpoint()

        async with trio.open_nursery() as nursery:
            nursery.start_soon(steps)
            assert await trio.to_thread.run_sync(work) == 42
        log.remove(threading.get_native_id())
        return tuple(log)

    assert {trial.value for trial in every_trial(program)} == {(0, 1, 2, 3), (1, 0, 2, 3), (1, 2, 0, 3), (1, 2, 3, 0)}


def test_a_threads_error_and_its_cancellation_arrive() -> None:
    """What a function raises is raised; an abandoned thread finishes alone."""

    async def program() -> list[str]:
        log: list[str] = []

        def fail() -> None:
            raise LookupError("in the thread")

        with pytest.raises(LookupError, match="in the thread"):
            await trio.to_thread.run_sync(fail)
        with trio.CancelScope() as scope:
            scope.cancel()
            await trio.to_thread.run_sync(log.append, "never")
        limiter = trio.CapacityLimiter(1)
        await trio.to_thread.run_sync(log.append, "once", limiter=limiter)
        assert limiter.borrowed_tokens == 0
        return log

    assert simulate(program).value == ["once"]


def test_a_thread_may_call_back_but_not_wait() -> None:
    """from_thread.run_sync calls its function; from_thread.run says what to do instead; check_cancelled works."""

    async def program() -> list[str]:
        log: list[str] = []

        def work() -> None:
            trio.from_thread.run_sync(log.append, "called back")
            if hasattr(trio.from_thread, "check_cancelled"):  # since trio 0.23
                trio.from_thread.check_cancelled()
            with pytest.raises(RealIO, match=r"from_thread\.run\(sleep\) waits .* Use trio\.from_thread\.run_sync"):
                trio.from_thread.run(trio.sleep, 1)

        await trio.to_thread.run_sync(work)
        with pytest.raises(RuntimeError, match="thread"):
            trio.from_thread.run_sync(print)
        return log

    assert simulate(program).value == ["called back"]


def test_a_thread_is_outside_of_trio() -> None:
    """As in a real thread, trio is not there, and is again when the thread calls back and when it has ended."""

    def there() -> tuple[bool, bool, bool]:
        return trio.lowlevel.in_trio_run(), trio.lowlevel.in_trio_task(), sniffio.thread_local.name == "trio"

    def work() -> list[tuple[bool, bool, bool]]:
        with pytest.raises(RuntimeError, match="must be called from async context"):
            trio.current_time()
        return [there(), trio.from_thread.run_sync(there), there()]

    async def program() -> list[tuple[bool, bool, bool]]:
        return [there(), *await trio.to_thread.run_sync(work), there()]

    inside, outside = (True,) * 3, (False,) * 3
    assert simulate(program).value == [inside, outside, inside, outside, inside]


def test_a_thread_has_an_id_of_its_own() -> None:
    """Code that guards what belongs to one thread sees that it is in another, and each simulated thread is the same one."""

    def work() -> tuple[int, bool]:
        return threading.get_ident(), threading.current_thread() is threading.main_thread()

    async def program() -> tuple[int, ...]:
        first, is_main = await trio.to_thread.run_sync(work)
        second, _ = await trio.to_thread.run_sync(work)
        assert not is_main
        called_back = await trio.to_thread.run_sync(lambda: trio.from_thread.run_sync(threading.get_ident))
        return first, second, called_back, threading.get_ident()

    first, second, called_back, outside = simulate(program).value
    assert first == second != outside
    assert called_back == outside == threading.get_ident()


def test_a_thread_knows_itself_and_nobody_else_does() -> None:
    """A log may ask for its name, which is the same in each trial; nothing of it is left in the list of threads."""

    def work() -> tuple[str, bool, bool]:
        thread = threading.current_thread()
        return thread.name, thread.ident == threading.get_ident(), thread.is_alive()

    async def program() -> list[tuple[str, bool, bool]]:
        return [await trio.to_thread.run_sync(work), await trio.to_thread.run_sync(lambda: trio.from_thread.run_sync(work))]

    before = simulate(trio.lowlevel.checkpoint) and threading.enumerate()
    assert simulate(program).value == [("simulated thread", True, True), (threading.current_thread().name, True, True)]
    assert threading.enumerate() == before


def test_a_workspace_notices_a_simulated_thread() -> None:
    """What belongs to trio's thread is guarded in a trial as it is outside."""

    async def agent(request: finale.Request, ctx: finale.RunContext) -> str:
        return "done"

    async def program() -> None:
        async with finale.open_workspace(agent) as ws:
            with pytest.raises(finale.WrongThread):
                await trio.to_thread.run_sync(lambda: ws.submit("hello", "s1"))
            await trio.to_thread.run_sync(lambda: trio.from_thread.run_sync(ws.submit, "hello", "s1"))

    trial = simulate(program)
    assert trial.ending is Ending.RETURNED, trial


async def _thread_object() -> None:
    threading.Thread(target=print).start()


async def _timer() -> None:
    threading.Timer(1, print).start()


async def _pool() -> None:
    with ThreadPoolExecutor() as pool:
        pool.submit(print)


async def _low_level_thread() -> None:
    _thread.start_new_thread(print, ())


async def _joinable_thread() -> None:
    _thread.start_joinable_thread(print)  # new in Python 3.13


async def _thread_of_a_thread() -> None:
    def work() -> None:
        threading.Thread(target=print).start()

    await trio.to_thread.run_sync(work)


@pytest.mark.parametrize(
    ("program", "call"),
    [
        (_thread_object, "threading.Thread.start"),
        (_timer, "threading.Thread.start"),
        (_pool, "threading.Thread.start"),
        (_low_level_thread, "_thread.start_new_thread"),
        (_thread_of_a_thread, "threading.Thread.start"),
        pytest.param(
            _joinable_thread,
            "_thread.start_joinable_thread",
            marks=pytest.mark.skipif(sys.version_info < (3, 13), reason="Python 3.13 has it first"),
        ),
    ],
)
def test_real_threads_are_refused(program: Program, call: str) -> None:
    """The error names the call, the user's line and trio's own threads, which are simulated. No thread is started."""
    simulate(trio.lowlevel.checkpoint)  # the first trial of a process starts a watchdog
    before = threading.active_count()
    error = simulate(program).error
    assert isinstance(error, RealIO)
    message = str(error)
    assert message.startswith(f"{call} starts a real thread, from {HERE}:")
    assert ".start()" in message or "_thread(print" in message or "pool.submit(print)" in message
    assert "Use trio.to_thread.run_sync" in message
    assert threading.active_count() == before


def test_real_threads_are_back_afterwards() -> None:
    """Outside a trial a thread starts, whatever a trial refused before."""
    simulate(_thread_object)
    seen: list[int] = []
    thread = threading.Thread(target=lambda: seen.append(threading.get_ident()))
    thread.start()
    thread.join()
    assert seen == [thread.ident]


def test_a_second_loop_is_refused() -> None:
    """trio.run in a simulated thread would wait for the real world; in a task it is trio's own error."""

    def work() -> None:
        trio.run(trio.sleep, 0)

    async def program() -> None:
        with pytest.raises(RuntimeError, match=r"from inside a run\(\)"):
            work()
        await trio.to_thread.run_sync(work)

    error = simulate(program).error
    assert isinstance(error, RealIO)
    assert f"from {HERE}:" in str(error)
    assert "in work: trio.run(trio.sleep, 0)" in str(error)


def test_files_are_real() -> None:
    """Files are the test's own business, and work through trio's threads."""

    async def program() -> bytes:
        async with await trio.open_file(__file__, "rb") as file:
            return await file.read(3)

    assert simulate(program).value == b'"""'


async def _connect() -> None:
    await trio.open_tcp_stream("127.0.0.1", 9)


async def _listen() -> None:
    await trio.open_tcp_listeners(0, host="127.0.0.1")


async def _resolve() -> None:
    await trio.socket.getaddrinfo("example.invalid", 80)


async def _wait() -> None:
    await trio.lowlevel.wait_readable(0)


async def _pair() -> None:
    left, right = trio.socket.socketpair()
    with left, right:
        await left.recv(1)


async def _process() -> None:
    await trio.run_process([sys.executable, "-c", ""])


async def _blocking_connect() -> None:
    with socket.socket() as plain:
        plain.connect(("127.0.0.1", 9))


async def _blocking_process() -> None:
    subprocess.run([sys.executable, "-c", ""], check=True)  # noqa: ASYNC221


async def _fork() -> None:
    os.fork()


@pytest.mark.parametrize(
    ("program", "call"),
    [
        (_connect, "trio.socket.socket"),
        (_listen, "trio.socket.socket"),
        (_resolve, "trio.socket.getaddrinfo"),
        (_wait, "trio.lowlevel.wait_readable"),
        (_pair, "trio.lowlevel.wait_readable"),
        (_process, "subprocess.Popen"),
        (_blocking_connect, "socket.connect"),
        (_blocking_process, "subprocess.Popen"),
        (_fork, "os.fork"),
    ],
)
def test_the_real_world_is_refused(program: Program, call: str) -> None:
    """The error names the call, the user's line and a remedy."""
    error = simulate(program).error
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    if not isinstance(error, RealIO) and error is not None:
        error = error.__cause__ or error.__context__
    assert isinstance(error, RealIO)
    message = str(error)
    assert message.startswith(call)
    assert f"{HERE}:" in message
    assert f"in {program.__name__}: " in message
    started = call.startswith(("subprocess", "os."))  # a process has no use for a network in memory
    assert ("stand-in for whatever starts the process" in message) is started
    assert ("finale_sim.network()" in message and "memory_stream_pair" in message) is not started


def test_a_fake_network_is_welcome() -> None:
    """The way that trio has of replacing sockets works in a trial."""

    class Factory(trio.abc.SocketFactory):
        def socket(self, *_: object, **__: object) -> Any:
            raise OSError("refused by the fake")

    async def program() -> None:
        trio.socket.set_custom_socket_factory(Factory())
        await _connect()

    assert isinstance(simulate(program).error, OSError)


def test_the_real_world_is_back_afterwards() -> None:
    """Sockets and processes work outside a trial."""
    simulate(_connect)
    left, right = socket.socketpair()
    with left, right:
        left.send(b"x")
        assert right.recv(1) == b"x"
    subprocess.run([sys.executable, "-c", ""], check=True)


def test_a_foreign_thread_may_not_call_in() -> None:
    """A real thread that calls into a trial gets an error that says how it should have been started."""
    errors: list[str] = []
    tokens: queue.SimpleQueue[trio.lowlevel.TrioToken] = queue.SimpleQueue()

    def intrude() -> None:
        try:
            tokens.get().run_sync_soon(print)
        except RealIO as error:
            errors.append(str(error))

    async def program() -> str:
        tokens.put(trio.lowlevel.current_trio_token())
        thread.join()
        return errors[0]

    thread = threading.Thread(target=intrude)
    thread.start()
    assert "trio.to_thread.run_sync" in simulate(program).value


def test_garbage_waits_for_the_end() -> None:
    """The collector doesn't run in a trial, and is as the caller left it afterwards."""

    async def program() -> bool:
        return gc.isenabled()

    assert simulate(program).value is False
    assert gc.isenabled()
    gc.disable()
    try:
        simulate(program)
        assert not gc.isenabled()
    finally:
        gc.enable()


def test_warnings_and_prints_are_left_alone(capsys: pytest.CaptureFixture[str]) -> None:
    """What the program prints is printed."""

    async def program() -> None:
        print("hello")

    assert simulate(program).ending is Ending.RETURNED
    assert capsys.readouterr().out == "hello\n"


def test_memory_streams_work() -> None:
    """In-memory streams are the stand-in that the errors recommend."""

    async def program() -> bytes:
        left, right = trio.testing.memory_stream_pair()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(left.send_all, b"hello")
            return bytes(await right.receive_some())

    assert {trial.value for trial in every_trial(program, limit=200)} == {b"hello"}
