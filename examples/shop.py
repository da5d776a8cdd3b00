"""httpx against a small Starlette application, both unmodified, over the network in memory.

    finale-sim explore examples/shop.py:last_item

What must hold: the last item is sold once.
"""

import ssl
from collections.abc import Awaitable, Callable, MutableMapping
from functools import partial
from typing import Any

import anyio
import h11
import httpx
import trio
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

import finale_sim

__all__ = ["last_item", "last_item_fixed"]

_TLS = ssl.create_default_context()  # one for all trials: it takes longer to make than a trial

Message = MutableMapping[str, Any]


def _shop(lock: anyio.Lock | None) -> Starlette:
    """A shop with one item left. Without a lock, two customers may both have seen it."""
    stock = 1

    async def sell() -> PlainTextResponse:
        nonlocal stock
        seen = stock
        await anyio.sleep(0.01)  # say, a database
        if not seen:
            return PlainTextResponse("sold out", status_code=409)
        stock = seen - 1
        return PlainTextResponse("sold")

    async def buy(_: Request) -> PlainTextResponse:
        if lock is None:
            return await sell()
        async with lock:
            return await sell()

    return Starlette(routes=[Route("/buy", buy, methods=["POST"])])


async def _business(lock: anyio.Lock | None) -> None:
    bought: list[int] = []

    async def customer(pause_s: float) -> None:
        await trio.sleep(pause_s)
        async with httpx.AsyncClient(verify=_TLS) as client:
            bought.append((await client.post("http://shop.example/buy")).status_code)

    with finale_sim.network(hosts={"shop.example": ("192.0.2.1",)}, latency_s=(1.0,)):
        async with trio.open_nursery() as nursery:
            listeners = await trio.open_tcp_listeners(80, host="192.0.2.1")
            nursery.start_soon(partial(trio.serve_listeners, partial(_serve, _shop(lock)), listeners))
            async with trio.open_nursery() as customers:
                customers.start_soon(customer, 0)
                customers.start_soon(customer, 1.0)
            nursery.cancel_scope.cancel()
    assert sorted(bought) == [200, 409], bought


async def last_item() -> None:
    """Between looking and selling there is an await. A second apart nobody notices, unless the network is late."""
    await _business(None)


async def last_item_fixed() -> None:
    """One customer at a time."""
    await _business(anyio.Lock())


async def _serve(app: Callable[..., Awaitable[None]], stream: trio.SocketStream) -> None:
    """The least of an HTTP/1.1 server for ASGI applications: one request for each connection."""
    connection = h11.Connection(h11.SERVER)

    async def next_event() -> Any:
        while (event := connection.next_event()) is h11.NEED_DATA:
            connection.receive_data(await stream.receive_some())
        return event

    async def receive() -> Message:
        event = await next_event()
        return {"type": "http.request", "body": bytes(getattr(event, "data", b"")), "more_body": isinstance(event, h11.Data)}

    async def send(message: Message) -> None:
        events: list[Any]
        if message["type"] == "http.response.start":
            headers = [*message["headers"], (b"connection", b"close")]
            events = [h11.Response(status_code=message["status"], headers=headers)]
        else:
            events = [h11.Data(data=message["body"]), *([] if message.get("more_body") else [h11.EndOfMessage()])]
        for event in events:
            await stream.send_all(connection.send(event) or b"")

    async with stream:
        request = await next_event()
        path, _, query = request.target.partition(b"?")
        scope = {
            "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "scheme": "http", "root_path": "",
            "method": request.method.decode(), "path": path.decode(), "raw_path": path, "query_string": query,
            "headers": list(request.headers), "server": ("shop.example", 80), "client": ("192.0.2.9", 1),
        }  # fmt: skip
        await app(scope, receive, send)
