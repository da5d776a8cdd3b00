"""Randomness and unique ids: drawn from one generator per trial, which is the same in every trial."""

import os
import random
import uuid
from collections.abc import Callable, Iterator
from functools import wraps
from typing import Any

from finale_sim.kernel.context import Context, here
from finale_sim.kernel.escapes.clocks import EPOCH_S

__all__ = ["table"]

_GREGORIAN_OFFSET = 0x01B21DD213814000  # 100 ns intervals from 1582-10-15 to 1970-01-01, RFC 9562
_TICKS = 10_000_000
_NODE = 0x02_66_69_6E_61_6C  # locally administered

_MODULE_FUNCTIONS = (
    "betavariate", "binomialvariate", "choice", "choices", "expovariate", "gammavariate", "gauss", "getrandbits", "getstate",
    "lognormvariate", "normalvariate", "paretovariate", "randbytes", "randint", "random", "randrange", "sample", "seed",
    "setstate", "shuffle", "triangular", "uniform", "vonmisesvariate", "weibullvariate",
)  # fmt: skip


def table() -> Iterator[tuple[Any, str, Callable[..., Any]]]:
    """What to replace: owner, name, replacement."""
    for name in _MODULE_FUNCTIONS:
        if hasattr(random, name):  # binomialvariate is from 3.12
            yield random, name, _module_function(getattr(random, name))
    yield random.Random, "seed", _seed(random.Random.seed)
    yield random, "_urandom", _urandom(os.urandom)
    yield os, "urandom", _urandom(os.urandom)
    yield uuid, "uuid1", _uuid1(uuid.uuid1)


def _module_function(original: Callable[..., Any]) -> Callable[..., Any]:
    name = original.__name__

    @wraps(original)
    def function(*args: Any, **kwargs: Any) -> Any:
        trial = here.trial
        return original(*args, **kwargs) if trial is None else getattr(trial.random, name)(*args, **kwargs)

    return function


def _seed(original: Callable[..., None]) -> Callable[..., None]:
    @wraps(original)
    def seed(self: random.Random, a: Any = None, version: int = 2) -> None:
        trial = here.trial
        if a is None and trial is not None:
            a = trial.random.getrandbits(128)
        original(self, a, version)

    return seed


def _urandom(original: Callable[[int], bytes]) -> Callable[[int], bytes]:
    @wraps(original)
    def urandom(size: int, /) -> bytes:
        trial = here.trial
        return original(size) if trial is None else trial.random.randbytes(size)

    return urandom


def _uuid1(original: Callable[..., uuid.UUID]) -> Callable[..., uuid.UUID]:
    @wraps(original)
    def uuid1(node: int | None = None, clock_seq: int | None = None) -> uuid.UUID:
        trial = here.trial
        if trial is None:
            return original(node, clock_seq)
        return _time_based(trial, _NODE if node is None else node, clock_seq or 0)

    return uuid1


def _time_based(trial: Context, node: int, clock_seq: int) -> uuid.UUID:
    trial.serial += 1  # so that two ids of one instant differ
    ticks = round((EPOCH_S + trial.clock.now) * _TICKS) + _GREGORIAN_OFFSET + trial.serial
    low, mid, high = ticks & 0xFFFF_FFFF, ticks >> 32 & 0xFFFF, ticks >> 48 & 0x0FFF
    return uuid.UUID(fields=(low, mid, high, clock_seq >> 8 & 0x3F, clock_seq & 0xFF, node), version=1)
