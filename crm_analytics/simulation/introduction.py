"""A company that introduces something, without the company: measures with a season, a trend and a known step."""

from __future__ import annotations

import numpy as np
import pandas as pd

from crm_analytics.simulation.draws import autocorrelated, stream

METRICS = {"came again": (0.3, 2000), "deals won": (0.35, 60), "days to close": (40.0, 60)}
"""Usual level, and of how many a month is made."""


def introduced(
    seed: int, *, before: int = 30, after: int = 12, effect: float = 0.0, trend: float = 0.0, memory: float = 0.4
) -> pd.DataFrame:
    """Months in the columns of `features.crm_metrics`; from the month 2024-07 on every measure is `effect` (a share of
    its level) higher. `trend` is a year's change as a share, there before and after; months are alike by `memory`."""
    rng = stream(seed, "introduction")
    n = before + after
    months = pd.date_range(end=pd.Timestamp("2024-07-01") + pd.DateOffset(months=after - 1), periods=n, freq="MS")
    parts = []
    for metric, (level, count) in METRICS.items():
        season = 0.1 * np.sin(2 * np.pi * (np.arange(n) + rng.integers(12)) / 12)
        drift = trend * (np.arange(n) - before) / 12
        true = level * (1 + season + drift + effect * (np.arange(n) >= before))
        true = true * (1 + autocorrelated(rng, n, spread=0.04, memory=memory))
        out_of = rng.poisson(count, n).astype(float)
        done = rng.binomial(out_of.astype(int), np.clip(true, 0, 1)) if level < 1 else (
            out_of * (true + rng.normal(0, 8, n) / np.sqrt(out_of)))  # fmt: skip
        worth = {"came again": 50.0, "deals won": 1000.0}.get(metric, np.nan)
        parts.append(pd.DataFrame({"metric": metric, "month": months, "done": done * 1.0, "out_of": out_of,
                                   "worth": worth}))  # fmt: skip
    return pd.concat(parts, ignore_index=True)
