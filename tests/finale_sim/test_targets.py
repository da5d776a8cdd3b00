"""What a user may name, and the one line that everything else gets."""

import dataclasses
import functools
import inspect
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import trio

from finale_sim.targets import BadTarget, as_program_function, coordinator_factory, load, load_with


@pytest.fixture(autouse=True)
def _as_it_was(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """Each test has a folder, a search path and a table of modules of its own."""
    monkeypatch.chdir(tmp_path)
    before = set(sys.modules)
    monkeypatch.setattr(sys, "path", list(sys.path))
    yield
    for name in set(sys.modules) - before:
        del sys.modules[name]


def write(text: str, name: str = "mine.py") -> str:
    Path(name).parent.mkdir(parents=True, exist_ok=True)
    Path(name).write_text(text, encoding="utf-8")
    return name


def refusal(function: Callable[..., Any], *args: Any) -> str:
    """The message of the refusal: one line."""
    with pytest.raises(BadTarget) as caught:
        function(*args)
    message = str(caught.value)
    assert len(message.splitlines()) == 1, message
    return message


# Finding ---------------------------------------------------------------------------------------------------------------


def test_a_file_or_a_module_is_found() -> None:
    """By path, by path with folders, by dotted name; attributes of attributes too."""
    write("class A:\n    class B:\n        x = 1\n", "deep/mine.py")
    write("y = 2\n", "deep/__init__.py")
    assert load("deep/mine.py:A.B.x") == ("A.B.x", 1)
    assert load("deep.mine:A.B.x") == ("A.B.x", 1)
    assert load("deep:y") == ("y", 2)
    assert load("os.path:join")[0] == "join"


def test_a_file_may_import_its_neighbours() -> None:
    """As if it were run with python, and its dataclasses and its ``__name__`` work."""
    write("value = 7\n", "deep/neighbour.py")
    write(
        "import dataclasses, neighbour\n@dataclasses.dataclass(slots=True)\nclass D:\n    v: int = neighbour.value\n",
        "deep/mine2.py",
    )
    assert load("deep/mine2.py:D")[1]().v == 7


def test_a_file_never_takes_the_place_of_another_module() -> None:
    """A user's queue.py is loaded, and everybody else's ``queue`` is what it was."""
    import queue  # noqa: PLC0415

    write("mine = True\n", "queue.py")
    assert load("queue.py:mine") == ("mine", True)
    assert sys.modules["queue"] is queue


@pytest.mark.parametrize("crash", ["mine.py:recover", "recover"])
def test_what_is_run_afterwards_is_of_the_same_import(crash: str) -> None:
    """Two names of one file share what else is in it; without a colon, a name is one beside the target."""
    write("class A: ...\nwork = A()\nrecover = A\n")
    label, work, recover = load_with("mine.py:work", crash)
    assert label == "work"
    assert type(work) is recover


def test_what_is_run_afterwards_may_be_elsewhere_or_not_at_all() -> None:
    """In another file, in a module; and nothing goes without a target."""
    write("x = 1\n")
    assert load_with("mine.py:x", "os.path:join")[1:] == (1, load("os.path:join")[1])
    assert load_with("mine.py:x", None) == ("x", 1, None)
    assert load_with(None, None) == ("", None, None)
    assert refusal(load_with, None, "mine.py:x").startswith("say what is killed before mine.py:x is run")
    assert refusal(load_with, "mine.py:x", "y") == "mine.py has no 'y'"


@pytest.mark.parametrize("target", ["", "module", ":attr", "module:", "file.py", ":", "a.py:"])
def test_what_is_no_target_is_told_how_one_looks(target: str) -> None:
    """The text, and both forms."""
    assert refusal(load, target) == f"{target!r} is no target; write module:attr or path/to/file.py:attr"


BROKEN = {
    "raise ValueError('no\\nway')": "importing mine.py failed: ValueError: no",
    "import sys; sys.exit(3)": "importing mine.py failed: SystemExit: 3",
    "def broken(:\n": "importing mine.py failed: SyntaxError: invalid syntax (mine.py, line 1)",
    "import nonesuch_module": "importing mine.py failed: ModuleNotFoundError: No module named 'nonesuch_module'",
    "class E(Exception):\n    def __str__(self): raise E\nraise E": "importing mine.py failed: E: its message can't be read",
    "raise BaseException": "importing mine.py failed: BaseException: ",
}


@pytest.mark.parametrize("text", BROKEN)
def test_a_file_that_cannot_be_imported_is_told_why(text: str) -> None:
    """The first line of the error, whatever kind it is."""
    assert refusal(load, f"{write(text)}:x") == BROKEN[text]


def test_a_missing_thing_is_named() -> None:
    """File, module, submodule and attribute; a near miss is suggested."""
    write(
        "class Coordinator: ...\nboom = property(lambda self: 1 / 0)\nclass P:\n    x = property(lambda self: 1 / 0)\np = P()\n"
    )
    assert refusal(load, "nope.py:x") == "there is no file 'nope.py'"
    assert refusal(load, ".:x").startswith("there is no module '.'") or "importing . failed" in refusal(load, ".:x")
    assert refusal(load, "nope:x").startswith("there is no module 'nope' here or on sys.path; for a file, write")
    assert refusal(load, "os.nope:x").startswith("there is no module 'os.nope'") or "os.nope" in refusal(load, "os.nope:x")
    assert refusal(load, "mine.py:Coordnator") == "mine.py has no 'Coordnator'; did you mean 'Coordinator'?"
    assert refusal(load, "mine.py:zzz") == "mine.py has no 'zzz'"
    assert refusal(load, "mine.py:p.x") == "p.x of mine.py can't be read: ZeroDivisionError: division by zero"
    Path("folder.py").mkdir()
    assert refusal(load, "folder.py:x") == "there is no file 'folder.py'"


def test_ctrl_c_during_an_import_stays_one() -> None:
    """It is no error of the module."""
    with pytest.raises(KeyboardInterrupt):
        load(f"{write('raise KeyboardInterrupt')}:x")


# Programs --------------------------------------------------------------------------------------------------------------


async def program() -> str:
    return "done"


async def with_default(text: str = "done") -> str:
    return text


class Callable_:  # noqa: N801
    async def __call__(self) -> str:
        return "done"

    async def method(self) -> str:
        return "done"


def sync() -> None: ...


async def generator() -> Any:
    yield 1


@functools.wraps(program)
def plainly_wrapped() -> Any:
    return program()


@pytest.mark.parametrize(
    "target",
    [program, with_default, Callable_(), Callable_().method, functools.partial(with_default, text="done")],
    ids=["function", "default", "instance", "method", "partial"],
)
def test_async_functions_of_every_kind_are_programs(target: Any) -> None:
    """Whatever gives a coroutine without arguments."""
    assert trio.run(as_program_function("x", target)) == "done"


@pytest.mark.parametrize(
    ("target", "says"),
    [
        (sync, "x is a plain function, no async function; write 'async def x()', or wrap it in one"),
        (generator, "x is an async generator, no async function; write 'async def x()', or wrap it in one"),
        (plainly_wrapped, "x is a plain function, no async function; write 'async def x()', or wrap it in one"),
        (Callable_, "x is the class Callable_, no async function; write 'async def x()', or wrap it in one"),
        (5, "x is the int 5; explore takes an async function without parameters"),
        (None, "x is None; explore takes an async function without parameters"),
        (sys, "x is a module (sys); explore takes an async function without parameters"),
        (object(), "x is an object of type object; explore takes an async function without parameters"),
        (Callable_.method, "x wants self; explore calls it without arguments: give them defaults, or wrap it"),
    ],
)
def test_what_is_no_program_is_told_so(target: Any, says: str) -> None:
    """What it is, and what to write."""
    assert refusal(as_program_function, "x", target) == says


# Coordinators ----------------------------------------------------------------------------------------------------------


class Good:
    def __init__(self) -> None:
        self.calls = 0

    async def run(self, request: Any, ctx: Any) -> str:
        self.calls += 1
        return f"call {self.calls}"


@dataclasses.dataclass(frozen=True)
class Frozen:
    name: str = "x"

    async def run(self, request: Any, ctx: Any) -> str:
        return "call 1"


async def function(request: Any, ctx: Any) -> str:
    return "call 1"


async def three(request: Any, ctx: Any, calls: int) -> str:
    return f"call {calls}"


class CallableCoordinator:
    calls = 0

    async def __call__(self, request: Any, ctx: Any) -> str:
        self.calls += 1
        return f"call {self.calls}"


def closure() -> Any:
    calls: list[int] = []

    async def run(request: Any, ctx: Any) -> str:
        calls.append(1)
        return f"call {len(calls)}"

    return run


def plain_wrapper(function: Any) -> Any:
    @functools.wraps(function)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        return function(*args, **kwargs)

    return wrapper


class Wrapped:
    @plain_wrapper
    async def run(self, request: Any, ctx: Any) -> str:
        return "call 1"


class Varargs:
    async def run(self, *args: Any, **kwargs: Any) -> str:
        return "call 1"


def plain_factory() -> Good:
    return Good()


@pytest.mark.parametrize(
    "target",
    [Good, Good(), plain_factory, Frozen, Frozen(), function, functools.partial(three, calls=1), CallableCoordinator(),
     CallableCoordinator, closure, Good().run, Wrapped, Varargs, lambda: function],
)  # fmt: skip
def test_coordinators_of_every_kind_are_made_anew_for_each_trial(target: Any) -> None:
    """A class, instance, factory, function, partial, bound method or closure; none sees what another one did."""
    make = coordinator_factory("x", target)
    for _ in range(2):
        assert trio.run(make().run, None, None) == "call 1"  # type: ignore[arg-type]


def test_what_cannot_be_copied_is_shared() -> None:
    """An instance that holds a lock is used as it is."""

    class Holding(Good):
        def __deepcopy__(self, memo: Any) -> Any:
            raise TypeError("no copies")

    instance = Holding()
    assert coordinator_factory("x", instance)() is instance


class NoRun: ...


class RunIsNone:
    run = None


class Generator:
    async def run(self, request: Any, ctx: Any) -> Any:
        yield 1


class OneArgument:
    async def run(self, request: Any) -> None: ...


class Needs:
    def __init__(self, model: str, key: str) -> None: ...
    async def run(self, request: Any, ctx: Any) -> None: ...


def fails() -> Any:
    raise OSError("no\nkey")


def leaves() -> Any:
    sys.exit(0)


async def keyword_only(request: Any, ctx: Any, *, db: Any) -> None: ...


def sync_coordinator(request: Any, ctx: Any) -> None: ...


@pytest.mark.parametrize(
    ("target", "says"),
    [
        (NoRun, "x gives an object of type NoRun, no coordinator: it has no async method run(request, ctx)"),
        (NoRun(), "x is an object of type NoRun, no coordinator: it has no async method run(request, ctx)"),
        (RunIsNone, "x gives an object of type RunIsNone, no coordinator: it has no async method run(request, ctx)"),
        (Generator, "x: run is an async generator; report with ctx.progress(…) instead of yield, and return the answer"),
        (OneArgument, f"x: run{inspect.signature(OneArgument().run)} does not take (request, ctx)"),
        (Needs, "x wants model, key; check makes one for each trial: name a factory without parameters"),
        (fails, "x() failed: OSError: no"),
        (leaves, "x() failed: SystemExit: 0"),
        (three, f"x{inspect.signature(three)} is no coordinator; write 'async def x(request, ctx)'"),
        (program, f"x{inspect.signature(program)} is no coordinator; write 'async def x(request, ctx)'"),
        (keyword_only, f"x{inspect.signature(keyword_only)} is no coordinator; write 'async def x(request, ctx)'"),
        (plainly_wrapped, "x() is async and takes no request; write 'async def x(request, ctx)'"),
        (sync, "x gives None, no coordinator: it has no async method run(request, ctx)"),
        (sync_coordinator, "x wants request, ctx and is a plain function, no async function; write 'async def x(request, ctx)'"),
        (lambda: 7, "x gives the int 7, no coordinator: it has no async method run(request, ctx)"),
        ("text", "x is the str 'text', no coordinator: it has no async method run(request, ctx)"),
        (None, "x is None, no coordinator: it has no async method run(request, ctx)"),
        (sys, "x is a module (sys), no coordinator: it has no async method run(request, ctx)"),
    ],
)
def test_what_is_no_coordinator_is_told_so(target: Any, says: str) -> None:
    """What it is, what is missing, and what to write."""
    assert refusal(coordinator_factory, "x", target) == says


@pytest.mark.parametrize("use", [as_program_function, coordinator_factory])
def test_a_simulated_test_with_fixtures_is_sent_to_pytest(use: Callable[..., Any]) -> None:
    """Nobody else can make them."""

    @pytest.mark.simulate
    async def test_pool(pool: object) -> None: ...

    said = (
        "test_pool is a simulated test that takes fixtures of pytest's (pool), so pytest explores it, and replays what it found: "
    )
    assert refusal(use, "test_pool", test_pool) == f"{said}pytest FILE::test_pool --sim-token TOKEN"
