"""Where a campaign worked: in the stores that it reached, and in one that was left alone; the plain reading takes the
weeks before."""

from __future__ import annotations

from functools import partial

import pandas as pd

from crm_analytics.effectiveness.unlinked.local_effects import LocalEffects
from crm_analytics.result import enough
from crm_analytics.simulation.panel import side_by_side
from crm_analytics.trust.trials import Situation, Trial

UNITS, REACHED = 4, 2


def _trial(seed: int, *, effect: float, coincides_with: str, of: str) -> Trial:
    frame, planted = side_by_side(seed, units=UNITS, treated=REACHED, effect=effect, coincides_with=coincides_with)
    result = LocalEffects(draws=300).fit(frame)
    if not enough(result):
        return Trial(truth=0.0)
    window = frame[frame["day"].between(pd.Timestamp(result.starts), pd.Timestamp(result.until))]
    table = result.table.set_index("unit")
    if of == "reached":
        units = list(planted.treated)
        found, expected = (result.effect, result.low, result.high), result.expected
    else:
        left = sorted(set(table.index) - set(planted.treated))
        units = [left[seed % len(left)]]
        row = table.loc[units[0]]
        found, expected = (row["effect"], row["low"], row["high"]), row["expected"]
    days = window["day"].nunique()
    mine = frame[frame["unit"].isin(units)]
    before = mine[(mine["day"] < pd.Timestamp(result.starts))].groupby("day")["revenue"].sum().tail(days)
    now = window.loc[window["unit"].isin(units), "revenue"].sum()
    return Trial(
        truth=planted.within(window[window["unit"].isin(units)]), estimate=found[0], low=found[1], high=found[2],
        naive=float(now - before.sum()), scale=float(expected),
    )  # fmt: skip


SITUATIONS = tuple(
    Situation(estimator="LocalEffects", words=f"{words}, {coincides_with} coincides, {planted}",
              draw=partial(_trial, effect=effect, coincides_with=coincides_with, of=of))
    for words, of, coincides_with, planted, effect in (
        ("2 of 4 stores", "reached", "price cut", "10 % more", 0.1),
        ("a store left alone", "alone", "competitor", "no effect", 0.1),
    )
)  # fmt: skip
