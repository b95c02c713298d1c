"""The next weeks if nothing special is done, beside what then came; the plain reading takes the same weeks of the year
before.

Coverage is that of a whole year: into the weeks that Easter moves, or out of them, fewer intervals hold, since
the recipe knows of no holiday."""

from __future__ import annotations

from functools import partial

from crm_analytics.effectiveness.diary.outlook import YEAR_DAYS, Outlook
from crm_analytics.result import enough
from crm_analytics.simulation.campaigns import daily_market
from crm_analytics.trust.trials import Situation, Trial

WEEKS = 52
"""The question is asked in every week of the last year in turn."""


def _trial(seed: int, *, window: int) -> Trial:
    sales, _ = daily_market(seed)
    asked = Outlook()
    until = len(sales) - asked.windows * asked.window_days - 7 * (seed % WEEKS)
    result = asked.fit(sales.head(until))
    first = until + window * asked.window_days
    came, before = (
        float(sales["revenue"].iloc[day : day + asked.window_days].sum()) for day in (first, first - YEAR_DAYS)
    )
    if not enough(result):
        return Trial(truth=came, naive=before, scale=came)
    row = result.table.iloc[window]
    return Trial(truth=came, estimate=row["value"], low=row["low"], high=row["high"], naive=before, scale=came)


SITUATIONS = tuple(
    Situation(estimator="Outlook", words=f"two to three years of sales: {ahead}", draw=partial(_trial, window=window))
    for window, ahead in ((0, "the next four weeks"), (2, "four weeks, two months ahead"))
)
