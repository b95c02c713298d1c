"""Delay and best start, from many campaigns in one series whose course is known."""

from __future__ import annotations

from functools import partial
from math import nan

import pandas as pd

from crm_analytics.effectiveness.timing.best_timing import BestTiming
from crm_analytics.effectiveness.timing.lag import HALF, Lag
from crm_analytics.result import enough
from crm_analytics.simulation.timing import BEST_WEEKDAY, campaigns_in_time
from crm_analytics.trust.trials import Situation, Trial


def _lag(seed: int, *, lag_days: float, half_life_days: float, lift: float) -> Trial:
    """Days until half of the effect has come; a plain reader takes it to come at once."""
    sales, planted = campaigns_in_time(seed, lag_days=lag_days, half_life_days=half_life_days, lift=lift)
    truth = float((planted.come < HALF - 1e-9).sum())
    result = Lag().fit(sales)
    if not enough(result):
        return Trial(truth=truth, naive=0.0)
    half = result.half
    return Trial(truth=truth, estimate=half.day, low=half.low, high=half.high, naive=0.0)


def _weekday(seed: int, *, matters: float) -> Trial:
    """What a start on Thursday adds to a day's sales against the usual campaign; the plain reader compares means of
    the days on which campaigns ran."""
    sales, planted = campaigns_in_time(seed, campaigns=60, matters=matters)
    begun = planted.campaigns["starts"].dt.day_of_week == BEST_WEEKDAY
    truth = matters * float(1 - begun.mean())
    result = BestTiming(shuffles=99).fit(sales)
    if not enough(result):
        return Trial(truth=truth)
    found = result.table[(result.table["kind"] == "weekday") & (result.table["level"] == "Thursday")]
    if found.empty:
        return Trial(truth=truth)
    row = found.iloc[0]
    return Trial(
        truth=truth,
        estimate=float(row["against"]),
        low=float(row["against_low"]),
        high=float(row["against_high"]),
        naive=_plain(sales, planted.campaigns),
        scale=1.0,
    )


def _plain(sales: pd.DataFrame, campaigns: pd.DataFrame) -> float:
    """Mean sales on the days of campaigns begun on a Thursday against those of all, as a share."""
    by_day = sales.set_index("day")["revenue"]
    means = [by_day.loc[one.starts :].head(one.days).mean() for one in campaigns.itertuples()]
    thursday = [
        mean for mean, one in zip(means, campaigns.itertuples(), strict=True) if one.starts.day_of_week == BEST_WEEKDAY
    ]
    return sum(thursday) / len(thursday) / (sum(means) / len(means)) - 1 if thursday else nan


SITUATIONS = (
    *(
        Situation(
            estimator="Lag",
            words=f"sixteen campaigns felt after {lag} days, half gone every {half} more",
            draw=partial(_lag, lag_days=lag, half_life_days=half, lift=0.15),
        )
        for lag, half in ((0, 2.0), (3, 5.0), (6, 8.0))
    ),
    *(
        Situation(estimator="BestTiming", words=words, draw=partial(_weekday, matters=matters))
        for words, matters in (
            ("sixty campaigns, start does not matter", 0.0),
            ("sixty campaigns, Thursdays 15 % better", 0.15),
        )
    ),
)
