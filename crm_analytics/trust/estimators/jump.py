"""Why it jumped: one cause's part of a change, alone and beside others; the plain reading gives it the whole change."""

from __future__ import annotations

from functools import partial

from crm_analytics.effectiveness.causes.jump import Jump
from crm_analytics.result import enough
from crm_analytics.simulation.jumps import jump
from crm_analytics.trust.trials import Situation, Trial

KEYS = {"campaign": "campaign: The campaign", "price": "price_index", "competitor": "competitor_index",
        "stock": "stock_out", "assortment": "assortment_index"}  # fmt: skip


def _trial(seed: int, *, cause: str, causes: tuple[str, ...]) -> Trial:
    frame, truth = jump(seed, causes=causes)
    result = Jump(starts=truth.after[0], ends=truth.after[1]).fit(frame)
    if not enough(result):
        return Trial(truth=truth.parts[cause])
    row = result.table.set_index("key").loc[KEYS[cause]]
    return Trial(truth=truth.parts[cause], estimate=float(row["change"]), low=float(row["low"]),
                 high=float(row["high"]), naive=result.change, scale=result.was)  # fmt: skip


SITUATIONS = tuple(
    Situation(
        estimator="Jump",
        words=f"{cause}, {'alone' if not beside else 'beside ' + ' and '.join(beside)}",
        draw=partial(_trial, cause=cause, causes=(cause, *beside)),
    )
    for cause, beside in (
        ("price", ()), ("price", ("campaign",)), ("campaign", ()), ("campaign", ("price", "competitor")),
        ("competitor", ("campaign",)), ("stock", ("unknown",)), ("assortment", ("price",)),
    )
)  # fmt: skip
