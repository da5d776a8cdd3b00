"""What a request interrupts is cancelled before the request is looked at."""

from finale.ledger import Ledger
from finale_sim.canaries.canary import Canary, rewritten

__all__ = ["CANARY"]

CANARY = Canary(
    "makes room first",
    "a request that is refused has cancelled what it was to interrupt",
    "right refusal",
    "refused",
    changes=(
        (
            Ledger,
            "submit",
            rewritten(
                Ledger.submit,
                "    self._admit(request, when_busy)\n",
                "    if when_busy == 'interrupt':\n        self._supersede(request, at)\n    self._admit(request, when_busy)\n",
            ),
        ),
    ),
    symptom="An empty prompt is turned down, and the work that was going on is gone all the same.",
    immune="What can raise comes before the first change; behind it nothing raises.",
)
