"""Sockets and processes: refused. A trial can neither repeat what the real world answers nor wait for it."""

import os
import socket
import subprocess
from collections.abc import Callable, Iterator
from functools import wraps
from typing import Any, NoReturn

import trio

from finale_sim.kernel.context import here
from finale_sim.kernel.parts.standins import refusal

__all__ = ["cut_off", "table"]

_SOCKET_METHODS = ("accept", "bind", "connect", "connect_ex", "listen", "sendto")
_OS_FUNCTIONS = ("fork", "forkpty", "popen", "posix_spawn", "posix_spawnp", "spawnv", "spawnve", "spawnvp", "system")


def table() -> Iterator[tuple[Any, str, Callable[..., Any]]]:
    """What to replace: owner, name, replacement."""
    for name in _SOCKET_METHODS:
        yield socket.socket, name, _refused(f"socket.{name}", getattr(socket.socket, name))
    yield subprocess.Popen, "__init__", _refused("subprocess.Popen", subprocess.Popen.__init__)
    for name in _OS_FUNCTIONS:
        if hasattr(os, name):
            yield os, name, _refused(f"os.{name}", getattr(os, name))


def _refused(call: str, original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    def function(*args: Any, **kwargs: Any) -> Any:
        if here.trial is not None:
            raise refusal(call)
        return original(*args, **kwargs)

    return function


class _NoNetwork(trio.abc.SocketFactory, trio.abc.HostnameResolver):
    """What a trial's ``trio.socket`` uses until the program sets something else."""

    def socket(self, *_: object, **__: object) -> NoReturn:
        raise refusal("trio.socket.socket")

    async def getaddrinfo(self, *_: object, **__: object) -> NoReturn:
        raise refusal("trio.socket.getaddrinfo")

    async def getnameinfo(self, *_: object, **__: object) -> NoReturn:
        raise refusal("trio.socket.getnameinfo")


_no_network: dict[Any, Any] = {}


def cut_off(variables: dict[Any, Any]) -> None:
    """Leave the loop that is about to start, whose run variables these are, without a network.

    How trio says so is found out once: to let it be said is a twentieth of a short trial.
    """
    if not _no_network:
        nothing = _NoNetwork()
        trio.socket.set_custom_socket_factory(nothing)
        trio.socket.set_custom_hostname_resolver(nothing)
        _no_network.update(variables)
    variables.update(_no_network)
