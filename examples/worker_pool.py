"""A pool of workers with back-pressure: a bounded channel of jobs, two workers, a bounded channel of results.

    finale-sim explore examples/worker_pool.py:first_to_finish_closes

What must hold: each job has one result, however long it takes, and the pool comes to an end.
"""

import trio

__all__ = ["first_to_finish_closes", "first_to_finish_closes_fixed"]

JOBS = 4


async def _produce(jobs: trio.MemorySendChannel[int]) -> None:
    async with jobs:
        for number in range(JOBS):
            await jobs.send(number)


async def _work(jobs: trio.MemoryReceiveChannel[int], results: trio.MemorySendChannel[int]) -> None:
    async with results:
        async for number in jobs:
            await trio.lowlevel.checkpoint()  # the work
            await results.send(number * number)


async def first_to_finish_closes() -> None:
    """The workers share one end of the channel of results. Who finds no more work closes it, also under the other one's hands."""
    jobs, work = trio.open_memory_channel[int](1)
    done, results = trio.open_memory_channel[int](1)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(_produce, jobs)
        nursery.start_soon(_work, work, done)
        nursery.start_soon(_work, work, done)
        found = [result async for result in results]
    assert sorted(found) == [number * number for number in range(JOBS)]


async def first_to_finish_closes_fixed() -> None:
    """Each worker has an end of its own; the channel is closed when the last one is."""
    jobs, work = trio.open_memory_channel[int](1)
    done, results = trio.open_memory_channel[int](1)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(_produce, jobs)
        async with done:
            nursery.start_soon(_work, work, done.clone())
            nursery.start_soon(_work, work, done.clone())
        found = [result async for result in results]
    assert sorted(found) == [number * number for number in range(JOBS)]
