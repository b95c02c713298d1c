"""Complaints by product: the rate of a faulty one, of its companion in the same baskets, and whether a rate changed;
the plain reading counts every complaint to everything that was in the basket."""

from __future__ import annotations

from functools import partial
from math import log

from crm_analytics.effectiveness.service.complaints import Complaints
from crm_analytics.result import enough
from crm_analytics.simulation.complaints import complained
from crm_analytics.trust.trials import Situation, Trial

FAULTY, COMPANION = 7, 8
DECEMBER = 13 / 12
"""One month in twelve has twice as many complaints."""


def _rate(seed: int, *, number: int) -> Trial:
    frame, planted = complained(seed, together=0.7)
    truth = 1000 * DECEMBER * float(planted.rates[number])
    row = _row(frame, number)
    if row is None:
        return Trial(truth=truth)
    return Trial(truth=truth, estimate=row["rate"], low=row["low"], high=row["high"], naive=row["plain_rate"],
                 scale=1000 * DECEMBER * float(planted.rates[FAULTY]))  # fmt: skip


def _change(seed: int) -> Trial:
    row = _row(complained(seed)[0], FAULTY)
    if row is None:
        return Trial(truth=0.0)
    return Trial(truth=0.0, estimate=log(row["change"]), low=log(row["change_low"]), high=log(row["change_high"]))


def _row(frame, number: int):
    result = Complaints().fit(frame)
    return result.table.set_index("value").loc[f"product {number}"] if enough(result) else None


SITUATIONS = (
    Situation(estimator="Complaints", words="a faulty product", draw=partial(_rate, number=FAULTY)),
    Situation(
        estimator="Complaints", words="a good product in the baskets of a faulty one",
        draw=partial(_rate, number=COMPANION),
    ),
    Situation(estimator="Complaints", words="a year against the one before, nothing changed", draw=_change),
)  # fmt: skip
