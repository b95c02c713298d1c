"""Where a campaign worked: in the stores that it reached, in one of them, and in one that was left alone; the plain
reading takes the weeks before."""

from __future__ import annotations

from functools import partial

import pandas as pd

from crm_analytics.effectiveness.unlinked.local_effects import LocalEffects
from crm_analytics.result import enough
from crm_analytics.simulation.panel import side_by_side
from crm_analytics.trust.trials import Situation, Trial


def _trial(seed: int, *, effect: float, coincides_with: str, stores: tuple[int, int], of: str) -> Trial:
    """`stores` says how many were reached, of how many."""
    reached, units = stores
    frame, planted = side_by_side(seed, units=units, treated=reached, effect=effect, coincides_with=coincides_with)
    result = LocalEffects(draws=300).fit(frame)
    if not enough(result):
        return Trial(truth=0.0)
    window = frame[frame["day"].between(pd.Timestamp(result.starts), pd.Timestamp(result.until))]
    table = result.table.set_index("unit")
    if of == "reached":
        units = list(planted.treated)
        found, expected = (result.effect, result.low, result.high), result.expected
    else:
        some = sorted(planted.treated if of == "one" else set(table.index) - set(planted.treated))
        units = [some[seed % len(some)]]
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
              draw=partial(_trial, effect=0.1, coincides_with=coincides_with, stores=stores, of=of))
    for words, stores, of, coincides_with, planted in (
        ("2 of 4 stores", (2, 4), "reached", "price cut", "10 % more"),
        ("4 of 8 stores", (4, 8), "reached", "price cut", "10 % more"),
        ("one of 4 stores in 8", (4, 8), "one", "price cut", "10 % more"),
        ("a store left alone", (2, 4), "alone", "competitor", "no effect"),
    )
)  # fmt: skip
