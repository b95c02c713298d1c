"""Delay and best start, from many campaigns in one series whose course is known; delay from linked answers, too."""

from __future__ import annotations

from functools import partial
from math import nan

import pandas as pd

from crm_analytics.effectiveness.timing.best_timing import BestTiming
from crm_analytics.effectiveness.timing.lag import HALF, OVER, Lag
from crm_analytics.effectiveness.timing.response_delay import ResponseDelay
from crm_analytics.result import enough
from crm_analytics.simulation.timing import BEST_WEEKDAY, answers_in_time, campaigns_in_time
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


def _answers(seed: int, *, share: float, world: dict) -> Trial:
    """Days until so many of the answers have come; a plain reader counts those on record."""
    frame, come = answers_in_time(seed, **world)
    truth = float((come < share - 1e-9).sum())
    result = ResponseDelay().fit(frame)
    if not enough(result):
        return Trial(truth=truth)
    found = result.half if share == HALF else result.over
    by_day = frame.groupby("day")["answered"].sum().reindex(range(len(come)), fill_value=0).cumsum()
    naive = float((by_day < share * by_day.iloc[-1] - 1e-9).sum())
    return Trial(truth=truth, estimate=found.day, low=found.low, high=found.high, naive=naive, scale=max(truth, 1.0))


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
    *(
        Situation(
            estimator="ResponseDelay",
            words=f"{words}: days until {_named} of the answers have come",
            draw=partial(_answers, share=share, world=world),
        )
        for words, world in (
            ("nine campaigns answered in 9 days", {"campaigns": 9, "mean_days": 9.0}),
            ("twenty campaigns answered in 3 days", {"campaigns": 20, "mean_days": 3.0}),
            ("six campaigns that differ much", {"campaigns": 6, "mean_days": 9.0, "differ": 0.4}),
        )
        for _named, share in (("half", HALF), ("nine tenths", OVER))
    ),
)
