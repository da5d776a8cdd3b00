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
}


@pytest.mark.skipif(trio.__version__ != "0.35.0", reason="the refactorings are written for the text of trio 0.35.0")
@pytest.mark.parametrize("refactoring", REFACTORINGS)
def test_a_refactored_trio_is_refused_loudly(refactoring: str, tmp_path: Path) -> None:
    """Each plausible change of trio's inside ends in KernelUnsupported with the version and the remedy, and never hangs."""
    copy = tmp_path / "trio"
    shutil.copytree(Path(trio.__file__).parent, copy, ignore=shutil.ignore_patterns("_tests", "__pycache__"))
    for name, before, after in REFACTORINGS[refactoring]:
        text = (copy / name).read_text()
        assert before in text
        (copy / name).write_text(text.replace(before, after))
    code = (
        "import trio, sys\n"
        f"assert trio.__file__.startswith({str(tmp_path)!r})\n"
        "try:\n"
        "    from finale_sim.kernel import simulate\n"
        "    async def program(): return 'unnoticed'\n"
        "    print(simulate(program).value)\n"
        "except Exception as error: print(type(error).__name__, str(error))\n"
    )
    path = os.pathsep.join([str(tmp_path), *sys.path])
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={**os.environ, "PYTHONPATH": path},
    )
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
