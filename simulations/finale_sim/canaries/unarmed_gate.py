"""A run waits until the program has said that it is ready, and here nobody ever says so."""

import trio

from finale import executor
from finale.context import Context
from finale.coordinator import Coordinator
from finale.events import Request
from finale_sim.canaries.canary import Canary

__all__ = ["CANARY"]


async def _gated_work(coordinator: Coordinator, request: Request, ctx: Context) -> object:
    await trio.Event().wait()
    raise AssertionError(f"{coordinator} opened the gate for {request} and {ctx}")


CANARY = Canary(
    "unarmed gate",
    "a run waits for a signal that nobody will give",
    "I1 one terminal",
    "one prompt",
    changes=((executor, "_work", _gated_work),),
    symptom="Every prompt hangs where the program was put together in another way than usual.",
    immune="The workspace knows no readiness of its own: what a run needs, its coordinator prepares, inside the run.",
    case="init-gate-never-armed",
    commit="009ce6218",
)
