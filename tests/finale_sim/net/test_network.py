"""The network in memory behaves like TCP, under trio's own streams and under anyio; what goes wrong is a choice."""

import errno
import socket
from collections.abc import Callable
from functools import partial
from typing import Any

import anyio
import pytest
import trio
import trio.testing

import finale_sim
from finale_sim import RealIO, network
from finale_sim.choices import Kind, Site
from finale_sim.kernel import Ending, simulate


async def echo(stream: trio.SocketStream) -> None:
    async for data in stream:
        await stream.send_all(data)


def striking(*labels: str) -> Callable[[Site, int], int]:
    """The first option of each choice whose label begins so."""
    return lambda site, options: int(site.label.startswith(labels))


async def with_server(client: Callable[[int], Any], serve: Callable[[Any], Any] = echo, **options: Any) -> Any:
    with network(**options):
        async with trio.open_nursery() as nursery:
            listeners = await nursery.start(partial(trio.serve_tcp, serve, 0, host="127.0.0.1"))
            value = await client(listeners[0].socket.getsockname()[1])
            nursery.cancel_scope.cancel()
    return value


def test_what_is_sent_arrives_in_order_and_ends() -> None:
    """More than the buffer holds, both ways at once; half-closing ends one direction only."""
    sent = bytes(range(256)) * 1000

    async def client(port: int) -> bytes:
        received = b""
        async with await trio.open_tcp_stream("localhost", port) as stream, trio.open_nursery() as nursery:

            async def send() -> None:
                await stream.send_all(sent)
                await stream.send_eof()

            nursery.start_soon(send)
            async for data in stream:
                received += data
        return received

    assert simulate(with_server, client).value == sent
    assert trio.run(with_server, client) == sent, "outside of a trial it is the same network"


def test_a_full_buffer_holds_the_sender_up() -> None:
    """Nobody reads, so after the buffer's size the sender waits; that is a deadlock, told with its place."""

    async def never_reads(stream: trio.SocketStream) -> None:
        await trio.Event().wait()

    async def client(port: int) -> None:
        stream = await trio.open_tcp_stream("localhost", port)
        await stream.send_all(b"x" * 100)
        await stream.send_all(b"x")

    async def program() -> None:
        await with_server(client, never_reads, buffer_size=100)

    trial = simulate(program)
    assert trial.ending is Ending.DEADLOCKED
    assert any('send_all(b"x")' in line for task in trial.deadlock for line in task.stack)


def test_where_nobody_listens_the_connection_is_refused() -> None:
    """The error is that of the real network, with the address; an unknown name is told with the ones there are."""

    async def refused() -> None:
        with network(hosts={"shop": ("192.0.2.1",)}):
            with pytest.raises(OSError, match="all attempts to connect to shop:80 failed") as caught:
                await trio.open_tcp_stream("shop", 80)
            refusal = caught.value.__cause__
            refusal = refusal.exceptions[0] if isinstance(refusal, BaseExceptionGroup) else refusal
            assert isinstance(refusal, ConnectionRefusedError)
            assert refusal.errno == errno.ECONNREFUSED
            assert "192.0.2.1:80" in str(refusal)
            with pytest.raises(socket.gaierror, match=r"no host 'shpo' in .*; network\(hosts=…\) has: localhost, shop"):
                await trio.open_tcp_stream("shpo", 80)

    assert simulate(refused).ending is Ending.RETURNED


@pytest.mark.parametrize(
    ("faults", "label", "wanted"),
    [
        (("reset",), "reset: 127.0.0.1:49153 to", trio.BrokenResourceError),
        (("refuse",), "refuse", OSError),
        (("half-open",), "half-open: 127.0.0.1:49153 to", trio.TooSlowError),
        (("half-open",), "half-open: 127.0.0.1:49152 to", trio.TooSlowError),
        (("silent",), "silent", trio.TooSlowError),
    ],
)
def test_each_fault_is_seen_as_on_a_real_network(faults: tuple[str, ...], label: str, wanted: type[Exception]) -> None:
    """And only where it was chosen: without it the same program gets its answer."""

    async def client(port: int) -> bytes:
        with trio.fail_after(30):
            async with await trio.open_tcp_stream("127.0.0.1", port) as stream:
                await stream.send_all(b"hello")
                return await stream.receive_some()

    async def program() -> bytes:
        answer: bytes = await with_server(client, faults=faults)
        return answer

    assert simulate(program).value == b"hello"
    trial = simulate(program, decide=striking(label))
    error: BaseException | None = trial.error
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    assert isinstance(error, wanted)


def test_data_may_come_in_pieces_and_late() -> None:
    """Split: one byte at a time. Latency: in virtual time, and never out of order."""

    async def client(port: int) -> tuple[list[bytes], float]:
        async with await trio.open_tcp_stream("127.0.0.1", port) as stream:
            await stream.send_all(b"abc")
            pieces: list[bytes] = []
            while sum(map(len, pieces)) < 3:
                pieces.append(await stream.receive_some())
            return pieces, trio.current_time()

    async def program() -> Any:
        return await with_server(client, faults=("split",), latency_s=(7.0,))

    assert simulate(program).value == ([b"abc"], 0.0)
    assert simulate(program, decide=striking("split: 127.0.0.1:49152 to")).value == ([b"a", b"b", b"c"], 0.0)
    assert simulate(program, decide=striking("latency of 127.0.0.1:49153")).value == ([b"abc"], 7.0)


def test_a_closed_peer_ends_reading_and_breaks_writing() -> None:
    """The first send goes out, as it does in the real world; the reset that it causes breaks what follows."""

    async def hangs_up(stream: trio.SocketStream) -> None:
        await stream.aclose()

    async def client(port: int) -> str:
        stream = await trio.open_tcp_stream("127.0.0.1", port)
        assert await stream.receive_some() == b""
        await stream.send_all(b"anybody there?")
        with pytest.raises(trio.BrokenResourceError):
            await stream.send_all(b"hello?")
        await stream.aclose()
        with pytest.raises(trio.ClosedResourceError):
            await stream.receive_some()
        return "seen"

    assert simulate(with_server, client, hangs_up).value == "seen"


def test_closing_wakes_whoever_waits_in_the_same_socket() -> None:
    """A receiver, and a listener."""

    async def program() -> int:
        woken = 0

        async def expect_closed(wait: Callable[[], Any]) -> None:
            nonlocal woken
            with pytest.raises(trio.ClosedResourceError):
                await wait()
            woken += 1

        with network():
            (listener,) = await trio.open_tcp_listeners(80, host="127.0.0.1")
            stream = await trio.open_tcp_stream("127.0.0.1", 80)
            server = await listener.accept()
            async with trio.open_nursery() as nursery:
                nursery.start_soon(expect_closed, stream.receive_some)
                nursery.start_soon(expect_closed, listener.accept)
                await trio.testing.wait_all_tasks_blocked()
                await stream.aclose()
                await listener.aclose()
            await server.aclose()
        return woken

    assert simulate(program).value == 2


def test_an_address_is_free_again_when_its_listener_is_closed() -> None:
    """And taken as long as it is open."""

    async def program() -> None:
        with network():
            (first,) = await trio.open_tcp_listeners(80, host="127.0.0.1")
            with pytest.raises(OSError, match=r"127\.0\.0\.1:80"):
                await trio.open_tcp_listeners(80, host="127.0.0.1")
            await first.aclose()
            (second,) = await trio.open_tcp_listeners(80, host="127.0.0.1")
            await second.aclose()

    assert simulate(program).ending is Ending.RETURNED


def test_a_thousand_connections_at_once() -> None:
    """Each gets its own answer, and two such trials are equal."""

    async def client(port: int) -> int:
        answers: set[bytes] = set()

        async def one(number: int) -> None:
            async with await trio.open_tcp_stream("127.0.0.1", port) as stream:
                await stream.send_all(b"%d" % number)
                answers.add(await stream.receive_some())

        async with trio.open_nursery() as nursery:
            for number in range(1000):
                nursery.start_soon(one, number)
        return len(answers)

    trials = [simulate(with_server, client) for _ in range(2)]
    assert [trial.value for trial in trials] == [1000, 1000]
    assert trials[0].digest == trials[1].digest


def test_anyio_works_unchanged() -> None:
    """Its task groups, streams, locks, threads and TCP connections, on trio in a trial."""

    async def program() -> tuple[bytes, int, int]:
        async with anyio.create_task_group() as group:
            with network():
                await group.start(partial(trio.serve_tcp, echo, 5000, host="127.0.0.1"))
                async with await anyio.connect_tcp("127.0.0.1", 5000) as stream:
                    await stream.send(b"hello")
                    answer = await stream.receive()
                send, receive = anyio.create_memory_object_stream[int](1)
                async with send, receive, anyio.Lock():
                    await send.send(3)
                    number = await receive.receive()
                group.cancel_scope.cancel()
        return answer, number, await anyio.to_thread.run_sync(lambda: 5)

    assert simulate(program).value == (b"hello", 3, 5)
    assert finale_sim.explore(program, trials=150).verdict.exit_code == 0


def test_beyond_the_block_sockets_are_refused_again() -> None:
    """The network is there for its block; nothing else is."""

    async def program() -> None:
        with network():
            trio.socket.socket()
        with pytest.raises(RealIO):
            trio.socket.socket()

    assert simulate(program).ending is Ending.RETURNED


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"faults": ("rest",)}, "there is no network fault 'rest'; there are: refuse, silent, reset, half-open, split"),
        ({"latency_s": (0.0,)}, "a latency is 0.0; it is a number of seconds above 0"),
    ],
)
def test_wrong_options_are_refused(options: dict[str, Any], says: str) -> None:
    """Before anything is opened."""
    with pytest.raises(ValueError, match=says), network(**options):
        pass


def test_on_a_fine_day_nothing_is_asked() -> None:
    """Without options, the network asks no choices of its own."""

    async def client(port: int) -> None:
        await (await trio.open_tcp_stream("127.0.0.1", port)).aclose()

    assert {choice.site.kind for choice in simulate(with_server, client).choices} <= {Kind.SCHEDULE, Kind.TIE}
