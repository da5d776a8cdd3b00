"""A run id that comes in again is another run."""

from finale.ledger import Ledger
from finale_sim.canaries.canary import Canary, rewritten

__all__ = ["CANARY"]

CANARY = Canary(
    "one id twice",
    "a request that is sent again runs again",
    "I1 one terminal",
    "rejected",
    changes=((Ledger, "submit", rewritten(Ledger.submit, "known = self._register.get(request.run_id)", "known = None")),),
    symptom="The acknowledgement is lost, the client asks again, and the work is done twice.",
    immune="The run id is an idempotency key: the same request is the same run, another one is rejected.",
    case="duplicate-runid",
)
