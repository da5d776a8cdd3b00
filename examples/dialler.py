"""Happy eyeballs over the network in memory: connect to the first of several addresses that answers.

    finale-sim explore examples/dialler.py:trio_dials           # trio's own
    finale-sim explore examples/dialler.py:two_winners          # one that forgets a connection; its twin does not

What must hold: whoever dials ends up with one connection that works, and nobody else keeps one open.
"""

from collections.abc import Awaitable, Callable

import trio

import finale_sim

__all__ = ["trio_dials", "two_winners", "two_winners_fixed"]

HOST = {"example.org": ("2001:db8::1", "192.0.2.1")}
Dial = Callable[[str, int], Awaitable[trio.abc.Stream]]


async def _dialled_with(dial: Dial) -> None:
    """A server at both addresses. Connecting may take long, or be refused."""
    open_connections = 0

    async def serve(stream: trio.SocketStream) -> None:
        nonlocal open_connections
        open_connections += 1
        async with stream:
            async for data in stream:
                await stream.send_all(data.upper())
        open_connections -= 1

    with finale_sim.network(hosts=HOST, latency_s=(0.3, 60)):
        async with trio.open_nursery() as nursery:
            listeners = [await trio.open_tcp_listeners(80, host=address) for address in HOST["example.org"]]
            await nursery.start(trio.serve_listeners, serve, [listener for group in listeners for listener in group])
            async with await dial("example.org", 80) as stream:
                await trio.sleep(1000)  # by now the slowest attempt has come to its end
                assert open_connections <= 1, f"{open_connections} connections for one caller"
                await stream.send_all(b"hello")
                assert await stream.receive_some() == b"HELLO"
            nursery.cancel_scope.cancel()


async def trio_dials() -> None:
    """``trio.open_tcp_stream``, as it is."""
    await _dialled_with(trio.open_tcp_stream)


async def two_winners() -> None:
    """All at once, and the first that is through wins. One that is through a moment later is forgotten, and stays open."""

    async def dial(host: str, port: int) -> trio.abc.Stream:
        winner: trio.SocketStream | None = None

        async def attempt(nursery: trio.Nursery, family: int, address: tuple[str, int]) -> None:
            nonlocal winner
            sock = trio.socket.socket(family, trio.socket.SOCK_STREAM)
            await sock.connect(address)
            winner = trio.SocketStream(sock)
            nursery.cancel_scope.cancel()

        async with trio.open_nursery() as nursery:
            for family, *_, address in await trio.socket.getaddrinfo(host, port, type=trio.socket.SOCK_STREAM):
                nursery.start_soon(attempt, nursery, family, address)
        assert winner is not None
        return winner

    await _dialled_with(dial)


async def two_winners_fixed() -> None:
    """Whoever comes second, or is cancelled on the way, closes its own socket."""

    async def dial(host: str, port: int) -> trio.abc.Stream:
        winner: trio.SocketStream | None = None

        async def attempt(nursery: trio.Nursery, family: int, address: tuple[str, int]) -> None:
            nonlocal winner
            sock = trio.socket.socket(family, trio.socket.SOCK_STREAM)
            try:
                await sock.connect(address)
                if winner is None:
                    winner = trio.SocketStream(sock)
                    nursery.cancel_scope.cancel()
            finally:
                if winner is None or winner.socket is not sock:
                    sock.close()

        async with trio.open_nursery() as nursery:
            for family, *_, address in await trio.socket.getaddrinfo(host, port, type=trio.socket.SOCK_STREAM):
                nursery.start_soon(attempt, nursery, family, address)
        assert winner is not None
        return winner

    await _dialled_with(dial)
