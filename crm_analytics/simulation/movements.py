"""Customers who come, buy at a pace of their own and leave, year by year: what a bridge between two years should say
is known in closed form."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from crm_analytics.simulation.draws import stream

YEARS, FIRST_YEAR = 9, 2016
ORDER_WORTH = 40.0
SHAPE, PACE = 1.2, 2.5
"""Orders a year of an ordinary customer, beyond those that everybody makes: a gamma of this shape and scale."""


@dataclass(frozen=True, kw_only=True)
class MovementTruth:
    """What is to be expected of all customers together, in money: `before` and `now` (what the last two years bring),
    `won` (by those who did not buy in the earlier of them), `kept` (by those who did), and `net`, what the latter bring
    in the last year as a share of what they brought in the one before."""

    before: float
    now: float
    won: float
    kept: float
    net: float


def moving(
    seed: int, *, customers: int = 2000, stay: float = 0.7, often: float = 0.0, founders: bool = False
) -> tuple[pd.DataFrame, MovementTruth]:
    """The last three of nine years, in the columns of `features.customer_periods`, and what is to be expected of them.

    As many customers come each year; a share `stay` of them is still there the year after. While they are there they
    buy at a pace that never changes, `often` times a year at the least. With `founders` all came in the first year.
    """
    rng = stream(seed, "moving")
    pace = often + rng.gamma(SHAPE, PACE, customers)
    joined = np.zeros(customers, int) if founders else rng.integers(0, YEARS, customers)
    leaving = joined + (rng.geometric(1 - stay, customers) if stay < 1 else YEARS)
    year = np.arange(YEARS)
    orders = rng.poisson(pace[:, None] * ((year >= joined[:, None]) & (year < leaving[:, None])))
    money = (ORDER_WORTH / 2 * rng.gamma(2.0, 1.0, orders.shape) * orders).round(2)
    frame = pd.DataFrame({"customer_id": [f"K{i:05d}" for i in range(customers)]})
    for back, side in enumerate(("now", "before", "prior"), start=1):
        frame[f"revenue_{side}"], frame[f"bought_{side}"] = money[:, -back], orders[:, -back] > 0
        for end, day in (("first", "01-01"), ("last", "12-31")):
            frame[f"{side}_{end}"] = pd.Timestamp(f"{FIRST_YEAR + YEARS - back}-{day}")
    first = pd.Series(FIRST_YEAR + (orders > 0).argmax(axis=1)).astype(str)
    frame = frame.assign(
        first_day=pd.to_datetime(first + "-06-01"), begins=pd.Timestamp(f"{FIRST_YEAR}-01-01"),
        until=pd.Timestamp(f"{FIRST_YEAR + YEARS}-01-01"),
    )  # fmt: skip
    seen = orders[:, -3:].any(axis=1)
    return frame[seen].reset_index(drop=True), _expected(customers, stay=stay, often=often, founders=founders)


def _expected(customers: int, *, stay: float, often: float, founders: bool) -> MovementTruth:
    """A customer of pace r buys in a year by the chance 1 − e⁻ʳ, r times on average: the gamma's transform has both."""
    since = np.array([YEARS - 1]) if founders else np.arange(YEARS)
    there = {"now": float((stay**since).mean()), "before": float((stay ** (since - 1.0) * (since >= 1)).mean())}
    both = float((stay**since * (since >= 1)).mean())
    usual = often + SHAPE * PACE
    idle = np.exp(-often) * (often * (1 + PACE) ** -SHAPE + SHAPE * PACE * (1 + PACE) ** -(SHAPE + 1))
    of_all = customers * ORDER_WORTH
    now, before = (of_all * there[side] * usual for side in ("now", "before"))
    again = of_all * both * (usual - idle)
    return MovementTruth(
        before=before, now=now, won=round(now - again, 4), kept=round(again - before, 4) + 0.0, net=again / before
    )
