"""The self-test notices when trio is no longer what the kernel was made for."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import trio

from finale_sim.kernel import selftest, simulate
from finale_sim.kernel.selftest import check_kernel


@pytest.fixture(autouse=True)
def _prepared() -> None:
    """The kernel is in place, as before any trial."""
    simulate(trio.sleep, 0)


_RUN = "_core/_run.py"

REFACTORINGS = {
    "the run queue is swapped for a new one": [
        (
            _RUN,
            "            batch = list(runner.runq)\n            runner.runq.clear()\n",
            "            batch, runner.runq = list(runner.runq), deque()\n",
        )
    ],
    "a step is skipped when one was taken recently": [
        (
            "_core/_traps.py",
            "    (await _async_yield(CancelShieldedCheckpoint)).unwrap()\n",
            (
                "    me = cancel_shielded_checkpoint; me.n = getattr(me, 'n', 0) + 1\n"
                "    if me.n % 2: (await _async_yield(CancelShieldedCheckpoint)).unwrap()\n"
            ),
        )
    ],
    "Deadlines is renamed": [
        (_RUN, "class Deadlines:", "class DeadlineHeap:"),
        (_RUN, "attrs.Factory(Deadlines)", "attrs.Factory(DeadlineHeap)"),
        (_RUN, "deadlines: Deadlines", "deadlines: DeadlineHeap"),
    ],
    "the runner has a new required field": [
        (
            _RUN,
            "    strict_exception_groups: bool\n\n    # Run-local",
            "    strict_exception_groups: bool\n    novelty: int\n\n    # Run-local",
        )
    ],
    "a keyword is renamed": [
        (_RUN, "    runq: deque[Task] = attrs", "    run_queue: deque[Task] = attrs"),
        (_RUN, ".runq", ".run_queue"),
    ],
    "deadlines expire on a call of another name": [(_RUN, "runner.deadlines.expire(now)", "runner.deadlines.expire_due(now)")],
    "the clock is asked in another way": [
        (_RUN, "runner.clock.deadline_to_sleep_time(deadline)", "runner.clock.sleep_time_until(deadline)")
    ],
    "tasks are born elsewhere": [(_RUN, "        self.tasks.add(task)\n", "        self.tasks |= {task}\n")],
    "cancellation keeps its tasks in a list": [
        (
            _RUN,
            "    _tasks: set[Task] = attrs.field(factory=set, init=False, repr=False)",
            "    _members: set[Task] = attrs.field(factory=set, init=False, repr=False)",
        ),
        (_RUN, "._tasks", "._members"),
    ],
    "cancellation reaches the youngest first": [(_RUN, "in current._tasks:\n", "in reversed(list(current._tasks)):\n")],
    "threads start another way": [
        (
            "_threads.py",
            "            start_thread_soon(worker_fn",
            "            from ._core._thread_cache import THREAD_CACHE\n            THREAD_CACHE.start_thread_soon(worker_fn",
        )
    ],
    "callbacks go round the queue": [
        (
            "_core/_entry_queue.py",
            "        self._reentry_queue.run_sync_soon(sync_fn, *args, idempotent=idempotent)",
            "        self._reentry_queue.urgent.append((sync_fn, args))",
        )
    ],
    "a step may be taken again at once": [
        (
            _RUN,
            "is CancelShieldedCheckpoint:\n                        runner.reschedule(task)\n",
            "is CancelShieldedCheckpoint:\n                        runner.reschedule(task); batch.append(runner.runq.pop())\n",
        )
    ],
    "wait_readable asks another object": [
        ("_core/_generated_io_epoll.py", "runner.io_manager.wait_readable(fd)", "runner.selector.wait_readable(fd)")
    ],
    "idle waiters are kept elsewhere": [(_RUN, "waiting_for_idle", "idle_waiters")],
    "tasks leave the queue one by one": [
        (
            _RUN,
            "            batch = list(runner.runq)\n            runner.runq.clear()\n",
            "            batch = [runner.runq.popleft()]\n",
        )
    ],
    "who becomes runnable goes to the front": [(_RUN, "self.runq.append(task)", "self.runq.appendleft(task)")],
    "threads are started under another name": [
        ("_threads.py", "    start_thread_soon,\n", "    start_thread_soon as launch_thread,\n"),
        ("_threads.py", "            start_thread_soon(worker_fn", "            launch_thread(worker_fn"),
    ],
}

HARMLESS = {
    "every round is taken backwards": [(_RUN, "if _r.random() < 0.5:", "if True:")],
    "rounds are taken from their other end": [(_RUN, "task = batch.pop()", "task = batch.pop(0)")],
    "_registered_deadline is renamed": [(_RUN, "_registered_deadline", "_known_deadline")],
}

written_for_this_trio = pytest.mark.skipif(
    trio.__version__ != "0.35.0", reason="the refactorings are written for the text of trio 0.35.0"
)


def refactored_trio(changes: list[tuple[str, str, str]], folder: Path) -> None:
    """A copy of the installed trio with these texts replaced."""
    copy = folder / "trio"
    shutil.copytree(Path(trio.__file__).parent, copy, ignore=shutil.ignore_patterns("_tests", "__pycache__"))
    for name, before, after in changes:
        text = (copy / name).read_text()
        assert before in text
        (copy / name).write_text(text.replace(before, after))


def python_with(folder: Path, code: str) -> subprocess.CompletedProcess[str]:
    """Run code with the trio in this folder."""
    return subprocess.run(
        [sys.executable, "-W", "ignore", "-c", f"import trio\nassert trio.__file__.startswith({str(folder)!r})\n{code}"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(folder), *sys.path])},
    )


_DIGESTS = """
import random
from finale_sim.kernel import simulate

async def worker(lock, nap):
    for _ in range(3):
        with trio.move_on_after(2):
            async with lock:
                await trio.sleep(nap)

async def program():
    lock = trio.Lock()
    async with trio.open_nursery() as nursery:
        for nap in range(4):
            nursery.start_soon(worker, lock, nap)

def digest(seed):
    source = random.Random(seed)
    return simulate(program, decide=lambda site, options: source.randrange(options)).digest

print([digest(seed) for seed in range(20)])
"""


@written_for_this_trio
@pytest.mark.parametrize("refactoring", HARMLESS)
def test_what_changes_nothing_for_a_trial_is_not_refused(refactoring: str, tmp_path: Path) -> None:
    """A trio that is different where a trial doesn't depend on it gives the same digests."""
    refactored_trio(HARMLESS[refactoring], tmp_path / "changed")
    refactored_trio([], tmp_path / "same")
    changed, same = (python_with(tmp_path / name, _DIGESTS) for name in ("changed", "same"))
    assert changed.stdout, changed.stderr
    assert changed.stdout == same.stdout


@written_for_this_trio
@pytest.mark.parametrize("refactoring", REFACTORINGS)
def test_a_refactored_trio_is_refused_loudly(refactoring: str, tmp_path: Path) -> None:
    """Each plausible change of trio's inside ends in KernelUnsupported with the version and the remedy, and never hangs."""
    refactored_trio(REFACTORINGS[refactoring], tmp_path)
    code = (
        "try:\n"
        "    from finale_sim.kernel import simulate\n"
        "    async def program(): return 'unnoticed'\n"
        "    print(simulate(program).value)\n"
        "except Exception as error: print(type(error).__name__, str(error))\n"
    )
    done = python_with(tmp_path, code)
    assert done.stdout.startswith("KernelUnsupported finale_sim can't control trio 0.35.0: "), done.stdout + done.stderr
    assert "pip install 'trio>=0.22.1,<=0.35.0'" in done.stdout


def test_the_installed_trio_passes() -> None:
    """And it can be asked again."""
    check_kernel()


@pytest.mark.parametrize("name", list(selftest._CHECKS))
def test_every_check_counts(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A check that finds something else, or fails, is named."""
    monkeypatch.setitem(selftest._CHECKS, name, lambda: ("this", "that"))
    with pytest.raises(RuntimeError, match=f"'{name}' found 'this' where 'that' is right"):
        check_kernel()
    monkeypatch.setitem(selftest._CHECKS, name, lambda: (1 // 0, 0))
    with pytest.raises(RuntimeError, match=f"'{name}' failed with ZeroDivisionError"):
        check_kernel()
