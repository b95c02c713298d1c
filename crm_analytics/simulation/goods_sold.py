"""Goods that customers buy in two years, at prices and in quantities that change as is planted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from crm_analytics.simulation.draws import stream

CATEGORIES, OF_EACH = 3, 4
PARTS = 32
YEAR_OF = {"before": 2023, "now": 2024}
STAY = 0.8
"""The chance that a customer buys at all in a year."""
LINE_UNITS = 3.0
LARGEST_DISCOUNT = 0.1


@dataclass(frozen=True, kw_only=True)
class GoodsTruth:
    """What is to be expected of all customers: what was sold before, what price, volume and mix moved, and by which
    share prices changed."""

    before: float
    price: float
    volume: float
    mix: float
    index: float


def goods_sold(
    seed: int,
    *,
    customers: int = 400,
    rise: float = 0.0,
    more: float = 0.0,
    dearer: float = 0.0,
    unlike: Literal["somewhat", "very"] = "somewhat",
) -> tuple[pd.DataFrame, GoodsTruth]:
    """Twelve products in three categories in the columns of `features.product_cells`, and what is to be expected.

    In the second year prices are `rise` higher (half as much for the cheapest of a category, one and a half times for
    the dearest), `more` more is bought, and of each category rather the dearer goods, by `dearer`. Each customer has a
    pace (`unlike` "very": few buy most of it), tastes and a discount of its own; one of five buys nothing in a year.
    """
    rng = stream(seed, "goods sold")
    goods = CATEGORIES * OF_EACH
    rank = np.tile(np.linspace(-1, 1, OF_EACH), CATEGORIES)
    price = np.outer(np.ones(2), np.repeat([5.0, 12.0, 30.0], OF_EACH) * 2**rank)
    price[1] *= 1 + rise * (1 + rank / 2)
    share = np.array([np.ones(goods), np.exp(dearer * rank)]).reshape(2, CATEGORIES, OF_EACH)
    share = (share / share.sum(axis=2, keepdims=True) / CATEGORIES).reshape(2, goods)
    lines = 12.0 * np.array([1.0, 1 + more])
    shape = {"somewhat": 2.0, "very": 0.4}[unlike]
    pace = rng.gamma(shape, 1 / shape, customers)
    taste = rng.gamma(1.0, 1.0, (customers, goods))
    there = rng.random((2, customers)) < STAY
    paid = 1 - rng.uniform(0, LARGEST_DISCOUNT, customers)
    part = np.arange(customers) % PARTS
    sums = {}
    for year, side in enumerate(YEAR_OF):
        wanted = lines[year] * pace[:, None] * taste * share[year] * there[year][:, None]
        quantity = rng.poisson(LINE_UNITS * wanted).astype(float)
        each = price[year] * paid[:, None] * np.exp(rng.normal(0, 0.05, quantity.shape) - 0.00125)
        for name, values in (("quantity", quantity), ("revenue", (quantity * each).round(2))):
            sums[f"{name}_{side}"] = np.array([values[part == k].sum(axis=0) for k in range(PARTS)]).ravel()
        sums |= {f"returned_{side}": 0.0, f"odd_{side}": 0.0}
        for end, day in (("first", "01-01"), ("last", "12-31")):
            sums[f"{side}_{end}"] = pd.Timestamp(f"{YEAR_OF[side]}-{day}")
    names = np.array([f"G{number + 1:02d}" for number in range(goods)])
    frame = pd.DataFrame({
        "product_id": np.tile(names, PARTS), "product": np.tile(names, PARTS), "cell": "shop",
        "category": np.tile(np.repeat([f"C{k + 1}" for k in range(CATEGORIES)], OF_EACH), PARTS),
        "part": np.repeat(np.arange(PARTS), goods), **sums, "begins": pd.Timestamp("2022-01-01"),
        "until": pd.Timestamp("2025-01-01"),
    })  # fmt: skip
    units = customers * STAY * LINE_UNITS * lines[:, None] * share
    return frame, _expected(price * (1 - LARGEST_DISCOUNT / 2), units)


def _expected(price: np.ndarray, units: np.ndarray) -> GoodsTruth:
    """Bennet's parts of the change, year × product, told apart within categories of `OF_EACH`."""
    middle, worth = units.mean(axis=0), price.mean(axis=0)
    by_price = float((price[1] - price[0]) @ middle)
    of = units.reshape(2, CATEGORIES, OF_EACH)
    share = of / of.sum(axis=2, keepdims=True)
    by_mix = ((share[1] - share[0]) * worth.reshape(CATEGORIES, OF_EACH) * of.sum(axis=2).mean(axis=0)[:, None]).sum()
    change = float((price[1] * units[1]).sum() - (price[0] * units[0]).sum())
    return GoodsTruth(
        before=float((price[0] * units[0]).sum()), price=by_price, mix=round(float(by_mix), 9),
        volume=round(change - by_price - float(by_mix), 9), index=by_price / float(price[0] @ middle),
    )  # fmt: skip
