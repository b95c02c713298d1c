"""Which customers moved the money: what those won and those kept are to be expected to move.

The plain reading takes the growing for what the kept ones gained, and the new ones for all that was won."""

from __future__ import annotations

from functools import partial

from crm_analytics.effectiveness.customers.bridge import Bridge
from crm_analytics.result import enough
from crm_analytics.simulation.movements import moving
from crm_analytics.trust.trials import Situation, Trial

PLAIN = {"won": "new", "kept": "growing"}


def _trial(seed: int, *, of: str, world: dict) -> Trial:
    frame, planted = moving(seed, **world)
    truth = getattr(planted, of)
    result = Bridge().fit(frame)
    if not enough(result):
        return Trial(truth=truth)
    estimate, low, high = getattr(result, of)
    bars = result.table.set_index("bar")["moved"]
    if of == "net":
        return Trial(truth=truth - 1, estimate=estimate - 1, low=low - 1, high=high - 1,
                     naive=result.now / result.before - 1)  # fmt: skip
    return Trial(truth=truth, estimate=estimate, low=low, high=high, naive=float(bars.get(PLAIN[of], 0.0)),
                 scale=planted.before)  # fmt: skip


BALANCE = {"stay": 0.7}
FAITHFUL = {"stay": 1.0, "often": 30.0, "founders": True, "customers": 600}

SITUATIONS = tuple(
    Situation(estimator="Bridge", words=words, draw=partial(_trial, of=of, world=world))
    for words, of, world in (
        ("as many come as leave: money won", "won", BALANCE),
        ("as many come as leave: money moved by those kept", "kept", BALANCE),
        ("as many come as leave: net retention", "net", BALANCE),
        ("nobody comes or leaves: money moved by those kept", "kept", FAITHFUL),
    )
)
