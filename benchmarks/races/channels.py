"""Channels, alone and with cancellation: bug types of GoBench's GoKer (blocked senders, lost messages)."""

from math import inf

import trio
from trio.lowlevel import checkpoint

from races.threads import Program, started

__all__ = [
    "abandoned_sender",
    "cancelled_before_start",
    "cancelled_with_message",
    "closed_while_sending",
    "dropped_stop",
    "full_own_queue",
    "one_message_for_two",
    "unclosed_on_error",
]


def abandoned_sender(*, sound: bool = False) -> Program:
    """Who asked has given up; the worker, done at last, waits for ever to hand over its answer."""

    async def program() -> None:
        sending, receiving = trio.open_memory_channel[int](1 if sound else 0)
        scope = trio.CancelScope()

        async def ask() -> None:
            with scope:
                await receiving.receive()

        async def work() -> None:
            for _ in range(2):
                await checkpoint()
            await sending.send(42)
            scope.cancel()

        async def lose_patience() -> None:
            for _ in range(6):
                await checkpoint()
            scope.cancel()

        await started(ask, work, lose_patience)

    return program


def unclosed_on_error(*, sound: bool = False) -> Program:
    """A producer that is told to stop returns without closing its end, and the consumer waits for more."""

    async def program() -> None:
        sending, receiving = trio.open_memory_channel[int](5)
        stop = False

        async def produce() -> None:
            try:
                for item in range(3):
                    if stop:
                        return
                    await sending.send(item)
                sending.close()
            finally:
                if sound:
                    sending.close()

        async def consume() -> None:
            async for _ in receiving:
                await checkpoint()

        async def tell_to_stop() -> None:
            nonlocal stop
            for _ in range(4):
                await checkpoint()
            stop = True

        await started(produce, consume, tell_to_stop)

    return program


def one_message_for_two(*, sound: bool = False) -> Program:
    """"Done" is one message; the second of two who wait for it has looked whether it is needed too early."""

    async def program() -> None:
        sending, receiving = trio.open_memory_channel[None](1)
        finished = False

        async def wait() -> None:
            if not finished:
                await checkpoint()
                async for _ in receiving:
                    return

        async def finish() -> None:
            nonlocal finished
            finished = True
            if sound:
                sending.close()
            else:
                await sending.send(None)

        await started(finish, wait, wait)

    return program


def closed_while_sending(*, sound: bool = False) -> Program:
    """It sees that the channel is open, and sends a step later; another closes it in between."""

    async def program() -> None:
        sending, receiving = trio.open_memory_channel[int](5)
        is_open = True

        async def send() -> None:
            if not is_open:
                return
            await checkpoint()
            try:
                await sending.send(1)
            except trio.ClosedResourceError:
                if not sound:
                    raise

        async def close() -> None:
            nonlocal is_open
            await checkpoint()
            is_open = False
            sending.close()
            async for _ in receiving:
                pass

        await started(send, close)

    return program


def full_own_queue(*, sound: bool = False) -> Program:
    """A dispatcher queues follow-ups to itself. If outsiders have filled the queue by then, nobody is left to empty it."""

    async def program() -> None:
        sending, receiving = trio.open_memory_channel[str](inf if sound else 2)
        begun = trio.Event()

        async def dispatch() -> None:
            for _ in range(4):
                message = await receiving.receive()
                if message == "first":
                    begun.set()
                    await checkpoint()
                    await sending.send("follow-up")

        async def first() -> None:
            await sending.send("first")

        async def others() -> None:
            await begun.wait()
            for _ in range(2):
                await sending.send("other")

        await started(dispatch, first, others)

    return program


def cancelled_with_message(*, sound: bool = False) -> Program:
    """A worker has taken a message, and is cancelled before it has dealt with it."""

    async def program() -> None:
        sending, receiving = trio.open_memory_channel[int](5)
        scope = trio.CancelScope()
        handled: list[int] = []
        first = trio.Event()

        async def work() -> None:
            with scope:
                async for item in receiving:
                    with trio.CancelScope(shield=sound):
                        await checkpoint()
                    handled.append(item)
                    first.set()

        async def feed() -> None:
            for item in range(3):
                await sending.send(item)
            sending.close()

        async def stop() -> None:
            await first.wait()
            scope.cancel()

        await started(work, feed, stop)
        while True:
            try:
                handled.append(receiving.receive_nowait())
            except (trio.WouldBlock, trio.EndOfChannel):
                break
        assert handled == [0, 1, 2], f"of three messages these are left: {handled}"

    return program


def dropped_stop(*, sound: bool = False) -> Program:
    """"Stop" is offered to whoever listens at that moment, and dropped if the worker happens to be busy."""

    async def program() -> None:
        stopping, stopped = trio.open_memory_channel[None](1 if sound else 0)

        async def work() -> None:
            await checkpoint()
            await stopped.receive()

        async def stop() -> None:
            for _ in range(4):
                await checkpoint()
            try:
                stopping.send_nowait(None)
            except trio.WouldBlock:
                assert not sound

        await started(work, stop)

    return program


def cancelled_before_start(*, sound: bool = False) -> Program:
    """A cancel that comes before the work has made its scope finds nothing to cancel, and is forgotten."""

    async def program() -> None:
        scope = trio.CancelScope() if sound else None

        async def work() -> None:
            nonlocal scope
            await checkpoint()
            scope = scope or trio.CancelScope()
            with scope:
                await trio.sleep_forever()

        async def cancel() -> None:
            for _ in range(3):
                await checkpoint()
            if scope is not None:
                scope.cancel()

        await started(work, cancel)

    return program
