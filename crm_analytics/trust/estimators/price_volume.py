"""Price, volume and mix: what each is to be expected to move; the plain reading takes what a piece costs on average for
the price, whatever was bought, and puts mix down to nothing."""

from __future__ import annotations

from functools import partial

from crm_analytics.effectiveness.customers.price_volume import PriceVolume
from crm_analytics.result import enough
from crm_analytics.simulation.goods_sold import goods_sold
from crm_analytics.trust.trials import Situation, Trial


def _trial(seed: int, *, bar: str, world: dict) -> Trial:
    frame, planted = goods_sold(seed, **world)
    truth = getattr(planted, bar)
    result = PriceVolume().fit(frame)
    if not enough(result):
        return Trial(truth=truth)
    row = result.table.set_index("bar").loc[bar]
    sums = frame[[f"{name}_{side}" for name in ("revenue", "quantity") for side in ("before", "now")]].sum()
    was, now, before, after = sums
    naive = {"price": (now / after - was / before) * before, "volume": (after - before) * was / before, "mix": 0.0}
    return Trial(truth=truth, estimate=row["moved"], low=row["low"], high=row["high"], naive=naive[bar],
                 scale=planted.before)  # fmt: skip


CHANGED = {"rise": 0.05, "more": -0.06, "dearer": 0.15}

SITUATIONS = tuple(
    Situation(estimator="PriceVolume", words=f"{words}: {bar}", draw=partial(_trial, bar=bar, world=world))
    for words, world, bars in (
        ("nothing changes", {}, ("price", "volume", "mix")),
        ("prices rise, less is bought and dearer goods", CHANGED, ("price", "volume", "mix")),
        ("the same, few customers buy most", {**CHANGED, "customers": 200, "unlike": "very"}, ("price", "volume")),
    )
    for bar in bars
)
