"""Forecasts whose honesty is known, without a company: well calibrated, too narrow, leaning to one side, or going bad.

Months of several regions are foretold in the columns of `features.claims`. What moves one month moves all its regions,
so that a month counts for less than as many proofs as it has regions.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

import numpy as np
import pandas as pd

from crm_analytics.simulation.draws import stream

SIZE = 100_000.0
SPREAD, TOGETHER = 0.06, 0.5
"""By how much a month turns out otherwise than any forecast could know, and which part of its variance all regions
share."""


@dataclass(frozen=True, kw_only=True)
class ForecastTruth:
    """What is planted: the share of facts that lie within the intervals in the long run, the bias (.1: 10 % too much),
    the first month from which errors are others (None: never)."""

    inside: float
    bias: float
    since: pd.Timestamp | None


def forecasts(
    seed: int, *, months: int = 24, regions: int = 3, width: float = 1.0, bias: float = 0.0, worse: float = 1.0,
    foresight: bool = True,
) -> tuple[pd.DataFrame, ForecastTruth]:  # fmt: skip
    """So many months of so many regions, foretold a month ahead with intervals that promise 95 %.

    Intervals are `width` times as wide as they should be, forecasts `bias` too high, and in the second half of the
    time errors are `worse` times as large. Without `foresight` they are told of days that were known already.
    """
    from scipy.stats import norm

    rng = stream(seed, "forecasts")
    first = pd.date_range("2022-01-01", periods=months + 1, freq="MS")
    late = np.arange(months) >= months // 2
    spread = SPREAD * np.where(late, worse, 1.0)[:, None]
    shock = np.sqrt(TOGETHER) * rng.standard_normal((months, 1)) + np.sqrt(1 - TOGETHER) * rng.standard_normal(
        (months, regions)
    )
    known = SIZE * np.exp(0.3 * np.sin(2 * np.pi * np.arange(months) / 12))[:, None] * rng.uniform(0.5, 2, regions)
    actual = known * (1 + spread * shock)
    value = known * (1 + bias)
    half = norm.ppf(0.975) * SPREAD * width * known
    month, region = (grid.ravel() for grid in np.indices(value.shape))
    ends = first[1:] - pd.Timedelta(days=1)
    until = first[-1] + pd.Timedelta(days=10)
    a_year_ago = known[np.maximum(month - 12, 0), region] * rng.normal(1, 2 * SPREAD, len(month))
    year_before = np.where(month >= 12, a_year_ago, np.nan)
    frame = pd.DataFrame({
        "study": "sales_ahead", "subject": [f"region {r + 1}" for r in region], "measure": "revenue",
        "value": value.ravel(), "low": (value - half).ravel(), "high": (value + half).ravel(), "confidence": 0.95,
        "evidence": "modelled", "first": first[month], "last": ends[month],
        "expires": ends[month] + pd.Timedelta(days=1),
        "scope": [json.dumps({"region": f"region {r + 1}"}) for r in region], "decision": "", "reversed_by": "",
        "told_on": first[month], "known_until": first[month] if foresight else until, "actual": actual.ravel(),
        "year_before": year_before, "state": "measured", "until": until,
    })  # fmt: skip
    within = norm.cdf((1.96 * width + np.array([-1, 1])[:, None] * bias / SPREAD) / np.where(late, worse, 1.0))
    truth = ForecastTruth(
        inside=float((within.sum(axis=0) - 1).mean()), bias=bias,
        since=first[months // 2] if worse != 1 else None,
    )  # fmt: skip
    return frame, truth


def inputs(
    seed: int, *, weeks: int = 130, orders: int = 400, moved: float = 0.0, season: float = 0.5
) -> pd.DataFrame:
    """What orders look like, week by week, in the columns of `features.order_inputs`: an amount that swings with the
    season, a channel, and a region; in the last 13 weeks a share `moved` of orders left one channel for another."""
    rng = stream(seed, "inputs")
    first = pd.Timestamp("2022-01-03")
    rows = []
    for week in range(weeks):
        n = rng.poisson(orders * np.exp(rng.normal(0, 0.1)))
        swing = season * np.sin(2 * np.pi * week / 52)
        amount = np.clip(np.rint(4 * np.log2(np.exp(rng.normal(4 + swing, 0.8, n)))), 0, None)
        web = 0.3 + 0.1 * np.sin(2 * np.pi * week / 52) + rng.normal(0, 0.01)
        web += moved * (1 - web) * (week >= weeks - 13)
        channel = rng.random(n) < web
        region = rng.choice(3, n, p=(0.5, 0.3, 0.2))
        day = first + pd.Timedelta(weeks=week)
        counts = {
            "amount": pd.Series(amount.astype(int).astype(str)),
            "channel": pd.Series(np.where(channel, "web", "store")),
            "region": pd.Series(region).map({0: "Riga", 1: "Vilnius", 2: "Tallinn"}),
        }  # fmt: skip
        for name, values in counts.items():
            told = values.value_counts().sort_index()
            rows += [(name, "number" if name == "amount" else "word", day, str(s), int(c)) for s, c in told.items()]
    frame = pd.DataFrame(rows, columns=["input", "kind", "week", "step", "orders"])
    return frame.assign(until=first + pd.Timedelta(weeks=weeks))
