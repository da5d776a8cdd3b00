"""Sockets of the network in memory: what trio, anyio and httpx ask of a TCP socket."""

import errno
import os
import socket
from collections import deque
from collections.abc import Callable
from typing import Any, Protocol, Self

import trio

from finale_sim.net.weather import Weather
from finale_sim.net.wire import Wire

__all__ = ["Address", "Host", "Socket"]

_CLIENT = {"127.0.0.1": "127.0.0.1", "::1": "::1"}  # whom a server sees, by what was connected to
_OTHER = {socket.AF_INET: "198.51.100.1", socket.AF_INET6: "2001:db8::ffff"}  # from the blocks that are for examples

Address = tuple[Any, ...]
"""(host, port), for IPv6 with two numbers more."""


class Host(Protocol):
    """What a socket needs of its network."""

    weather: Weather
    buffer_size: int

    def number(self) -> int:
        """The next file number."""

    def bind(self, sock: "Socket", address: Address) -> Address:
        """The address that the socket gets; port 0 becomes a free one."""

    def listen(self, sock: "Socket") -> None:
        """From now on the socket is connected to."""

    def find(self, address: Address) -> "Socket | None":
        """Who listens there."""

    def forget(self, sock: "Socket") -> None:
        """The socket is closed."""


class Socket(trio.socket.SocketType):
    """A TCP socket. Options can be set and do nothing. Every async method is a checkpoint."""

    def __init__(self, host: Host, family: int, kind: int, proto: int) -> None:
        self._host = host
        self._number = host.number()
        self._family = socket.AddressFamily(family)
        self._kind = socket.SocketKind(kind)
        self._proto = proto
        self._closed = False
        self._shut = False
        self._name: Address = ("::", 0, 0, 0) if family == socket.AF_INET6 else ("0.0.0.0", 0)  # noqa: S104  # nothing is real
        self._peer: Address | None = None
        self._backlog: deque[Socket] | None = None  # of a listening socket
        self._limit = 0
        self._in: Wire | None = None
        self._out: Wire | None = None
        self._changed = trio.lowlevel.ParkingLot()

    # ── what it is

    @property
    def _sock(self) -> Self:
        return self  # anyio asks trio's sockets for the one of the standard library that is in them

    @property
    def family(self) -> socket.AddressFamily:
        return self._family

    @property
    def type(self) -> socket.SocketKind:
        return self._kind

    @property
    def proto(self) -> int:
        return self._proto

    @property
    def did_shutdown_SHUT_WR(self) -> bool:  # noqa: N802  # trio's name
        return self._shut

    def fileno(self) -> int:
        return -1 if self._closed else self._number

    def getsockname(self) -> Address:
        return self._name

    def getpeername(self) -> Address:
        if self._peer is None:
            raise _os_error(errno.ENOTCONN)
        return self._peer

    def getsockopt(self, level: int, optname: int, buflen: int | None = None) -> Any:
        if (level, optname) == (socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
            return int(self._backlog is not None)
        return 0 if buflen is None else bytes(buflen)

    def setsockopt(self, level: int, optname: int, value: Any, optlen: int | None = None) -> None:
        self._check_open()

    def is_readable(self) -> bool:
        return self._in is not None and self._in.readable

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<socket in memory {self._name}{f' to {self._peer}' if self._peer else ''}{', closed' if self._closed else ''}>"

    # ── servers

    async def bind(self, address: Any) -> None:
        await trio.lowlevel.checkpoint()
        self._check_open()
        self._name = self._host.bind(self, address)

    def listen(self, backlog: int = 128) -> None:
        self._check_open()
        self._backlog, self._limit = deque(), backlog
        self._host.listen(self)

    async def accept(self) -> "tuple[Socket, Address]":
        await trio.lowlevel.checkpoint()
        if self._backlog is None:
            raise _os_error(errno.EINVAL)
        while not self._backlog:
            self._check_open()
            await self._changed.park()
            self._check_still_open()
        connection = self._backlog.popleft()
        self._changed.unpark_all()
        return connection, connection.getpeername()

    # ── clients

    async def connect(self, address: Any) -> None:
        await trio.lowlevel.checkpoint()
        self._check_open()
        what, weather = f"connect to {address[0]}:{address[1]}", self._host.weather
        if late_s := weather.late_s(what):
            await trio.sleep(late_s)
        if weather.strikes("silent", what):
            await trio.sleep_forever()
        while (listener := self._host.find(address)) is not None and listener.is_full:
            await listener.until_changed()
        if listener is None or weather.strikes("refuse", what):
            raise ConnectionRefusedError(errno.ECONNREFUSED, f"{os.strerror(errno.ECONNREFUSED)}: {address[0]}:{address[1]}")
        self._check_still_open()
        if not self._name[1]:
            self._name = self._host.bind(self, (_CLIENT.get(address[0], _OTHER[self._family]), 0, *address[2:]))
        listener.take(self, address)
        await trio.lowlevel.cancel_shielded_checkpoint()  # what is established is told, whatever happens meanwhile

    @property
    def is_full(self) -> bool:
        """Whether as many connections wait to be accepted as it allows."""
        return self._backlog is not None and len(self._backlog) >= max(self._limit, 1)

    async def until_changed(self) -> None:
        """Sleep until a connection is accepted, or the socket is closed."""
        await self._changed.park()

    def take(self, client: "Socket", address: Address) -> None:
        """Somebody connects: the other end waits to be accepted."""
        assert self._backlog is not None, "only a listening socket is found"
        end = Socket(self._host, self._family, self._kind, self._proto)
        there, back = _name(client.getsockname()), _name(address)
        wires = [Wire(name, self._host.weather, self._host.buffer_size) for name in (f"{there} to {back}", f"{back} to {there}")]
        client._join(address, out=wires[0], into=wires[1])  # noqa: SLF001  # both ends of a connection are of this class
        end._name = address
        end._join(client.getsockname(), out=wires[1], into=wires[0])
        self._backlog.append(end)
        self._changed.unpark_all()

    def _join(self, peer: Address, *, out: Wire, into: Wire) -> None:
        self._peer, self._out, self._in = peer, out, into

    # ── both

    async def send(self, data: Any, flags: int = 0, /) -> int:
        await trio.lowlevel.checkpoint()
        wire = self._connected(self._out)
        if self._shut:
            raise _os_error(errno.EPIPE)
        if self._host.weather.strikes("reset", wire.name):
            self._reset()
        while not wire.writable:
            await wire.until_writable()
            self._check_still_open()
        if wire.broken:
            raise _os_error(errno.EPIPE)
        if wire.deserted:  # the first answer to a closed end is a reset, which comes too late for this send
            self._reset()
            return len(data)
        return wire.send(bytes(data))

    async def recv(self, buflen: int, flags: int = 0, /) -> bytes:
        await trio.lowlevel.checkpoint()
        wire = self._connected(self._in)
        while not wire.readable:
            await wire.until_readable()
            self._check_still_open()
        if wire.broken:
            raise _os_error(errno.ECONNRESET)
        return wire.receive(buflen)

    async def recv_into(self, buffer: Any, nbytes: int = 0, flags: int = 0) -> int:
        data = await self.recv(nbytes or len(buffer))
        memoryview(buffer)[: len(data)] = data
        return len(data)

    async def wait_writable(self) -> None:
        await trio.lowlevel.checkpoint()
        wire = self._connected(self._out)
        while not wire.writable:
            await wire.until_writable()
            self._check_still_open()

    def shutdown(self, how: int) -> None:
        wire = self._connected(self._out)
        if how in (socket.SHUT_WR, socket.SHUT_RDWR) and not self._shut:
            self._shut = True
            wire.end()

    def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        self._host.forget(self)
        for end in self._backlog or ():
            end._reset()  # noqa: SLF001  # nobody will accept it
        if self._out is not None and self._in is not None:
            if not self._shut:
                self._out.end()
            self._in.deserted = True
            self._in.wake()
            self._out.wake()
        self._changed.unpark_all()

    def _reset(self) -> None:
        for wire in (self._in, self._out):
            if wire is not None:
                wire.broken = True
                wire.wake()

    def _connected(self, wire: Wire | None) -> Wire:
        self._check_open()
        if wire is None:
            raise _os_error(errno.ENOTCONN)
        return wire

    def _check_open(self) -> None:
        if self._closed:
            raise _os_error(errno.EBADF)

    def _check_still_open(self) -> None:
        if self._closed:
            raise trio.ClosedResourceError("another task closed this socket")


def _os_error(number: int, make: Callable[[int, str], OSError] = OSError) -> OSError:
    return make(number, os.strerror(number))


def _name(address: Address) -> str:
    return f"{address[0]}:{address[1]}"
