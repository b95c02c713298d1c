"""Complaints whose cause is known, without a company: a faulty product among others, and what its buyers do later."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from crm_analytics.simulation.draws import stream


@dataclass(frozen=True, kw_only=True, eq=False)
class ComplaintTruth:
    """`rates` of complaints per order, by product; the number of the faulty one (−1: none is)."""

    rates: np.ndarray
    faulty: int


def complained(
    seed: int, *, products: int = 40, orders: int = 12_000, fault: float = 0.06, usual: float = 0.004,
    together: float = 0.0,
) -> tuple[pd.DataFrame, ComplaintTruth]:  # fmt: skip
    """Two years of orders of one to four goods, in the columns of `features.complaints`, and what is planted.

    Of each product in an order the customer complains with the product's own chance: about `usual`, `fault` of product
    7 (0: none is faulty). In December everybody complains twice as much. `together` of the orders of product 7 also
    hold product 8, which is as good as any.
    """
    rng = stream(seed, "complained")
    weight = rng.gamma(1.0, 1.0, products) + 0.05
    weight[7] = weight[8] = 1.0
    rates = usual * rng.gamma(8.0, 1 / 8, products)
    if fault:
        rates[7] = fault
    month = rng.integers(0, 24, orders)
    size = 1 + rng.integers(0, 4, orders)
    held = np.zeros((orders, products), bool)
    held[np.repeat(np.arange(orders), size), rng.choice(products, size.sum(), p=weight / weight.sum())] = True
    held[:, 8] |= held[:, 7] & (rng.random(orders) < together)
    season = np.where(month % 12 == 11, 2.0, 1.0)[:, None]
    cause = held & (rng.random(held.shape) < rates * season)
    back = held & (rng.random(held.shape) < 0.04)
    names = np.array([f"product {i}" for i in range(products)])
    first = pd.date_range("2023-01-01", periods=24, freq="MS")
    at, of = np.nonzero(held)
    sold = pd.DataFrame({"value": names[of], "month": first[month[at]], "orders": 1, "returns": back[at, of] * 1,
                         "returned": back[at, of] * 40.0})  # fmt: skip
    sold = sold.groupby(["value", "month"], as_index=False).sum()
    case = np.flatnonzero(cause.any(axis=1))
    at, of = np.nonzero(held[case])
    told = pd.DataFrame({"value": names[of], "month": first[month[case[at]]], "case": at.astype(float), "orders": 0,
                         "returns": 0, "returned": 0.0})  # fmt: skip
    frame = pd.concat([sold.assign(case=np.nan), told], ignore_index=True)
    frame = frame.assign(dimension="product", days=730, until=pd.Timestamp("2025-01-01"))
    return frame, ComplaintTruth(rates=rates, faulty=7 if fault else -1)


def after_complaint(
    seed: int, *, customers: int = 4000, loss: float = 30.0, confounded: float = 0.0, complain: float = 0.03
) -> pd.DataFrame:
    """What customers brought half a year after a purchase, in the columns of `features.after_complaints`.

    A complaint costs `loss` of what would have come. Those who buy more complain more: by `confounded` of the usual
    chance for each 100 that they brought before.
    """
    rng = stream(seed, "after complaint")
    habit = rng.choice([0, 1, 2, 3, 5, 8], customers, p=(0.2, 0.25, 0.2, 0.2, 0.1, 0.05))
    quarter = rng.integers(0, 6, customers)
    worth = rng.gamma(2.0, 0.5, customers) * (20 + 25 * habit)
    before = rng.gamma(2.0, 0.5, customers) * worth
    chance = np.clip(complain * (1 + confounded * (before - before.mean()) / 100), 0.002, 0.5)
    complains = rng.random(customers) < chance
    after = rng.gamma(2.0, 0.5, customers) * worth - loss * complains
    units = pd.DataFrame({
        "quarter": pd.date_range("2023-01-01", periods=6, freq="QS")[quarter], "habit": habit,
        "known_years": rng.integers(0, 2, customers), "complained": complains, "customers": 1, "after": after,
        "after_squares": after**2, "before": before, "before_squares": before**2, "before_after": before * after,
        "bought": (after > 15) * 1,
    })  # fmt: skip
    frame = units.groupby(["quarter", "habit", "known_years", "complained"], as_index=False).sum()
    return frame.assign(measure="margin")
