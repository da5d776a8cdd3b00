"""What a canary is."""

import inspect
import textwrap
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager, ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any
from unittest.mock import patch

from finale import RunComplete, RunHandle, Workspace, open_workspace

__all__ = ["Canary", "Overlay", "in_front", "rewritten", "waiting"]


@dataclass(frozen=True, slots=True)
class Canary:
    """A deliberate bug. The ``oracle`` that is named must catch it; the ``scenario`` that is named shows it soon.

    It is in front of the SDK, in what ``workspace`` opens instead of ``finale.open_workspace``, or inside it: ``changes`` are
    (owner, attribute, broken replacement), what a careless hand would have written there.

    The real bugs are those of the server of charmbracelet/crush, a program in Go that dispatches prompts as finale does.
    """

    name: str
    about: str
    oracle: str
    scenario: str
    symptom: str  #: what a user saw or would see of it
    immune: str  #: why finale cannot have it
    case: str = ""  #: the real bug that it re-creates; "": it was made up to trip the oracle
    commit: str = ""  #: where that bug was put right in its project; "": it was still there when it was read
    changes: tuple[tuple[Any, str, Any], ...] = ()
    workspace: Callable[..., AbstractAsyncContextManager[Any]] = open_workspace

    @contextmanager
    def released(self) -> Iterator[Callable[..., AbstractAsyncContextManager[Any]]]:
        """What opens a broken workspace. While this is entered, the SDK of this process has the ``changes``."""
        with ExitStack() as stack:
            for owner, attribute, broken in self.changes:
                stack.enter_context(patch.object(owner, attribute, broken))
            yield self.workspace


class Overlay:
    """``inner``, with some of its attributes replaced."""

    def __init__(self, inner: Any, **replaced: Any) -> None:
        self._inner = inner
        vars(self).update(replaced)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)


def in_front(face: Callable[[Workspace], Any]) -> Callable[..., AbstractAsyncContextManager[Any]]:
    """Opens a sound workspace, and gives what ``face`` makes of it."""

    @asynccontextmanager
    async def opens(coordinator: Any, **options: Any) -> AsyncIterator[Any]:
        async with open_workspace(coordinator, **options) as workspace:
            yield face(workspace)

    return opens


def waiting(wait: Callable[[Workspace, RunHandle], Awaitable[RunComplete]]) -> Callable[..., AbstractAsyncContextManager[Any]]:
    """Opens a sound workspace whose clients wait for their runs in a way of their own."""

    def face(workspace: Workspace) -> Overlay:
        def submit(*args: Any, **options: Any) -> Overlay:
            run = workspace.submit(*args, **options)
            return Overlay(run, wait=partial(wait, workspace, run))

        return Overlay(workspace, submit=submit)

    return in_front(face)


def rewritten(function: Callable[..., Any], sound: str, broken: str) -> Callable[..., Any]:
    """The same function with one piece of its source replaced, so that the canary follows the product.

    Raises:
        ValueError: the piece does not occur exactly once; the product has changed, and so must the canary.
    """
    source = textwrap.dedent(inspect.getsource(function))
    if source.count(sound) != 1:
        raise ValueError(f"{function.__qualname__} has {source.count(sound)} times {sound!r}; this canary wants it once")
    names: dict[str, Any] = {}
    code = compile(source.replace(sound, broken), f"<{function.__qualname__}, broken>", "exec")
    exec(code, inspect.unwrap(function).__globals__, names)  # noqa: S102  # our own source
    replacement: Callable[..., Any] = names[function.__name__]
    return replacement
