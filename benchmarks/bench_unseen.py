"""How often the bound on what a search has not seen covers the truth, on programs whose space is known.

A verdict says: 95 % sure, a further trial shows a behaviour that none has shown with a chance of at most so much. Here the chance
of each behaviour of a program is measured first, in campaigns of 100 trials with the same sampler; then further ones are run, and
for each the true chance of all that it has not seen is compared with what it says.
"""

from collections import Counter
from collections.abc import Callable
from statistics import median

from races import locks, orders, waking
from side_by_side import arguments, heading, print_table, verdict

from finale_sim.program import PlainProgram
from finale_sim.search import POS, SURW, URW, Portfolio, RandomWalk, Strategy, Sweep
from finale_sim.search.behaviours import Behaviours
from finale_sim.search.loop import INDEPENDENT

PROGRAMS = {
    "reorder_3": orders.reorder(2, sound=True),
    "token_ring": orders.token_ring(sound=True),
    "account": orders.account(sound=True),
    "philosophers_3": locks.philosophers(3, sound=True),
    "buffer_1w2r": waking.bounded_buffer(1, 2, sound=True),
}
SAMPLERS: dict[str, Callable[[int], Strategy]] = {
    "random": RandomWalk,
    "pos": POS,
    "urw": URW,
    "surw": SURW,
    "portfolio": lambda seed: Portfolio(seed, 10**6, Sweep(max_deviations=0)),
}
TRIALS = 100  # in a campaign


def shown(program: PlainProgram, strategy: Strategy, trials: int) -> list[int]:
    """The behaviours of so many trials."""
    behaviours = []
    for _ in range(trials):
        decide = strategy.next()
        assert decide is not None, "samplers never end"
        attempt = program.attempt(decide)
        strategy.learn(attempt)
        assert attempt.profile is not None, "samplers pick tasks"
        if strategy.name in INDEPENDENT:
            behaviours.append(attempt.profile.behaviour)
    return behaviours


def covered(program: PlainProgram, make: Callable[[int], Strategy], reference: int, campaigns: int) -> tuple[int, float, float]:
    """In how many campaigns the bound covers the truth; the medians of the truth and of the bound."""
    others = range(10**6, 10**6 + reference // TRIALS)
    chances = Counter(behaviour for seed in others for behaviour in shown(program, make(seed), TRIALS))
    hits, truths, bounds = 0, [], []
    for seed in range(campaigns):
        seen, behaviours = Behaviours(), shown(program, make(seed), TRIALS)
        for behaviour in behaviours:
            seen.add(behaviour)
        truth = 1 - sum(chances[behaviour] for behaviour in set(behaviours)) / chances.total()
        bound = seen.unseen
        assert bound is not None, "there were trials"
        hits += bound >= truth
        truths.append(truth)
        bounds.append(bound)
    return hits, median(truths), median(bounds)


def main() -> int:
    """Print the table. 1 if fewer than 95 % of all campaigns are covered."""
    quick = arguments(__doc__).quick
    heading("What a search has not seen: the bound beside the truth", quick=quick)
    reference, campaigns = (300, 2) if quick else (10_000, 40)
    rows, hits, total = [], 0, 0
    for name, function in PROGRAMS.items():
        for sampler, make in SAMPLERS.items():
            covering, truth, bound = covered(PlainProgram(name, function), make, reference, campaigns)
            rows.append([name, sampler, f"{covering} of {campaigns}", f"{truth:.1%}", f"{bound:.1%}"])
            hits, total = hits + covering, total + campaigns
    print_table(
        f"Campaigns of {TRIALS} trials; the truth from {reference:,} trials of others",
        ["program", "sampler", "covered", "truth, median", "bound, median"],
        rows,
    )
    share = hits / total
    print_table("All together", ["", "measured", "target"], [["covered", f"{share:.1%}", verdict(share, least=0.95)]])
    return int(not quick and share < 0.95)


if __name__ == "__main__":
    raise SystemExit(main())
