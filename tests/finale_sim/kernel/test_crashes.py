"""Kills as choices: before every step, nothing of the program afterwards, and a fresh start that finds what was durable."""

import gc
import signal
import sys
import uuid
import weakref
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from functools import partial
from math import inf
from typing import Any

import pytest
import trio

import finale_sim
from finale_sim.choices import Decide, Kind, Site
from finale_sim.kernel import Conditions, Ending, Fidelity, Trial, simulate
from tests.finale_sim.kernel.support import Program, every_trial, grid, random_walk, silence  # noqa: F401  # pytest finds fixtures by their names

MORTAL = Conditions(crashes=True)


pytestmark = pytest.mark.usefixtures("silence")


def killed_before(step: int, otherwise: Decide = lambda site, options: 0) -> Decide:
    """Answers that kill the process before this step of the program, its first one being 1."""
    asked = 0

    def decide(site: Site, options: int) -> int:
        nonlocal asked
        if site.kind is not Kind.CRASH:
            return otherwise(site, options)
        asked += 1
        return int(asked == step)

    return decide


def points(trial: Trial) -> int:
    """How often a trial was asked for a kill."""
    return sum(choice.site.kind is Kind.CRASH for choice in trial.choices)


log: list[str] = []


def killed_everywhere(program: Program, recover: Program) -> list[Trial]:
    """One trial for each step before which a program can be killed, then the one in which it is not."""

    def trial(step: int) -> Trial:
        gc.collect()
        log.clear()
        return simulate(program, decide=killed_before(step), conditions=MORTAL, recover=recover)

    happy = trial(0)
    return [*(trial(step) for step in range(1, points(happy) + 1)), happy]


async def busy() -> None:
    """Children, start(), a thread, a context manager, a generator in use and one that is garbage; what unwinds says so."""

    @asynccontextmanager
    async def saying(what: str) -> AsyncIterator[None]:
        try:
            yield
        finally:
            log.append(what)

    async def child(number: int, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        await trio.lowlevel.checkpoint()
        task_status.started()
        try:
            await trio.sleep(number)
        except BaseException:
            log.append("cut")
            raise
        finally:
            log.append(f"child {number}")
        finale_sim.disk()[number] = "done"

    async def values() -> AsyncIterator[int]:
        try:
            yield 1
            yield 2
        finally:
            log.append("generator")

    def garbage(circle: list[object]) -> Iterator[None]:
        try:
            yield
        finally:
            circle.clear()
            log.append("garbage")

    def leave_garbage() -> None:
        circle: list[object] = []
        circle.append(left := garbage(circle))
        next(left)

    leave_garbage()
    generator = values()
    finale_sim.disk()["begun"] = await anext(generator)
    async with saying("manager"), trio.open_nursery() as nursery:
        await nursery.start(child, 1)
        nursery.start_soon(child, 2)
        await trio.to_thread.run_sync(len, "thread")
    await generator.aclose()


async def look() -> tuple[dict[Any, Any], list[str], float]:
    """What a fresh start finds: the disk, what has unwound, the time."""
    gc.collect()
    await trio.lowlevel.checkpoint()
    return dict(finale_sim.disk()), list(log), trio.current_time()


def test_nothing_of_a_killed_program_runs_until_the_recovery_has_ended() -> None:
    """Before whichever step it is killed: what had not unwound by itself does not, and the collector finds nothing of it."""
    *killed, whole = [trial.value for trial in killed_everywhere(busy, look)]
    in_order = ["child 1", "child 2", "manager", "generator"]
    assert whole == ({"begun": 1, 1: "done", 2: "done"}, in_order, 2)
    assert killed[0] == ({}, [], 0)
    assert len(killed) > 8
    for disk, said, _ in killed:
        assert said == in_order[: len(said)]
        assert set(disk) == {"begun", *(number for number in (1, 2) if f"child {number}" in said)} or not disk
    assert {len(said) for _, said, _ in killed} == {0, 1, 2}  # what comes behind the children is main's last step


@pytest.mark.parametrize(
    ("rung", "schedules", "kills"),
    [
        (
            Fidelity.TIES,
            6,
            1 + (1 + 2 + 4 + 6) + 6,
        ),  # before main's first step, behind each beginning of an order, before its last
        (Fidelity.ROUNDS, 4, 1 + (1 + 2 + 2 + 4) + 4),
    ],
)
def test_each_state_is_left_behind_once(rung: Fidelity, schedules: int, kills: int) -> None:
    """A kill behind each beginning of each order of two tasks with two steps, whosever turn it would have been."""
    trials = every_trial(grid(2, 1), fidelity=rung, crashes=True)
    assert [trial.ending for trial in trials].count(Ending.RETURNED) == schedules
    assert [trial.ending for trial in trials].count(Ending.KILLED) == kills
    assert len({trial.digest for trial in trials}) == schedules + kills == len(trials)


def test_a_kill_comes_once_in_a_trial() -> None:
    """What is started afterwards is not killed."""
    trial = simulate(busy, decide=lambda site, options: options - 1, conditions=MORTAL, recover=busy)
    assert points(trial) == 1
    assert trial.ending is Ending.RETURNED
    assert trial.restarted


def test_without_crashes_nothing_is_asked() -> None:
    """The standard conditions know nothing of this; a recovery alone runs behind a program that has returned."""
    assert points(simulate(busy)) == 0
    trial = simulate(busy, recover=look)
    assert points(trial) == 0
    assert trial.value[0] == {"begun": 1, 1: "done", 2: "done"}


def test_equal_choices_make_equal_trials_after_a_kill() -> None:
    """Kills at random places in random schedules, each twice, the second time among other garbage."""
    conditions = Conditions(crashes=True, cancels=True, fidelity=Fidelity.FREE)
    for seed in range(100):
        junk = [[] for _ in range(seed)]  # type: ignore[var-annotated]  # whatever, it is there
        one, two = (simulate(busy, decide=random_walk(seed), conditions=conditions, recover=busy, trace=bool(n)) for n in (0, 1))
        assert (one.digest, one.ending, one.now_s) == (two.digest, two.ending, two.now_s), junk


async def in_a_hurry() -> None:
    """Timers of one instant, a callback, a generator that is left: whatever asks for choices."""

    async def values() -> AsyncIterator[int]:
        yield 1
        yield 2

    async def times_out() -> None:
        with trio.CancelScope() as outer, trio.CancelScope() as inner:
            outer.deadline = inner.deadline = 1
            await trio.sleep_forever()

    async with trio.open_nursery() as nursery:
        for _ in range(3):
            nursery.start_soon(times_out)
        trio.lowlevel.current_trio_token().run_sync_soon(finale_sim.disk().clear)
    generator = values()
    await anext(generator)
    with suppress(OSError):
        await finale_sim.fault("disk", raises=OSError)


@pytest.mark.filterwarnings("ignore:Async generator:ResourceWarning")
def test_no_site_comes_up_twice() -> None:
    """Places in what is started afterwards have other names than those in the program, even if both are the same function."""
    for step in range(8):
        trial = simulate(
            in_a_hurry, decide=killed_before(step), conditions=Conditions(Fidelity.FREE, True, True), recover=in_a_hurry
        )
        keys = [choice.site.key for choice in trial.choices]
        assert len(set(keys)) == len(keys)
        assert Kind.TIE in {choice.site.kind for choice in trial.choices}


@pytest.mark.filterwarnings("ignore:Async generator:ResourceWarning")
@pytest.mark.parametrize("mortal", [busy, in_a_hurry])
def test_it_can_be_killed_before_each_of_its_steps(mortal: Program) -> None:
    """As many points as steps, on the happy path; and all of them are tried by the search, once."""
    alone = simulate(mortal, conditions=Conditions())
    happy = simulate(mortal, conditions=MORTAL)
    assert points(happy) == alone.steps == happy.steps
    assert points(simulate(mortal, conditions=MORTAL, recover=mortal)) == alone.steps
    report = finale_sim.explore(mortal, crash=mortal, trials=200)
    assert report.search.crash_points == len(report.search.crashed) == alone.steps
    assert report.as_dict()["crashes"] == {"points": alone.steps, "tried": alone.steps}
    assert finale_sim.explore(mortal, trials=5).as_dict()["crashes"] == {"points": 0, "tried": 0}


def test_what_goes_on_is_the_clock_the_disk_and_chance() -> None:
    """A new process of the same world: no id comes twice, time does not go back, faults that last do last."""

    async def first() -> None:
        finale_sim.disk()["id"] = uuid.uuid4()
        with suppress(OSError):
            await finale_sim.fault("wire", raises=OSError)
        await trio.sleep(10)

    async def then() -> bool:
        assert trio.current_time() == 10
        assert finale_sim.disk()["id"] != uuid.uuid4()
        try:
            await finale_sim.fault("wire", raises=OSError)
        except OSError:
            return True
        return False

    last = killed_before(2, lambda site, options: options - 1)
    assert simulate(first, decide=last, conditions=MORTAL, recover=then).value
    assert not simulate(first, decide=killed_before(2), conditions=MORTAL, recover=then).value


def test_a_disk_is_empty_when_a_trial_begins_and_lasts_as_long_as_a_run_outside() -> None:
    """Nothing is left from trial to trial; in trio.run it is a dict, and outside of both there is none."""

    async def fill() -> int:
        finale_sim.disk()[len(finale_sim.disk())] = "more"
        await trio.lowlevel.checkpoint()
        return len(finale_sim.disk())

    async def twice() -> int:
        return await fill() + await fill()

    assert [simulate(twice).value, trio.run(twice), simulate(twice).value, trio.run(twice)] == [3] * 4
    with pytest.raises(RuntimeError):
        finale_sim.disk()


# ── what comes of it


async def unfinished() -> None:
    finale_sim.disk()["busy"] = True
    await trio.sleep(1)
    del finale_sim.disk()["busy"]


def test_a_program_that_fails_is_not_looked_after() -> None:
    """An error, or a deadlock, before any kill is that of the program, as ever."""

    async def fails() -> None:
        await trio.sleep(1)
        raise ValueError("mine")

    async def never() -> None:
        raise AssertionError("it is not run")

    trial = simulate(fails, conditions=MORTAL, recover=never)
    assert (trial.ending, trial.restarted) == (Ending.RAISED, False)
    assert isinstance(trial.error, ValueError)
    assert simulate(trio.sleep_forever, conditions=MORTAL, recover=never).ending is Ending.DEADLOCKED
    assert str(finale_sim.explore(fails, crash=look).verdict) == "violated: 'no ValueError'"


def test_a_recovery_that_is_stuck_is_a_failure_with_its_picture() -> None:
    """A deadlock, also one that only a part is caught in; the paths say that it is what was started afterwards."""

    async def waits() -> None:
        if "busy" in finale_sim.disk():
            await trio.sleep_forever()

    async def part_waits() -> None:
        if "busy" in finale_sim.disk():
            async with trio.open_nursery() as nursery:
                nursery.start_soon(polls)
                lock = trio.Lock()
                async with lock:
                    nursery.start_soon(lock.acquire)
                    async with trio.open_nursery() as inner:
                        inner.start_soon(lock.acquire)

    async def polls() -> None:
        while True:  # noqa: ASYNC110  # that is what it is about
            await trio.sleep(1)

    report = finale_sim.explore(unfinished, crash=waits, trials=10)
    assert str(report.verdict) == "violated: 'not stuck after a restart'"
    assert "/after waits in trio.sleep_forever" in report.as_dict()["message"]
    assert sys.get_asyncgen_hooks() == (None, None)
    trial = simulate(unfinished, decide=killed_before(2), conditions=MORTAL, recover=part_waits, max_steps=100)
    assert trial.ending is Ending.STEP_LIMIT
    assert trial.deadlock[0].path == "/after"


def test_what_outlived_the_program_does_not_wake_it() -> None:
    """Events, channels, scopes, generators in the hands of both: the dead stay where they are, and nobody notices."""
    event = trio.Event()
    send, receive = trio.open_memory_channel[int](0)
    scope = trio.CancelScope()
    woken: list[str] = []
    shared: list[AsyncIterator[int]] = []

    async def values() -> AsyncIterator[int]:
        try:
            yield 1
        finally:
            woken.append("generator")

    async def wait_for(what: Callable[[], Awaitable[object]], name: str) -> None:
        with scope if name == "scope" else trio.CancelScope():
            await what()
            woken.append(name)
        woken.append(f"{name} was left")

    async def first() -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(wait_for, event.wait, "event")
            nursery.start_soon(wait_for, receive.receive, "channel")
            nursery.start_soon(wait_for, trio.sleep_forever, "scope")
            shared.append(values())
            await anext(shared[0])
            await trio.sleep(1)

    async def then() -> list[str]:
        event.set()
        send.send_nowait(1)
        scope.cancel()
        shared.clear()
        await trio.sleep(5)
        return list(woken)

    trial = simulate(first, decide=killed_before(5), conditions=MORTAL, recover=then)
    assert (trial.ending, trial.value) == (Ending.RETURNED, [])


def test_a_lock_that_outlived_its_owner_is_told_of() -> None:
    """No new process has the locks of an old one; where a program keeps them in a module, the report says who has it."""
    lock = trio.Lock()

    async def first() -> None:
        async with lock:
            await trio.sleep(1)

    async def then() -> None:
        async with lock:
            await trio.sleep(1)

    trial = simulate(first, decide=killed_before(2), conditions=MORTAL, recover=then)
    assert [str(task) for task in trial.deadlock] == ["/after waits in trio.Lock.acquire (held by /main)"]


async def talk() -> None:
    """A server and a client; what the server has heard is on the disk."""

    async def serve(stream: trio.SocketStream) -> None:
        async for data in stream:
            finale_sim.disk().setdefault("heard", []).append(bytes(data))
            await stream.send_all(b"ok")

    with finale_sim.network():
        async with trio.open_nursery() as nursery:
            await nursery.start(trio.serve_tcp, serve, 8000)
            async with await trio.open_tcp_stream("localhost", 8000) as stream:
                await stream.send_all(b"hello")
                assert await stream.receive_some() == b"ok"
            nursery.cancel_scope.cancel()


def test_the_network_of_a_killed_program_is_gone_with_it() -> None:
    """The same port is free again; a client that has had no answer sends anew."""

    async def again() -> None:
        await talk()
        assert finale_sim.disk()["heard"] in ([b"hello"], [b"hello"] * 2)

    report = finale_sim.explore(talk, crash=again, trials=150)
    assert report.verdict.exit_code == 0
    assert report.search.crash_points == len(report.search.crashed) > 8


# ── how it goes away


def test_thousands_of_killed_trials_leave_nothing() -> None:
    """The objects of a killed program are freed, and so are those of its recovery; memory is flat."""
    alive = weakref.WeakSet[object]()

    class Witness:
        pass

    async def watched() -> None:
        witness = Witness()
        alive.add(witness)
        await busy()

    def trials(number: int) -> int:
        for seed in range(number):
            simulate(watched, decide=killed_before(1 + seed % 12), conditions=MORTAL, recover=watched)
        gc.collect()
        return len(gc.get_objects())

    before = trials(50)
    assert trials(1000) - before < 200
    assert len(alive) == 0


def test_what_a_killed_trial_leaves_is_young() -> None:
    """So that the collector comes to it soon, by itself."""

    def tasks(generation: int) -> int:
        return sum(isinstance(thing, trio.lowlevel.Task) for thing in gc.get_objects(generation))

    gc.collect()
    gc.disable()
    others = tasks(1) + tasks(2)  # of tests before this one
    try:
        simulate(busy, decide=killed_before(5), conditions=MORTAL, recover=busy)
        assert tasks(0) > 0
        assert tasks(1) + tasks(2) == others
    finally:
        gc.enable()


def test_a_program_that_cannot_be_killed_softly_is_killed() -> None:
    """One that ignores whatever is thrown at it makes no noise in the end."""

    async def deaf() -> None:
        while True:
            with suppress(BaseException):
                await trio.sleep(1)

    trial = simulate(deaf, decide=killed_before(3), conditions=MORTAL, recover=look)
    assert (trial.ending, trial.now_s) == (Ending.RETURNED, 2)


@pytest.mark.parametrize("when", ["before", "after", "while it unwinds"])
def test_ctrl_c_ends_it(when: str) -> None:
    """Pressed in the program, in what is started afterwards, or in what is left of the program at the end."""

    async def first() -> None:
        if when == "before":
            signal.raise_signal(signal.SIGINT)
        try:
            await trio.sleep(1)
        finally:
            if when == "while it unwinds":
                signal.raise_signal(signal.SIGINT)

    async def then() -> None:
        await trio.sleep(1)
        if when == "after":
            signal.raise_signal(signal.SIGINT)
            raise AssertionError("it is not raised at once")

    with pytest.raises(KeyboardInterrupt):
        simulate(first, decide=killed_before(2), conditions=MORTAL, recover=then)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    assert simulate(trio.sleep, 1).ending is Ending.RETURNED


def test_an_error_of_the_strategy_comes_out_of_it() -> None:
    """Also when the program is dead already."""

    def decide(site: Site, options: int) -> int:
        if site.path.startswith("/after"):
            raise LookupError("no answer")
        return int(site.kind is Kind.CRASH and site.n == 1)

    with pytest.raises(LookupError, match="no answer"):
        simulate(busy, decide=decide, conditions=MORTAL, recover=busy)
    assert simulate(trio.sleep, 1).ending is Ending.RETURNED


def test_a_recovery_has_as_many_steps_as_the_program() -> None:
    """The limit counts from the restart; without end, it is undecided."""

    async def steps(number: float) -> None:
        while number > 0:
            number -= 1
            await trio.lowlevel.checkpoint()

    def trial(program: float, recovery: float) -> Ending:
        return simulate(steps, program, max_steps=50, recover=partial(steps, recovery)).ending

    assert trial(40, 40) is Ending.RETURNED
    assert trial(40, inf) is Ending.STEP_LIMIT


def test_kills_and_cancels_go_together() -> None:
    """Both are choices of one search; scopes of what is started afterwards are cancelled as well."""
    report = finale_sim.explore(busy, crash=busy, cancel=True, trials=400)
    assert len(report.search.crashed) == report.search.crash_points > 0
    assert len(report.search.cancelled) == report.search.cancel_points > 0
    assert report.verdict.exit_code == 0


def test_conditions_are_a_number_below_256_and_back() -> None:
    """The standard ones are 0; what no version wrote is refused."""
    conditions = [
        Conditions(rung, cancels, crashes) for rung in Fidelity for cancels in (False, True) for crashes in (False, True)
    ]
    assert [Conditions.of_code(each.code) for each in conditions] == conditions
    assert Conditions().code == 0
    assert {each.code for each in conditions} == set(range(len(conditions)))
    with pytest.raises(ValueError, match="no conditions with the number 255"):
        Conditions.of_code(255)


def test_what_changes_on_the_disk_is_no_loop() -> None:
    """In the calm, a state that differs by what is stored has not come back; a lock that nobody removes has."""

    async def counts() -> None:
        while finale_sim.disk().get("count", 0) < 2000:
            finale_sim.disk()["count"] = finale_sim.disk().get("count", 0) + 1
            await trio.sleep(1)

    async def waits() -> None:
        while "busy" in finale_sim.disk():  # noqa: ASYNC110  # that is its mistake
            await trio.sleep(1)

    assert simulate(counts, max_steps=100, calm_steps=1000).ending is Ending.STEP_LIMIT
    trial = simulate(unfinished, decide=killed_before(2), conditions=MORTAL, recover=waits, max_steps=100, calm_steps=1000)
    assert (trial.ending, trial.restarted) == (Ending.LIVELOCKED, True)
