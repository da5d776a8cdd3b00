"""How a trial ends, and what it says about it."""

import contextvars
import math
import threading
from pathlib import Path

import pytest
import trio

from finale_sim.kernel import Ending, NestedTrial, current_trial, simulate
from tests.finale_sim.kernel.support import every_trial


async def _value() -> str:
    await trio.sleep(2.5)
    return "done"


def test_a_returned_value_and_the_virtual_time_it_took() -> None:
    """A program that returns gives its value; time is virtual and exact."""
    trial = simulate(_value)
    assert (trial.ending, trial.value, trial.error, trial.now_s) == (Ending.RETURNED, "done", None, 2.5)
    assert str(trial).startswith("returned 'done' after 2 steps, 2.5 s, digest ")


def test_arguments_reach_the_program() -> None:
    """Positional arguments are handed over as they are."""

    async def program(*args: object) -> object:
        return args

    assert simulate(program, 1, "b").value == (1, "b")


@pytest.mark.parametrize("error", [ValueError("bad"), KeyboardInterrupt("mine"), SystemExit(3), BaseException("any")])
def test_what_the_program_raises_is_recorded(error: BaseException) -> None:
    """Every exception of the program is the trial's, also those that would end the process."""

    async def program() -> None:
        await trio.sleep(1)
        raise error

    trial = simulate(program)
    assert (trial.ending, trial.error, trial.value) == (Ending.RAISED, error, None)


def test_a_program_that_isnt_one_is_an_error_of_the_program() -> None:
    """A plain function gives trio's own TypeError."""
    trial = simulate(lambda: 3)  # type: ignore[arg-type, return-value]
    assert trial.ending is Ending.RAISED
    assert isinstance(trial.error, TypeError)


def test_errors_in_children_arrive_as_a_group() -> None:
    """Exception groups are trio's business, and arrive as trio makes them."""

    async def child() -> None:
        raise LookupError("lost")

    async def program() -> None:
        async with trio.open_nursery(strict_exception_groups=True) as nursery:
            nursery.start_soon(child)

    error = simulate(program).error
    assert isinstance(error, ExceptionGroup)
    assert str(error.exceptions[0]) == "lost"


def test_a_crashed_system_task_is_trios_internal_error() -> None:
    """The complaint of trio about the program is what the program raised."""

    async def crash() -> None:
        raise ValueError("in the cellar")

    async def program() -> None:
        trio.lowlevel.spawn_system_task(crash)
        await trio.sleep_forever()

    trial = simulate(program)
    assert trial.ending is Ending.RAISED
    assert isinstance(trial.error, trio.TrioInternalError)


def test_system_tasks_end_with_the_program() -> None:
    """A system task is cancelled when the program returns, and may clean up."""
    log: list[str] = []

    async def system() -> None:
        try:
            await trio.sleep_forever()
        finally:
            log.append("cleaned up")

    async def program() -> str:
        trio.lowlevel.spawn_system_task(system)
        await trio.lowlevel.checkpoint()
        await trio.lowlevel.checkpoint()
        return "returned"

    for trial in every_trial(program):
        assert trial.value == "returned"
    assert set(log) <= {"cleaned up"}


def test_the_step_limit_is_exact() -> None:
    """A trial that goes on and on is stopped after exactly so many steps."""

    async def program() -> None:
        while True:
            await trio.lowlevel.checkpoint()

    trial = simulate(program, max_steps=77)
    assert (trial.ending, trial.steps) == (Ending.STEP_LIMIT, 77)


def test_a_program_as_long_as_the_limit_returns() -> None:
    """The limit is for more steps than that."""

    async def program() -> None:
        for _ in range(9):
            await trio.lowlevel.checkpoint()

    assert simulate(program, max_steps=10).ending is Ending.RETURNED
    assert simulate(program, max_steps=9).ending is Ending.STEP_LIMIT


def test_callbacks_that_ask_for_themselves_for_ever_meet_the_limit() -> None:
    """The task that trio has for callbacks is limited like those of the program."""

    async def program() -> None:
        token = trio.lowlevel.current_trio_token()

        def again() -> None:
            token.run_sync_soon(again)

        again()
        await trio.sleep_forever()

    assert simulate(program, max_steps=50).ending is Ending.STEP_LIMIT


async def _dining(seats: int) -> None:
    forks = [trio.Lock() for _ in range(seats)]

    async def philosopher(seat: int) -> None:
        async with forks[seat], forks[(seat + 1) % seats]:
            pass

    async with trio.open_nursery() as nursery:
        for seat in range(seats):
            nursery.start_soon(philosopher, seat)


def test_a_deadlock_is_found_and_says_who_waits_for_whom() -> None:
    """Three philosophers deadlock in some schedules; the report names the locks, their holders and the lines."""
    trials = every_trial(lambda: _dining(3))
    stuck = [trial for trial in trials if trial.ending is Ending.DEADLOCKED]
    assert 0 < len(stuck) < len(trials)
    for trial in stuck:
        text = str(trial)
        assert text.startswith("deadlocked after ")
        main, *others = trial.deadlock
        assert main.path == "/main"
        assert main.waiting_on == "trio.open_nursery (for /main/philosopher:0, /main/philosopher:1, /main/philosopher:2)"
        holders = {task.waiting_on for task in others}
        assert holders == {f"trio.Lock.acquire (held by /main/philosopher:{n})" for n in range(3)}
        assert all(len(task.stack) == 1 and Path(__file__).name in task.stack[0] for task in others)
        assert "in philosopher: async with forks[seat], forks[(seat + 1) % seats]:" in text
        assert "\n  /main/philosopher:2 waits in trio.Lock.acquire" in text


async def _rendezvous(wait: str) -> None:
    send, receive = trio.open_memory_channel[int](0)
    scope = trio.CancelScope()
    condition = trio.Condition()
    match wait:
        case "Event.wait":
            await trio.Event().wait()
        case "sleep_forever":
            await trio.sleep_forever()
        case "sleep":
            await trio.sleep(math.inf)
        case "MemorySendChannel.send":
            await send.send(1)
        case "MemoryReceiveChannel.receive":
            async for _ in receive:
                pass
        case "Semaphore.acquire":
            await trio.Semaphore(0).acquire()
        case "Condition.wait":
            async with condition:
                await condition.wait()
        case "CapacityLimiter.acquire_on_behalf_of":
            limiter = trio.CapacityLimiter(1)
            limiter.acquire_on_behalf_of_nowait("somebody")
            with scope:
                await limiter.acquire_on_behalf_of("me")


@pytest.mark.parametrize(
    "primitive",
    [
        "Event.wait",
        "sleep_forever",
        "sleep",
        "MemorySendChannel.send",
        "MemoryReceiveChannel.receive",
        "Semaphore.acquire",
        "Condition.wait",
        "CapacityLimiter.acquire_on_behalf_of",
    ],
)
def test_a_blocked_task_names_its_primitive(primitive: str) -> None:
    """What a task waits for is named as its user knows it."""
    trial = simulate(_rendezvous, primitive)
    assert trial.ending is Ending.DEADLOCKED
    (task,) = trial.deadlock
    assert task.waiting_on == f"trio.{primitive}"
    assert len(task.stack) == 1
    assert "in _rendezvous: " in task.stack[0]


def test_the_callers_context_is_seen_and_stays_as_it_is() -> None:
    """As in trio.run, a program starts with the caller's context variables; what it sets itself, nobody sees outside."""
    variable = contextvars.ContextVar("variable", default="default")
    variable.set("caller")

    async def program() -> str:
        seen = variable.get()

        def abort(_: object) -> trio.lowlevel.Abort:
            variable.set("abort function")
            return trio.lowlevel.Abort.SUCCEEDED

        with trio.move_on_after(1):
            await trio.lowlevel.wait_task_rescheduled(abort)
        variable.set("program")
        return seen

    assert simulate(program).value == simulate(program).value == "caller"
    assert variable.get() == "caller"


def test_a_strategys_error_comes_out_as_itself() -> None:
    """What decide raises ends the trial and is raised, wherever the question came up, also if the program swallows it."""

    class StrategyError(BaseException):
        pass

    def decide(site: object, options: int) -> int:
        raise StrategyError

    async def swallowing() -> None:
        while True:
            try:
                trial = current_trial()
                assert trial is not None
                trial.choose("V", "value", 3)  # type: ignore[arg-type]
            except BaseException:  # noqa: BLE001
                await trio.lowlevel.checkpoint()

    async def two() -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(trio.sleep, 1)
            nursery.start_soon(trio.sleep, 1)

    for program in (swallowing, two):
        with pytest.raises(StrategyError):
            simulate(program, decide=decide)
        assert current_trial() is None
        assert simulate(_value).ending is Ending.RETURNED


def test_an_answer_out_of_range_is_refused() -> None:
    """A strategy must answer with an index below the number of options."""

    async def program() -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(trio.sleep, 1)
            nursery.start_soon(trio.sleep, 1)

    with pytest.raises(ValueError, match="below 2 is wanted"):
        simulate(program, decide=lambda site, options: options)


def test_a_trial_inside_a_trial_or_inside_trio_is_refused() -> None:
    """A trial owns its thread."""

    async def program() -> None:
        simulate(_value)

    error = simulate(program).error
    assert isinstance(error, NestedTrial)
    assert "inside another trial" in str(error)
    with pytest.raises(NestedTrial, match=r"inside trio\.run"):
        trio.run(program)


def test_trio_run_inside_a_trial_is_trios_own_error() -> None:
    """A second loop in a thread is refused, by trio itself."""

    async def program() -> None:
        trio.run(_value)

    trial = simulate(program)
    assert isinstance(trial.error, RuntimeError)
    assert "run()" in str(trial.error)


def test_trio_works_as_before_afterwards() -> None:
    """Real trio in the same process has real time, its own tasks and no trial."""
    simulate(_value)

    async def program() -> list[int]:
        log: list[int] = []

        async def worker(number: int) -> None:
            with trio.move_on_after(0.001):
                await trio.sleep_forever()
            log.append(number)

        async with trio.open_nursery() as nursery:
            for number in range(3):
                nursery.start_soon(worker, number)
            assert len(nursery.child_tasks) == 3
        assert current_trial() is None
        assert await trio.to_thread.run_sync(lambda: 42) == 42
        return sorted(log)

    assert trio.run(program) == [0, 1, 2]


def test_the_running_trial_answers_questions() -> None:
    """Inside a trial its time, its steps, its tasks and its choices are at hand."""

    async def program() -> list[object]:
        trial = current_trial()
        assert trial is not None
        await trio.sleep(1.5)
        answers = [trial.choose("V", "colour", 3), trial.choose("V", "colour", 3), trial.choose("V", "size", 1)]  # type: ignore[arg-type]
        return [trial.now, trial.steps, trial.task_path(), trial.task_path(trio.lowlevel.current_task()), answers]

    trial = simulate(program, decide=lambda site, options: options - 1)
    assert trial.value == [1.5, 2, "/main", "/main", [2, 2, 0]]
    assert [(choice.site.path, choice.site.n, choice.site.label) for choice in trial.choices] == [
        ("/main", 0, "colour"),
        ("/main", 1, "colour"),
    ]
    assert current_trial() is None


def test_a_strategy_decides_outside_the_trial() -> None:
    """While a strategy decides, it isn't in the simulated world."""
    seen: list[object] = []

    def decide(site: object, options: int) -> int:
        seen.append(current_trial())
        return 0

    async def program() -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(trio.sleep, 1)
            nursery.start_soon(trio.sleep, 1)

    simulate(program, decide=decide)
    assert set(seen) == {None}


def test_a_trace_shows_every_step_and_every_timer() -> None:
    """A trace has one entry per step, with what the task waits for afterwards, and one per turn of a timer."""

    async def program() -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(trio.sleep, 1)
            nursery.start_soon(trio.sleep, 1)

    trial = simulate(program, trace=True)
    steps = [step for step in trial.trace if step.path != "~timer"]
    assert [step.number for step in steps] == list(range(1, trial.steps + 1))
    assert [step.waiting_on for step in steps if step.path == "/main/sleep:0"] == ["trio.sleep", "ended"]
    timers = [step for step in trial.trace if step.path == "~timer"]
    assert [step.waiting_on for step in timers] == ["fires for /main/sleep:0", "fires for /main/sleep:1"]
    assert timers[0].options == ("/main/sleep:0", "/main/sleep:1")
    assert simulate(program).trace == ()
    assert all(str(step) for step in trial.trace)


def test_a_real_loop_in_another_thread_is_untouched() -> None:
    """While trials come and go here, a real trio loop elsewhere keeps its time, its threads and its sets of tasks."""
    started, half_time, stop = threading.Event(), threading.Event(), threading.Event()
    result: list[object] = []

    async def real() -> None:
        async def worker() -> None:
            while not stop.is_set():
                with trio.move_on_after(0.001):
                    await trio.sleep_forever()
                assert await trio.to_thread.run_sync(threading.get_ident) != threading.get_ident()

        async with trio.open_nursery() as nursery:
            for _ in range(5):
                nursery.start_soon(worker)
            started.set()
            children = set(nursery.child_tasks)
            while not half_time.is_set():  # noqa: ASYNC110  # set by a thread
                await trio.sleep(0.001)
            assert children == set(nursery.child_tasks)
            stop.set()
        result.append("fine")

    thread = threading.Thread(target=trio.run, args=(real,))
    thread.start()
    started.wait()
    for _ in range(20):
        assert simulate(_dining, 2).ending in {Ending.RETURNED, Ending.DEADLOCKED}
    half_time.set()
    thread.join()
    assert result == ["fine"]


def test_trials_in_several_threads_at_once() -> None:
    """Each thread has its own trial."""
    expected = simulate(_dining, 4).digest
    digests: list[int] = []
    threads = [threading.Thread(target=lambda: digests.extend(simulate(_dining, 4).digest for _ in range(10))) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert digests == [expected] * 30


def test_instruments_see_the_program() -> None:
    """trio's instruments can be added, fail, and be removed, as ever."""  # noqa: D403

    class Steps(trio.abc.Instrument):
        count = 0

        def before_task_step(self, task: trio.lowlevel.Task) -> None:
            self.count += 1

    async def program() -> int:
        steps = Steps()
        with pytest.raises(KeyError):
            trio.lowlevel.remove_instrument(steps)
        trio.lowlevel.add_instrument(steps)
        for _ in range(3):
            await trio.lowlevel.checkpoint()
        trio.lowlevel.remove_instrument(steps)
        await trio.lowlevel.checkpoint()
        return steps.count

    assert simulate(program).value == 3
