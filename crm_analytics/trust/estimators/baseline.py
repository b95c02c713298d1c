"""No hard link: one series, alone and beside what would fool a plain look, which takes the weeks before."""

from __future__ import annotations

from functools import partial

import numpy as np

from crm_analytics.effectiveness.unlinked.baseline import Baseline
from crm_analytics.result import enough
from crm_analytics.simulation.campaigns import COINCIDENCES, daily_market
from crm_analytics.trust.trials import Situation, Trial


def _trial(seed: int, *, effect: float, coincides_with: str) -> Trial:
    sales, planted = daily_market(seed, effect=effect, coincides_with=coincides_with)
    result = Baseline(starts=planted.starts, ends=planted.ends).fit(sales)
    if not enough(result):
        return Trial(truth=planted.incremental_revenue)
    first = int((sales["day"] < np.datetime64(planted.starts)).sum())
    return Trial(
        truth=planted.within(first, first + len(result.table) - 1), estimate=result.effect, low=result.low,
        high=result.high, naive=result.plain.before_after, scale=result.expected,
    )  # fmt: skip


SITUATIONS = tuple(
    Situation(
        estimator="Baseline",
        words=f"{coincides_with} coincides, {_named}",
        draw=partial(_trial, effect=effect, coincides_with=coincides_with),
    )
    for coincides_with in COINCIDENCES
    for _named, effect in (("no effect", 0.0), ("10 % more", 0.1))
)
