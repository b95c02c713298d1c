"""A company cut by region, channel, kind of customer and category, day by day, with one part that moves by itself."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import pandas as pd

from crm_analytics.simulation.assortment import CATEGORIES, REGION_SHARES, REGIONS
from crm_analytics.simulation.demand import FIRST_DAY, WEEK, Calendar
from crm_analytics.simulation.draws import autocorrelated, stream

CHANNELS, KINDS = ("store", "web", "phone"), ("person", "company")
ORDERS_A_DAY, ORDER_WORTH = 400.0, 60.0


@dataclass(frozen=True, kw_only=True)
class CutTruth:
    """The two periods, the part that moved by itself (empty: none did), and by what factor."""

    before: tuple[date, date]
    after: tuple[date, date]
    part: tuple[tuple[str, str], ...]
    factor: float


def carried(
    seed: int, *, part: dict[str, str] | None = None, factor: float = 1.5, days: int = 420, length: int = 28
) -> tuple[pd.DataFrame, CutTruth]:
    """Orders and revenue by day and cut, in the columns of `features.daily_cuts`, and what is planted.

    Each region, channel and category wanders by itself from week to week, so that shares differ between any two
    periods. In the last `length` days what is sold in `part` (dimension → value) is multiplied by `factor`, on top of
    a change of the whole by a tenth.
    """
    rng = stream(seed, "cuts")
    calendar = Calendar(FIRST_DAY, days)
    names = {"region": list(REGIONS), "channel": list(CHANNELS), "customer_kind": list(KINDS),
             "category": list(CATEGORIES)}  # fmt: skip
    shares = {
        "region": np.array(REGION_SHARES),
        "channel": np.array([0.6, 0.3, 0.1]),
        "customer_kind": np.array([0.85, 0.15]),
        "category": rng.dirichlet(np.full(len(CATEGORIES), 8.0)),
    }
    grids = np.meshgrid(*(np.arange(len(values)) for values in names.values()), indexing="ij")
    codes = {name: grid.ravel() for name, grid in zip(names, grids, strict=True)}
    usual = np.prod([shares[name][codes[name]] for name in names], axis=0)
    usual = usual * np.exp(rng.normal(0, 0.3, len(usual)))
    wander = sum(
        np.stack([autocorrelated(rng, days, spread=0.06, memory=0.93) for _ in values])[codes[name]]
        for name, values in names.items()
    )
    expected = ORDERS_A_DAY * usual[:, None] / usual.sum() * np.exp(wander) * WEEK[calendar.weekday]
    inside = slice(days - length, days)
    hit = np.ones(len(usual), bool)
    for name, value in (part or {}).items():
        hit &= codes[name] == names[name].index(value)
    expected[:, inside] *= 1.1
    expected[:, inside] *= np.where(hit, factor, 1.0)[:, None] if part else 1.0
    orders = rng.poisson(expected)
    revenue = rng.gamma(np.maximum(1.5 * orders, 1e-9), ORDER_WORTH / 1.5) * (orders > 0)
    cell, day = np.nonzero(orders)
    frame = pd.DataFrame({
        "day": calendar.days[day].astype("datetime64[s]"),
        **{name: np.array(values)[codes[name][cell]] for name, values in names.items()},
        "revenue": revenue[cell, day].round(2), "units": np.rint(3.1 * orders[cell, day]),
        "orders": orders[cell, day].astype(float),
    })  # fmt: skip
    dates = [FIRST_DAY + timedelta(days=at) for at in (days - 2 * length, days - length - 1, days - length, days - 1)]
    return frame, CutTruth(
        before=(dates[0], dates[1]), after=(dates[2], dates[3]), part=tuple((part or {}).items()), factor=factor
    )
