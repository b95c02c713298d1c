"""No hard link: one series, alone, beside what would fool a plain look, which takes the weeks before, and amid other
campaigns."""

from __future__ import annotations

from functools import partial

import numpy as np
import pandas as pd

from crm_analytics.effectiveness.unlinked.baseline import Baseline
from crm_analytics.result import enough
from crm_analytics.simulation.amid import amid_others
from crm_analytics.simulation.campaigns import COINCIDENCES, MarketTruth, daily_market
from crm_analytics.trust.trials import Situation, Trial

AMID = (
    ("another campaign begins a week later", "no effect", (7,), 0.0),
    ("another campaign begins a week later", "10 % more", (7,), 0.1),
    ("one ends as it begins and two run beside it", "no effect", (-21, 0, 14), 0.0),
)
"""When other campaigns begin, in days after this one."""


def _trial(seed: int, *, effect: float, coincides_with: str) -> Trial:
    return _asked(*daily_market(seed, effect=effect, coincides_with=coincides_with))


def _amid(seed: int, *, effect: float, beside: tuple[int, ...]) -> Trial:
    return _asked(*amid_others(seed, effect=effect, beside=beside))


def _asked(sales: pd.DataFrame, planted: MarketTruth) -> Trial:
    result = Baseline(starts=planted.starts, ends=planted.ends, opinions=()).fit(sales)
    if not enough(result):
        return Trial(truth=planted.incremental_revenue)
    first = int((sales["day"] < np.datetime64(planted.starts)).sum())
    return Trial(
        truth=planted.within(first, first + len(result.table) - 1), estimate=result.effect, low=result.low,
        high=result.high, naive=result.plain.before_after, scale=result.expected,
    )  # fmt: skip


SITUATIONS = (
    *(
        Situation(
            estimator="Baseline",
            words=f"{coincides_with} coincides, {_named}",
            draw=partial(_trial, effect=effect, coincides_with=coincides_with),
        )
        for coincides_with in COINCIDENCES
        for _named, effect in (("no effect", 0.0), ("10 % more", 0.1))
    ),
    *(
        Situation(estimator="Baseline", words=f"{words}, {_named}", draw=partial(_amid, effect=effect, beside=beside))
        for words, _named, beside, effect in AMID
    ),
)
