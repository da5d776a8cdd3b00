"""A coordinator that tries again: several attempts of another coordinator look like one run."""

import math
from typing import Any

import trio

from finale.coordinator import Coordinator, CoordinatorFunction, RunContext, as_coordinator
from finale.errors import ContractViolation, FinaleError
from finale.events import Request

__all__ = ["RetriesExhausted", "Retrying"]


class RetriesExhausted(FinaleError):
    """All attempts failed. ``errors`` tells of each in its order; the last one's exception is the ``__cause__``."""

    def __init__(self, *errors: str) -> None:
        super().__init__(*errors)
        self.errors = errors

    def __str__(self) -> str:
        told = "; ".join(f"{number}: {error}" for number, error in enumerate(self.errors, 1))
        return f"{len(self.errors)} attempts failed: {told}"


class Retrying:
    """Calls ``coordinator`` until it does not fail, at most ``attempts`` times, with a pause after each failure.

    Each attempt prepares again. Between two attempts the run reports ``{"attempt": n, "of": attempts, "error": "…"}``, of the one
    that failed. The first pause takes ``backoff_s`` seconds, each further one ``factor`` times as long, up to ``max_backoff_s``.
    A cancel ends the run at once, wherever it is. Prompts that an attempt has folded in are handed to the next one again.

    Not tried again: an error that is no ``retry_on``, a broken contract, and what comes after ``ctx.complete()``. These are the
    run's own errors; a failed last attempt is a ``RetriesExhausted``.

    Raises:
        ValueError: a number is out of its range.
        TypeError: ``coordinator`` is none.
    """

    def __init__(
        self,
        coordinator: Coordinator | CoordinatorFunction,
        attempts: int = 3,
        backoff_s: float = 0.5,
        factor: float = 2.0,
        max_backoff_s: float = 30.0,
        retry_on: type[Exception] | tuple[type[Exception], ...] = Exception,
    ) -> None:
        for name, value, least in (("attempts", attempts, 1), ("backoff_s", backoff_s, 0), ("factor", factor, 0)):
            if not least <= value < math.inf:
                raise ValueError(f"{name} is {value!r}; it must be at least {least}")
        if not max_backoff_s >= 0:
            raise ValueError(f"max_backoff_s is {max_backoff_s!r}; it must be at least 0")
        self._coordinator = as_coordinator(coordinator)
        self._attempts = attempts
        self._backoff_s = backoff_s
        self._factor = factor
        self._max_backoff_s = max_backoff_s
        self._retry_on = retry_on

    async def run(self, request: Request, ctx: RunContext) -> str | None:
        """One run, of one attempt or several."""
        shared = _Shared(ctx)
        errors: list[str] = []
        pause_s = self._backoff_s
        while True:
            try:
                return await self._attempt(request, shared)
            except ContractViolation:
                raise
            except self._retry_on as error:
                if shared.completed or trio.current_effective_deadline() == -math.inf:
                    raise  # it is about what was done after the ending, or on the way out of a cancelled run
                errors.append(_in_words(error))
                if len(errors) >= self._attempts:
                    raise RetriesExhausted(*errors) from error
            await ctx.progress({"attempt": len(errors), "of": self._attempts, "error": errors[-1]})
            await trio.sleep(min(pause_s, self._max_backoff_s))
            pause_s = min(pause_s * self._factor, self._max_backoff_s)
            shared.begin_again()

    async def _attempt(self, request: Request, ctx: RunContext) -> str | None:
        prepare = getattr(self._coordinator, "prepare", None)
        if prepare is not None:
            await prepare()
        call = self._coordinator.run(request, ctx)
        if not hasattr(call, "__await__"):
            raise ContractViolation(f"run(request, ctx) must be async; it returned {type(call).__name__}: {call!r:.200}")
        return await call


class _Shared:
    """The run's context, as its attempts see it: it notes an early ending, and hands folded prompts to each attempt."""

    def __init__(self, ctx: RunContext) -> None:
        self.completed = False
        self._ctx = ctx
        self._taken: list[Request] = []
        self._handed = 0  # to this attempt

    def begin_again(self) -> None:
        self._handed = 0

    @property
    def run_id(self) -> str:
        return self._ctx.run_id

    @property
    def session(self) -> str:
        return self._ctx.session

    async def progress(self, payload: Any) -> None:
        await self._ctx.progress(payload)

    def progress_nowait(self, payload: Any) -> None:
        self._ctx.progress_nowait(payload)

    def take_folded(self) -> list[Request]:
        self._taken += self._ctx.take_folded()
        fresh, self._handed = self._taken[self._handed :], len(self._taken)
        return fresh

    def complete(self, text: str | None = None) -> None:
        self._ctx.complete(text)
        self.completed = True


def _in_words(error: Exception) -> str:
    try:
        return f"{type(error).__name__}: {error!s:.500}"
    except Exception:  # noqa: BLE001  # the __str__ of somebody else's exception may raise anything
        return type(error).__name__
