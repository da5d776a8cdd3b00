"""An actor with a request channel: one task owns the state, others ask it and wait for the answer.

    finale-sim explore examples/actor.py:impatient_caller

What must hold: a caller that gives up takes nobody with it, and the others get their answers.
"""

from collections.abc import Awaitable, Callable
from contextlib import suppress

import trio

__all__ = ["impatient_caller", "impatient_caller_fixed"]

Request = tuple[str, trio.MemorySendChannel[str]]
Answer = Callable[[trio.MemorySendChannel[str], str], Awaitable[None]]


async def _ask(actor: trio.MemorySendChannel[Request], question: str) -> str:
    send, receive = trio.open_memory_channel[str](0)
    async with receive:
        await actor.send((question, send))
        return await receive.receive()


async def _play(answer: Answer) -> None:
    """One caller has two seconds, which is as long as the actor needs; the other one has all the time in the world."""
    requests, inbox = trio.open_memory_channel[Request](0)
    answers: list[str] = []

    async def actor() -> None:
        async with inbox:
            async for question, reply in inbox:
                await trio.sleep(2)  # it thinks
                await answer(reply, question.upper())

    async def impatient() -> None:
        with trio.move_on_after(2):
            await _ask(requests, "now")

    async def patient() -> None:
        answers.append(await _ask(requests, "whenever"))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(actor)
        async with requests, trio.open_nursery() as callers:
            callers.start_soon(impatient)
            callers.start_soon(patient)
    assert answers == ["WHENEVER"]


async def impatient_caller() -> None:
    """The answer is sent to whoever asked. If that one has just given up, the actor dies of it, and all who wait with it."""

    async def answer(reply: trio.MemorySendChannel[str], text: str) -> None:
        await reply.send(text)

    await _play(answer)


async def impatient_caller_fixed() -> None:
    """That nobody listens any more is no error of the actor's."""

    async def answer(reply: trio.MemorySendChannel[str], text: str) -> None:
        with suppress(trio.BrokenResourceError):
            await reply.send(text)

    await _play(answer)
