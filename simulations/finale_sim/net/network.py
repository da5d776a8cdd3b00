"""The network: who listens where, which names there are, and the door through which trio comes in."""

import errno
import os
import socket
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from ipaddress import ip_address
from itertools import count
from typing import Any

import trio

from finale_sim.net.sockets import Address, Socket
from finale_sim.net.weather import Weather

__all__ = ["Network", "network"]

_FIRST_FREE_PORT = 49152
_ANYWHERE = ("0.0.0.0", "::")  # noqa: S104  # an address, nothing is bound to it
_LOOPBACK = ("127.0.0.1",)


class Network(trio.abc.SocketFactory, trio.abc.HostnameResolver):
    """See ``network``."""

    def __init__(self, weather: Weather, hosts: Mapping[str, Sequence[str]], buffer_size: int) -> None:
        self.weather = weather
        self.buffer_size = buffer_size
        self._hosts = {"localhost": _LOOPBACK, **hosts}
        self._listening: dict[Address, Socket] = {}
        self._ports = count(_FIRST_FREE_PORT)
        self._numbers = count(1)

    # ── for trio

    def socket(self, family: int = socket.AF_INET, type: int = socket.SOCK_STREAM, proto: int = 0) -> Socket:  # noqa: A002  # as the standard library calls it
        """A socket of this network."""
        if type != socket.SOCK_STREAM or family not in (socket.AF_INET, socket.AF_INET6):
            raise OSError(errno.EAFNOSUPPORT, f"the network in memory has TCP over IP only, not family {family}, type {type}")
        return Socket(self, family, type, proto)

    async def getaddrinfo(
        self,
        host: Any,
        port: Any,
        family: int = 0,
        type: int = 0,  # noqa: A002  # as the standard library calls it
        proto: int = 0,
        flags: int = 0,
    ) -> list[Any]:
        """The addresses of a name that was given to ``network(hosts=…)``, in that order."""
        await trio.lowlevel.checkpoint()
        name = host.decode("ascii") if isinstance(host, bytes) else host
        if name not in self._hosts:
            known = ", ".join(self._hosts)
            raise socket.gaierror(socket.EAI_NONAME, f"no host {name!r} in the network in memory; network(hosts=…) has: {known}")
        found = [(_family(address), address) for address in self._hosts[name]]
        found = [(kind, address) for kind, address in found if family in (0, kind)]
        tail: dict[int, tuple[int, ...]] = {socket.AF_INET: (), socket.AF_INET6: (0, 0)}
        return [
            (kind, socket.SOCK_STREAM, proto or socket.IPPROTO_TCP, "", (address, int(port or 0), *tail[kind]))
            for kind, address in found
        ]

    async def getnameinfo(self, sockaddr: Any, flags: int) -> tuple[str, str]:
        """The address itself: nobody asks for names of addresses."""
        await trio.lowlevel.checkpoint()
        return str(sockaddr[0]), str(sockaddr[1])

    # ── for sockets

    def number(self) -> int:
        """The next file number: unlike that of a real file, nobody else can do anything with it."""
        return next(self._numbers)

    def bind(self, sock: Socket, address: Address) -> Address:
        """The address that the socket gets; port 0 becomes a free one."""
        host, port, *rest = address
        if (host, port) in self._listening:
            raise OSError(errno.EADDRINUSE, f"{os.strerror(errno.EADDRINUSE)}: {host}:{port}")
        return (host, port or next(self._ports), *rest)

    def listen(self, sock: Socket) -> None:
        """From now on the socket is connected to."""
        self._listening[sock.getsockname()[:2]] = sock

    def find(self, address: Address) -> Socket | None:
        """Who listens there: at that address, or at all of them."""
        host, port = address[:2]
        return next((self._listening[at, port] for at in (host, *_ANYWHERE) if (at, port) in self._listening), None)

    def forget(self, sock: Socket) -> None:
        """The socket is closed."""
        if self._listening.get(at := sock.getsockname()[:2]) is sock:
            del self._listening[at]


@contextmanager
def network(
    *,
    latency_s: Sequence[float] = (),
    faults: Collection[str] = (),
    hosts: Mapping[str, Sequence[str]] | None = None,
    buffer_size: int = 65_536,
) -> Iterator[Network]:
    """Give the program a TCP network of its own, in memory, as long as the block goes on.

    Whatever goes through ``trio.socket`` meets it: streams and listeners of trio, anyio on trio, httpx, servers on trio streams.
    In a trial, what the network does is a choice, of which the first is always that all is well. Outside of a trial, all is.

    Args:
        latency_s: how late a connection or a piece of data may arrive, in virtual seconds; each is one option.
        faults: what may go wrong; keys of ``FAULTS``: "refuse", "silent", "reset", "half-open", "split".
        hosts: name → its addresses, in the order in which they are found. ``localhost`` is there, and all numeric addresses are.
        buffer_size: bytes that one direction of a connection holds before its sender has to wait.

    Raises:
        ValueError: there is no such fault, or a latency is not above 0.
    """
    net = Network(Weather(latency_s, faults), hosts or {}, buffer_size)
    factory, resolver = trio.socket.set_custom_socket_factory(net), trio.socket.set_custom_hostname_resolver(net)
    try:
        yield net
    finally:
        trio.socket.set_custom_socket_factory(factory)
        trio.socket.set_custom_hostname_resolver(resolver)


def _family(address: str) -> int:
    return socket.AF_INET6 if ip_address(address).version == 6 else socket.AF_INET
