"""Delays: the named task waits before the named step, on stock trio as in a trial, and nobody else does."""

from typing import Any

import pytest
import trio
import trio.testing

from finale_sim.failure.forcing import Delay, NotReached, Stuck, delayed, force, holding
from finale_sim.kernel import Conditions, Fidelity, simulate

IN_ROUNDS = Conditions(Fidelity.ROUNDS)


async def three_workers() -> list[tuple[float, int]]:
    """When each of three equal workers took its two steps."""
    log: list[tuple[float, int]] = []

    async def worker(number: int) -> None:
        log.append((round(trio.current_time() - start, 6), number))
        await trio.lowlevel.checkpoint()
        log.append((round(trio.current_time() - start, 6), number))

    start = trio.current_time()
    async with trio.open_nursery() as nursery:
        for number in range(3):
            nursery.start_soon(worker, number)
    return log


def in_a_trial(function: Any, *delays: Delay) -> Any:
    """The value of a trial in lock step."""
    with holding():
        return simulate(delayed(function, delays), conditions=IN_ROUNDS).value


@pytest.mark.parametrize("run", [force, in_a_trial])
def test_a_task_is_held_before_its_step(run: Any) -> None:
    """The second worker's second step comes two seconds late; all else takes no time."""
    log = run(three_workers, Delay("/main/worker:1", 2, 2.0))
    assert log[-1] == (2.0, 1)
    assert sorted(log[:-1]) == [(0.0, 0), (0.0, 0), (0.0, 1), (0.0, 2), (0.0, 2)]


@pytest.mark.parametrize("run", [force, in_a_trial])
def test_several_delays_add_up(run: Any) -> None:
    """One before each step of a task, and one for another task."""
    log = run(three_workers, Delay("/main/worker:0", 1, 1.0), Delay("/main/worker:0", 2, 2.0), Delay("/main/worker:2", 1, 5.0))
    assert [entry for entry in log if entry[1] == 0] == [(1.0, 0), (3.0, 0)]
    assert [entry for entry in log if entry[1] == 1] == [(0.0, 1), (0.0, 1)]
    assert [entry for entry in log if entry[1] == 2] == [(5.0, 2), (5.0, 2)]


def test_paths_are_those_of_the_kernel() -> None:
    """Tasks of tasks, tasks that are started with ``start``, and main itself are held by the paths that a trace has."""

    async def program() -> list[str]:
        log: list[str] = []

        async def service(task_status: Any) -> None:
            task_status.started()
            await trio.lowlevel.checkpoint()
            log.append("service")

        async def child() -> None:
            log.append("child")

        async def parent() -> None:
            async with trio.open_nursery() as inner:
                inner.start_soon(child, name="another name")

        async with trio.open_nursery() as nursery:
            await nursery.start(service)
            nursery.start_soon(parent)
        log.append("main")
        return log

    trace = simulate(program, conditions=IN_ROUNDS, trace=True).trace
    assert {step.path for step in trace} == {"/main", "/main/service:0", "/main/parent:0", "/main/parent:0/child:0"}
    last = max(step.n for step in trace if step.path == "/main")
    assert force(program, "/main/service:0#2+3") == ["child", "service", "main"]
    assert force(program, "/main/parent:0/child:0#1+3") == ["service", "child", "main"]
    assert force(program, f"/main#{last}+3") == force(program)


@pytest.mark.parametrize("run", [force, in_a_trial])
def test_a_held_task_does_not_notice_its_cancellation(run: Any) -> None:
    """What a task has got it keeps: the cancel comes at its next checkpoint, as on a slow machine."""

    async def program() -> str:
        sender, receiver = trio.open_memory_channel[str](0)
        got = ""

        async def receive() -> None:
            nonlocal got
            with trio.move_on_after(1):
                got = await receiver.receive()
                got += " kept"
                await trio.lowlevel.checkpoint()
                got += ", but not cancelled"

        async with trio.open_nursery() as nursery:
            nursery.start_soon(receive)
            await sender.send("a permit")
        return got

    assert run(program, Delay("/main/receive:0", 2, 2.0)) == "a permit kept"


def test_errors_and_values_come_out_as_from_trio() -> None:
    """``force`` returns what the program returns and raises what it raises."""

    async def returning() -> int:
        return 7

    async def raising() -> None:
        await trio.sleep(1)
        raise LookupError("gone")

    assert force(returning, "/main#1+1") == 7
    with pytest.raises(LookupError, match="gone"):
        force(raising)


def test_a_deadlock_is_an_error() -> None:
    """Virtual time passes until it is plain that nothing will ever happen."""
    with pytest.raises(Stuck, match="still waits"):
        force(trio.Event().wait)


def test_other_loops_are_left_alone() -> None:
    """While tasks of one loop can be held, those of another start as ever; and afterwards nothing of it is left."""
    before = trio.Nursery.start_soon, trio.Nursery.start
    with holding():
        names: list[str] = []

        async def worker() -> None:
            names.append(trio.lowlevel.current_task().coro.cr_code.co_name)  # type: ignore[attr-defined]

        async def program() -> None:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(worker)

        trio.run(program)
        assert names == ["worker"]
    assert (trio.Nursery.start_soon, trio.Nursery.start) == before


def test_a_delay_survives_print() -> None:
    """What is printed is read back."""
    for delay in (Delay("/main", 1, 0.001), Delay("/main/a:0/<lambda>:12", 34, 10.001), Delay("/main/b:1", 2, 1e-7)):
        assert Delay.parse(str(delay)) == delay


@pytest.mark.parametrize("text", ["", "/main", "/main#1", "main#1+2", "/main#x+1", "/main#1+", "/main#1+-2", "/main#1+1.2.3"])
def test_what_is_no_delay_is_refused(text: str) -> None:
    """With the text and an example of a right one."""
    with pytest.raises(ValueError, match="is no delay; a delay looks like"):
        Delay.parse(text)


def test_a_delay_that_nobody_comes_to_is_told() -> None:
    """Nothing failed, and nothing was held: that says nothing of the program."""

    async def program() -> None:
        await trio.sleep(1)

    with pytest.raises(NotReached, match=r"^never reached: /main/nobody:0#2\+0\.001, /main#99\+1; no such"):
        force(program, "/main#1+1", "/main/nobody:0#2+0.001", "/main#99+1")
