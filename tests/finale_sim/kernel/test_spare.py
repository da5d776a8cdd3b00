"""A trial starts in the loop that the one before it left; no program can tell, whatever an earlier one left behind."""

import contextvars
import gc
import subprocess
import sys
import threading
import time
import weakref
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import outcome
import pytest
import sniffio
import trio
from trio.lowlevel import RunVar

from finale_sim.choices import Decide, Kind, Site, happy_path
from finale_sim.kernel import Conditions, Ending, Trial, current_trial, simulate, spare
from finale_sim.kernel.parts.kept import Kept
from finale_sim.kernel.seam import Loop
from finale_sim.kernel.spare import SPARE
from tests.finale_sim.kernel.support import grid, random_walk, silence  # noqa: F401  # pytest finds fixtures by their names

pytestmark = pytest.mark.usefixtures("silence")

_kept: list[Any] = []
_run_var: "RunVar[str]" = RunVar("tests", "nothing")
_context_var = contextvars.ContextVar("tests", default="nothing")


@pytest.fixture(autouse=True)
def _anew(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No loop is left of the tests before, and each new one could be used again."""
    SPARE.close()
    monkeypatch.setattr(spare, "_LONGEST_PAUSE", 0)
    SPARE.left = 0
    yield
    _kept.clear()
    gc.collect()
    SPARE.close()


def _spare() -> int | None:
    """Which loop rests. Whoever had the loop itself would know it."""
    return id(SPARE.loops[-1]) if SPARE.loops else None


def _fresh(program: Callable[[], Any], decide: Decide = happy_path) -> Trial:
    """A trial in a loop that no other has had."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(SPARE, "take", Loop)
        return simulate(program, decide=decide)


# What a program can see -------------------------------------------------------------------------------------------------


async def look() -> dict[str, Any]:
    """All that could differ."""
    root, task, hooks = trio.lowlevel.current_root_task(), trio.lowlevel.current_task(), sys.get_asyncgen_hooks()
    assert root is not None
    assert task.parent_nursery is not None
    seen: dict[str, Any] = {
        "root": (
            root.name,
            hash(root),
            root.custom_sleep_data,
            root.context.get(_context_var),
        ),
        "nurseries": [(len(n.child_tasks), n.cancel_scope.deadline, n.cancel_scope.shield) for n in root.child_nurseries],
        "called": [nursery.cancel_scope.cancel_called for nursery in root.child_nurseries],
        "extra": [sorted(vars(n)) for n in root.child_nurseries if hasattr(n, "__dict__")],
        "task": (task.name, hash(task), task.parent_nursery.parent_task is root),
        "variables": (_run_var.get("nothing"), _context_var.get()),
        "time": (trio.current_time(), trio.current_effective_deadline()),
        "statistics": [getattr(trio.lowlevel.current_statistics(), name) for name in _STATISTICS],
        "hooks": (hooks.firstiter is not None, hooks.finalizer is not None),
        "library": (sniffio.current_async_library(), sniffio.thread_local.name),
        "token is that of an earlier trial": trio.lowlevel.current_trio_token() in _kept,
        "choices": len(current_trial().choices.made),  # type: ignore[union-attr]
    }
    async with trio.open_nursery() as nursery:
        for _ in range(2):
            nursery.start_soon(trio.sleep, 1)
        await trio.sleep(1)
    return seen | {"later": (trio.current_time(), hash(trio.lowlevel.spawn_system_task(trio.sleep, 0)))}


_STATISTICS = ("tasks_living", "tasks_runnable", "seconds_to_next_deadline", "run_sync_soon_queue_size")


# What a program can leave -----------------------------------------------------------------------------------------------


async def a_run_variable() -> None:
    _run_var.set("left")


async def a_token_of_a_run_variable() -> None:
    _kept.append(_run_var.set("left"))


async def a_context_variable() -> None:
    _context_var.set("left")
    root = trio.lowlevel.current_root_task()
    assert root is not None
    root.context.run(_context_var.set, "left")


async def a_system_task() -> None:
    trio.lowlevel.spawn_system_task(trio.sleep_forever)


async def a_system_task_that_has_ended() -> None:
    trio.lowlevel.spawn_system_task(trio.lowlevel.checkpoint)
    await trio.sleep(1)


async def a_system_task_that_crashed() -> None:
    async def crash() -> None:
        raise ValueError("in the cellar")

    trio.lowlevel.spawn_system_task(crash)
    await trio.sleep(1)


async def a_deadline() -> None:
    _kept.append(trio.CancelScope(deadline=5).__enter__())


async def stale_deadlines() -> None:
    for after in range(20):
        with trio.move_on_after(after + 1):
            await trio.lowlevel.checkpoint()


async def a_token() -> None:
    _kept.append(trio.lowlevel.current_trio_token())


async def a_token_in_passing() -> None:
    trio.lowlevel.current_trio_token().run_sync_soon(_run_var.set, "left")


async def a_token_that_nobody_has() -> None:
    trio.lowlevel.current_trio_token()


async def a_callback() -> None:
    trio.lowlevel.current_trio_token().run_sync_soon(lambda: None)
    await trio.sleep(1)


async def a_thread() -> None:
    await trio.to_thread.run_sync(lambda: trio.from_thread.run_sync(lambda: None))


async def another_run_in_a_thread() -> None:
    await trio.to_thread.run_sync(trio.run, trio.sleep, 1)


async def an_open_generator() -> None:
    numbers = _numbers()
    await anext(numbers)
    _kept.append(numbers)


async def a_generator_that_nobody_has() -> None:
    await anext(_numbers())


async def a_finished_generator() -> None:
    numbers = _numbers()
    async for _ in numbers:
        pass
    _kept.append(numbers)


async def _numbers() -> AsyncIterator[int]:
    yield 1
    yield 2


async def hooks_for_generators() -> None:
    _kept.append(sys.get_asyncgen_hooks())


async def an_instrument() -> None:
    trio.lowlevel.add_instrument(trio.abc.Instrument())


async def a_task() -> None:
    _kept.append(trio.lowlevel.current_task())


async def a_child() -> None:
    async def child() -> None:
        _kept.append(trio.lowlevel.current_task())

    async with trio.open_nursery() as nursery:
        nursery.start_soon(child)


async def a_nursery() -> None:
    async with trio.open_nursery() as nursery:
        _kept.append(nursery)


async def an_error() -> None:
    raise ValueError("with its frames")


async def an_error_of_a_child() -> None:
    async with trio.open_nursery() as nursery:
        nursery.start_soon(an_error)


async def the_root_task() -> None:
    _kept.append(trio.lowlevel.current_root_task())


async def its_frames() -> None:
    root = trio.lowlevel.current_root_task()
    assert root is not None
    _kept.extend(frame for frame, _ in root.iter_await_frames())


async def a_weak_reference() -> None:
    _kept.append(weakref.ref(trio.lowlevel.current_root_task()))


async def something_to_sleep_on() -> None:
    root = trio.lowlevel.current_root_task()
    assert root is not None
    root.custom_sleep_data = "left"


async def an_attribute_of_the_outermost_nursery() -> None:
    vars(_own_nursery())["left"] = True


async def a_shield() -> None:
    _own_nursery().cancel_scope.shield = True


async def a_far_deadline() -> None:
    _own_nursery().cancel_scope.deadline = 1000


async def a_cancelled_nursery() -> None:
    _own_nursery().cancel_scope.cancel()


async def a_sibling() -> None:
    _own_nursery().start_soon(trio.sleep, 1)


def _own_nursery() -> trio.Nursery:
    nursery = trio.lowlevel.current_task().parent_nursery
    assert nursery is not None
    return nursery


async def a_callback_of_what_is_freed_with_it() -> None:
    class Rude:
        def __del__(self) -> None:
            trio.lowlevel.current_trio_token().run_sync_soon(_kept.append, "called")

    def abort(_: object) -> trio.lowlevel.Abort:
        trio.lowlevel.reschedule(task, outcome.Value(Rude()))  # with which it takes its last step
        return trio.lowlevel.Abort.FAILED

    task = trio.lowlevel.current_task()
    with trio.move_on_after(1):
        await trio.lowlevel.wait_task_rescheduled(abort)


async def a_network() -> None:
    trio.socket.set_custom_socket_factory(_Network())


class _Network(trio.abc.SocketFactory):
    def socket(self, *_: object, **__: object) -> Any:
        raise AssertionError("of an earlier trial")


async def a_deadlock() -> None:
    await trio.sleep_forever()


async def a_broken_scope() -> None:
    trio.CancelScope().__enter__()


async def a_detached_coroutine() -> None:
    _kept.append(trio.lowlevel.current_task().coro)
    await trio.lowlevel.temporarily_detach_coroutine_object(lambda _: trio.lowlevel.Abort.FAILED)


LEFT = [
    *(a_run_variable, a_token_of_a_run_variable, a_context_variable, a_system_task, a_system_task_that_has_ended),
    *(
        a_system_task_that_crashed,
        a_deadline,
        stale_deadlines,
        a_token,
        a_token_that_nobody_has,
        a_token_in_passing,
        a_callback,
        a_thread,
    ),
    *(another_run_in_a_thread, an_open_generator, a_generator_that_nobody_has, a_finished_generator, hooks_for_generators),
    *(
        an_instrument,
        a_task,
        a_child,
        a_nursery,
        an_error,
        an_error_of_a_child,
        the_root_task,
        its_frames,
        a_weak_reference,
        something_to_sleep_on,
    ),
    *(an_attribute_of_the_outermost_nursery, a_shield, a_far_deadline, a_cancelled_nursery, a_sibling, a_network),
    *(a_callback_of_what_is_freed_with_it, a_deadlock, a_broken_scope, a_detached_coroutine, trio.lowlevel.checkpoint),
]
USED_AGAIN = [
    a_run_variable,
    a_context_variable,
    a_system_task_that_has_ended,
    stale_deadlines,
    a_network,
    a_token_that_nobody_has,
    trio.lowlevel.checkpoint,
]


@pytest.mark.filterwarnings("ignore:Async generator:ResourceWarning")
@pytest.mark.parametrize("leave", LEFT, ids=lambda leave: leave.__name__)
def test_the_next_trial_sees_nothing_of_what_was_left(leave: Callable[[], Any]) -> None:
    """Neither its value nor its digest differs from that of a trial in a new loop, however often that was done."""
    expected = _fresh(look)
    left = []
    for _ in range(3):
        left.append(simulate(leave))  # its value and its error are there while the next one runs
        after = simulate(look)
        assert (after.value, after.digest) == (expected.value, expected.digest)
    assert len({trial.digest for trial in left}) == 1
    assert left[0].digest == _fresh(leave).digest


@pytest.mark.parametrize("leave", USED_AGAIN, ids=lambda leave: leave.__name__)
def test_a_loop_that_nothing_was_done_to_is_used_again(leave: Callable[[], Any]) -> None:
    """What belongs to a program goes with it: variables, timers, tasks that have ended."""
    simulate(leave)
    loop = _spare()
    assert loop is not None
    simulate(leave)
    assert _spare() == loop


async def due_deadlines() -> None:
    _kept.extend(trio.CancelScope(deadline=1).__enter__() for _ in range(2))
    time.sleep(2)  # noqa: ASYNC251  # time passes, and nobody is told


@pytest.mark.parametrize(
    ("leave", "asked"),
    [(due_deadlines, Kind.TIE), (a_token_in_passing, Kind.SCHEDULE), (a_callback_of_what_is_freed_with_it, Kind.SCHEDULE)],
)
def test_what_is_left_has_its_turn_before_the_end(leave: Callable[[], Any], asked: Kind) -> None:
    """Timers that are due fire, and callbacks are called, in any order, although the program has ended."""
    trial = simulate(leave)
    assert [choice.site.kind for choice in trial.choices] == [asked]


def test_an_instrument_sees_the_end_of_the_run() -> None:
    """And that of trio's own task before it."""
    seen: list[str] = []

    class Instrument(trio.abc.Instrument):
        def task_exited(self, task: trio.lowlevel.Task) -> None:
            seen.append(task.name)

        def after_run(self) -> None:
            seen.append("after_run")

    async def program() -> None:
        trio.lowlevel.add_instrument(Instrument())

    simulate(program)
    assert seen[-2:] == ["<init>", "after_run"]


@pytest.mark.parametrize(
    "leave", [a_token, a_task, a_child, a_nursery, an_error_of_a_child, the_root_task, its_frames, a_weak_reference]
)
def test_a_loop_that_somebody_knows_is_not(leave: Callable[[], Any]) -> None:
    """It is closed, and the next trial has another one."""
    trial = simulate(leave)
    generator = SPARE.loops[-1].generator
    assert generator.gi_frame is not None
    simulate(trio.lowlevel.checkpoint)
    assert generator.gi_frame is None
    del trial


def test_what_is_given_up_in_time_does_no_harm() -> None:
    """An error keeps the tasks that it went through, and with it they are gone."""
    trial = simulate(an_error_of_a_child)
    loop = _spare()
    assert trial.ending is Ending.RAISED
    del trial
    simulate(trio.lowlevel.checkpoint)
    assert _spare() == loop


def test_who_is_never_as_new_is_asked_less_and_less(monkeypatch: pytest.MonkeyPatch) -> None:
    """After 1, 3, 7 and then always 7 others, here; and at once again when it was worth the trouble."""
    monkeypatch.setattr(spare, "_LONGEST_PAUSE", 7)
    SPARE.pause = 0

    def taken_down(leave: Callable[[], Any]) -> bool:
        simulate(leave)
        return bool(SPARE.loops)

    assert [number for number in range(30) if taken_down(a_task)] == [0, 2, 6, 14, 22]
    _kept.clear()
    while not taken_down(trio.lowlevel.checkpoint):
        pass
    assert all(taken_down(trio.lowlevel.checkpoint) for _ in range(20))
    simulate(a_deadlock)
    assert taken_down(trio.lowlevel.checkpoint)


def test_a_token_is_good_for_its_own_trial() -> None:
    """In the next one it says that its run has finished, as on stock trio."""

    async def ask_the_old_one() -> None:
        with pytest.raises(trio.RunFinishedError):
            _kept[0].run_sync_soon(print)

    simulate(a_token)
    assert simulate(ask_the_old_one).ending is Ending.RETURNED


def test_a_task_of_an_earlier_trial_can_not_be_woken() -> None:
    """Its loop is gone."""

    async def wake_it() -> None:
        with pytest.raises(AssertionError):
            trio.lowlevel.reschedule(_kept[0])

    simulate(a_task)
    assert simulate(wake_it).ending is Ending.RETURNED


def test_a_killed_trial_leaves_its_loop_to_nobody() -> None:
    """The process is gone, and with it its loop; so is that of what was started afterwards."""

    def killed(site: Site, options: int) -> int:
        return int(site.kind is Kind.CRASH and site.n > 0)

    expected = _fresh(look)
    for recover in (None, look):
        trial = simulate(look, decide=killed, conditions=Conditions(crashes=True), recover=recover)
        assert trial.ending is (Ending.KILLED if recover is None else Ending.RETURNED)
        assert _spare() is None
        assert simulate(look).digest == expected.digest
        SPARE.close()


def test_a_program_that_can_not_be_started_leaves_nothing() -> None:
    """Its error is that of the trial, with each loop."""

    def not_async() -> None:
        raise LookupError("called, not awaited")

    for _ in range(3):
        assert isinstance(simulate(not_async).error, LookupError)  # type: ignore[arg-type]  # that's the point
        assert simulate(look).value == _fresh(look).value


def test_orders_are_the_same_with_loops_old_and_new() -> None:
    """Trials with random answers, one after the other and each in a loop of its own, in three programs by turns."""
    programs = [grid(3, 2), look, a_thread]
    for seed in range(20):
        for program in programs:
            again, anew = simulate(program, decide=random_walk(seed)), _fresh(program, random_walk(seed))
            assert (again.digest, again.choices, again.value) == (anew.digest, anew.choices, anew.value)


def test_a_loop_is_used_in_whichever_thread_the_next_trial_is() -> None:
    """Nothing of a loop at rest belongs to a thread."""
    seen = [(simulate(stale_deadlines).digest, _spare())]
    for _ in range(3):
        thread = threading.Thread(target=lambda: seen.append((simulate(stale_deadlines).digest, _spare())))
        thread.start()
        thread.join()
    assert len(set(seen)) == 1


def test_memory_is_flat_when_loops_can_not_be_used_again() -> None:
    """Those that are closed are freed."""

    def trials(number: int) -> int:
        for _ in range(number):
            simulate(a_task)
            _kept.clear()
            simulate(a_weak_reference)
        _kept.clear()
        gc.collect()
        return len(gc.get_objects())

    before = trials(40)
    assert trials(200) - before < 100


def test_nothing_is_said_at_the_end_of_python() -> None:
    """The loop that rests is closed without a word."""
    code = "import trio, finale_sim; assert finale_sim.simulate(trio.sleep, 1).now_s == 1"
    done = subprocess.run([sys.executable, "-X", "dev", "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


# The proof itself -------------------------------------------------------------------------------------------------------


class _Thing:
    """Of a module that counts as the kernel's."""

    __module__ = "finale_sim.kernel.tests"

    def __init__(self) -> None:
        self.inside = {"some": ["thing"]}
        self.number = 1


def _changes() -> dict[str, Callable[[_Thing], object]]:
    return {
        "a reference": _kept.append,
        "a reference to what is inside": lambda thing: _kept.append(thing.inside["some"]),
        "a weak reference": lambda thing: _kept.append(weakref.ref(thing)),
        "another value": lambda thing: setattr(thing, "number", 2),
        "another attribute": lambda thing: setattr(thing, "more", 2),
        "one attribute less": lambda thing: delattr(thing, "number"),
        "more inside": lambda thing: thing.inside["some"].append("more"),
    }


def _as_new_after(change: Callable[[_Thing], object]) -> bool:
    kept = Kept(_Thing())
    kept.take_down()
    change(kept._things[0])  # type: ignore[arg-type]  # it was given
    return kept.as_new()


@pytest.mark.parametrize("change", _changes())
def test_what_is_known_to_others_or_was_changed_is_not_as_new(change: str) -> None:
    """Whatever it is: nothing of it is named."""
    assert not _as_new_after(_changes()[change])


def test_what_was_only_looked_at_is_as_new() -> None:
    """A reference that is gone leaves no trace."""
    assert _as_new_after(lambda thing: (thing.number, [*thing.inside]))
