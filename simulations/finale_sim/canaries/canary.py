"""What a canary is."""

import inspect
import textwrap
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any
from unittest.mock import patch

__all__ = ["Canary", "rewritten"]


@dataclass(frozen=True, slots=True)
class Canary:
    """A deliberate bug in the SDK. The ``oracle`` that is named must catch it; the ``scenario`` that is named shows it soon.

    ``changes`` are (owner, attribute, broken replacement): what a careless hand would have written there.
    """

    name: str
    about: str
    oracle: str
    scenario: str
    changes: tuple[tuple[Any, str, Any], ...]

    @contextmanager
    def released(self) -> Iterator[None]:
        """While this is entered, the SDK of this process is broken in this way."""
        with ExitStack() as stack:
            for owner, attribute, broken in self.changes:
                stack.enter_context(patch.object(owner, attribute, broken))
            yield


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
